"""The examples, deployed by the command: to this machine, and to what AWS's own runtimes run."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.config.env_files import read_env_file
from packager.local import find_handler
from packager.local.task import unpack
from packager.vendor import vendor
from tests.conftest import requires
from tests.e2e.runtimes import tools
from tests.e2e.runtimes.runtime_api import serving
from tests.service import Service, command

EXAMPLES = Path(__file__).parents[2] / "examples"

LANGUAGES = {
    "node": requires("node", "npm"),
    "python": requires(),
    "java": requires("java", "mvn"),
}
LAMBDA_RUNTIMES = {
    "node": "nodejs22.x",
    # Its wheels are for the Python that runs the tests.
    "python": f"python{sys.version_info.major}.{sys.version_info.minor}",
    "java": "java17",
}


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=mark) for name, mark in LANGUAGES.items()]
)
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of an example, made ready to be deployed as examples/README.md says."""
    name: str = request.param
    app = tmp_path_factory.mktemp("examples") / name
    shutil.copytree(EXAMPLES / name, app, ignore=shutil.ignore_patterns("node_modules", "target"))
    if name == "node":
        tools.run("npm", "ci", "--no-audit", "--no-fund", cwd=app)
    if name == "java":
        tools.run("mvn", "-q", "-B", "package", cwd=app)
    return app


def expected(app: Path, who: str) -> dict[str, object]:
    """Say what an example answers when its config has arrived."""
    config = read_env_file(app / ".env").variables
    features = config["FEATURES"]
    return {
        "greeting": f"{config['GREETING']} {who}",
        "shop": config["SHOP_URL"],
        "cacheSeconds": 48 * 3600,
        # The Java example has no library for JSON.
        "features": features if app.name == "java" else json.loads(features),
        "signature": config["SIGNATURE"],
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_example_has_the_reader_as_it_is(language: str) -> None:
    copies = vendor(language, EXAMPLES / language, check=True)
    assert {copy.found for copy in copies} == {"current"}


def test_the_config_has_what_is_hard_to_bring_over(example: Path) -> None:
    config = read_env_file(example / ".env").variables
    assert not config["GREETING"].isascii()
    assert set(":=#?!") <= set(config["SHOP_URL"])
    assert len(config["SIGNATURE"].splitlines()) == 3


def test_an_example_runs_on_this_machine(example: Path) -> None:
    event = json.dumps({"name": "Zoë"})
    done = command(
        *("deploy", "--local", example, "--env-file", example / ".env"),
        *("--invoke", event, "--json"),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["response"] == expected(example, "Zoë")


def test_an_example_runs_in_the_runtime_of_aws(
    example: Path, service: Service, tmp_path: Path
) -> None:
    env_file = example / ".env"
    function = read_env_file(env_file).variables["_LAMBDA_FUNCTION_ARN"]
    service.create_function(function, runtime=LAMBDA_RUNTIMES[example.name])
    done = command("deploy", example, "--env-file", env_file, env=service.settings(function))
    assert done.returncode == 0, done.stderr

    task = tmp_path / "task"
    unpack(io.BytesIO(service.stored(function)), task)
    with serving(function) as api, running(example.name, task, api.address):
        assert api.invoke({"name": "Zoë"}) == expected(example, "Zoë")
        assert api.invoke({}) == expected(example, "World")


@contextlib.contextmanager
def running(language: str, task: Path, api: str) -> Iterator[None]:
    """Run AWS's runtime as Lambda does, with nothing of this environment but the PATH."""
    handler = find_handler(task).name
    environment = {
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
    process = subprocess.Popen([*runtime(language, task), handler], cwd=task, env=environment)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def runtime(language: str, task: Path) -> list[str]:
    """Give the command that starts a runtime; the handler is its last argument."""
    if language == "node":
        return ["node", str(tools.node_client())]
    if language == "java":
        classes = os.pathsep.join([str(task), str(tools.java_client() / "*")])
        main = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"
        return ["java", "-cp", classes, main]
    folders = [str(task), str(tools.python_client())]
    start = f"import sys; sys.path[:0] = {folders}"
    main = "from awslambdaric.__main__ import main; main(sys.argv)"
    # Isolated, so that nothing but the package and the runtime is there.
    return [sys.executable, "-I", "-S", "-c", f"{start}; {main}"]
