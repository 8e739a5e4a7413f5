"""The examples, deployed by the command, and run from what was stored by AWS's own runtimes."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.environment import read_env_file
from packager.local import find_handler
from packager.local.task import unpack
from tests.conftest import requires
from tests.e2e.runtimes import tools
from tests.e2e.runtimes.runtime_api import serving
from tests.service import Service, command

EXAMPLES = Path(__file__).parents[2] / "examples"

# Building the Node.js client takes about two minutes, the first time.
needs_node = requires("node", "npm", "cmake", "g++", "autoconf", "automake", "libtoolize")
needs_java = requires("java", "mvn")


def node(task: Path) -> list[str]:
    """Give the command that starts the Node.js runtime."""
    return ["node", str(tools.node_client())]


def python(task: Path) -> list[str]:
    """Give the command that starts the Python runtime, with nothing of this environment in it."""
    start = f"""
import sys
sys.path[:0] = [{str(task)!r}, {str(tools.python_client())!r}]
from awslambdaric.__main__ import main
main(sys.argv)
"""
    return [sys.executable, "-I", "-S", "-c", start]


def java(task: Path) -> list[str]:
    """Give the command that starts the Java runtime."""
    classes = os.pathsep.join([str(task), str(tools.java_client() / "*")])
    return ["java", "-cp", classes, "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"]


def built_example(name: str, folder: Path) -> Path:
    """Copy an example, and make it ready to be deployed, as its README says."""
    app = folder / name
    shutil.copytree(EXAMPLES / name, app, ignore=shutil.ignore_patterns("node_modules", "target"))
    if name == "node":
        tools.run("npm", "ci", "--no-audit", "--no-fund", cwd=app)
    if name == "java":
        tools.run("mvn", "-q", "-B", "package", cwd=app)
    return app


@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        pytest.param("node", node, marks=needs_node),
        pytest.param("python", python),
        pytest.param("java", java, marks=needs_java),
    ],
)
def test_the_runtime_of_aws_finds_every_value_as_it_was_set(
    name: str, runtime: Callable[[Path], list[str]], service: Service, tmp_path: Path
) -> None:
    app = built_example(name, tmp_path)
    env_file = app / ".env"
    function = read_env_file(env_file)["_LAMBDA_FUNCTION_ARN"]
    service.create_function(function, runtime=RUNTIMES[name])
    deployed = command("deploy", app, "--env-file", env_file, env=service.settings(function))
    assert deployed.returncode == 0, deployed.stderr

    task = tmp_path / "task"
    unpack(io.BytesIO(service.stored(function)), task)
    with serving(function) as api:
        handler = find_handler(task).name
        process = subprocess.Popen(
            [*runtime(task), handler], cwd=task, env=environment(task, handler, api.address)
        )
        try:
            answer = api.invoke({"name": "Zoë"})
        finally:
            process.kill()
            process.wait()

    assert answer == expected(name, env_file, "Zoë")


# Wheels are for the Python that runs the tests.
RUNTIMES = {
    "node": "nodejs22.x",
    "python": f"python{sys.version_info.major}.{sys.version_info.minor}",
    "java": "java17",
}


def environment(task: Path, handler: str, api: str) -> dict[str, str]:
    """Give a runtime what it has in Lambda, and nothing of this environment but the PATH."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "LAMBDA_TASK_ROOT": str(task),
        "_HANDLER": handler,
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/function",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_REGION": "eu-west-1",
    }


def expected(name: str, env_file: Path, who: str) -> dict[str, object]:
    """Say what an example answers when its config has arrived."""
    config = read_env_file(env_file)
    features = config["FEATURES"]
    return {
        "greeting": f"{config['GREETING']} {who}",
        "shop": config["SHOP_URL"],
        "cacheSeconds": 48 * 3600,
        # The Java example needs no library for JSON.
        "features": features if name == "java" else json.loads(features),
        "signature": config["SIGNATURE"],
    }
