"""The examples, deployed by the command: to this machine, and to AWS's own runtimes."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from packager.config.env_files import read_env_file
from packager.local.task import unpack
from packager.vendor import vendor
from tests.commands import packager, run
from tests.conftest import requires
from tests.e2e.runtimes.emulator import emulated, runtime
from tests.service import Service

EXAMPLES = Path(__file__).parents[2] / "examples"

LANGUAGES = {
    "node": requires("go", "node", "npm"),
    "python": requires("go"),
    "java": requires("go", "java", "mvn"),
}
# The runtime and handler of each function.
CONFIGURATIONS = {
    "node": ("nodejs22.x", "index.handler"),
    # The wheels are for the Python that runs the tests.
    "python": (
        f"python{sys.version_info.major}.{sys.version_info.minor}",
        "lambda_function.lambda_handler",
    ),
    "java": ("java17", "example.Hello"),
}


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=mark) for name, mark in LANGUAGES.items()]
)
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of an example, prepared for a deploy as examples/README.md describes."""
    name: str = request.param
    app = tmp_path_factory.mktemp("examples") / name
    shutil.copytree(EXAMPLES / name, app, ignore=shutil.ignore_patterns("node_modules", "target"))
    if name == "node":
        run("npm", "ci", "--no-audit", "--no-fund", cwd=app)
    if name == "java":
        run("mvn", "-q", "-B", "package", cwd=app)
    return app


def expected(app: Path, name: str) -> dict[str, object]:
    """Return an example's response if its config has arrived."""
    config = read_env_file(app / ".env").variables
    features = config["FEATURES"]
    return {
        "greeting": f"{config['GREETING']} {name}",
        "shop": config["SHOP_URL"],
        "cacheSeconds": 48 * 3600,
        # The Java example has no library for JSON.
        "features": features if app.name == "java" else json.loads(features),
        "signature": config["SIGNATURE"],
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_example_contains_the_reader_unchanged(language: str) -> None:
    copies = vendor(language, EXAMPLES / language, check=True)
    assert {copy.found for copy in copies} == {"current"}


def test_the_config_of_an_example_contains_values_that_are_hard_to_escape(example: Path) -> None:
    config = read_env_file(example / ".env").variables
    assert not config["GREETING"].isascii()
    assert set(":=#?!") <= set(config["SHOP_URL"])
    assert len(config["SIGNATURE"].splitlines()) == 3


def test_an_example_runs_on_this_machine(example: Path) -> None:
    event = json.dumps({"name": "Zoë"})
    done = packager(
        *("deploy", "--local", example, "--env-file", example / ".env"),
        *("--invoke", event, "--json"),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["response"] == expected(example, "Zoë")


def test_an_example_runs_in_the_real_runtime(
    example: Path, service: Service, tmp_path: Path
) -> None:
    env_file = example / ".env"
    function = read_env_file(env_file).variables["_LAMBDA_FUNCTION_ARN"]
    service.create_function(function, *CONFIGURATIONS[example.name])
    done = packager("deploy", example, "--env-file", env_file, env=service.settings(function))
    assert done.returncode == 0, done.stderr

    task = tmp_path / "task"
    unpack(io.BytesIO(service.stored(function)), task)
    start, handler = runtime(example.name, task), CONFIGURATIONS[example.name][1]
    with emulated(start, handler, task, {"LANG": "C.UTF-8"}, tmp_path / "log") as emulator:
        assert emulator.invoke({"name": "Zoë"}) == expected(example, "Zoë")
        assert emulator.invoke({}) == expected(example, "World")
