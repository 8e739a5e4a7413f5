"""Functions that read `env.properties` without our readers run unchanged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.commands import packager, run
from tests.conftest import cached, requires
from tests.e2e.runtimes import tools

SOURCES = Path(__file__).parent / "compatibility"

# Values that need no escape, so that even a reader without escapes reads them exactly.
PLAIN = {
    "URL": "postgres://user:p%40ss@db.example:5432/app?ssl=true&a=b#c!",
    "JSON": '{"a": [1, 2], "b": "c=d:e"}',
    "EQUATION": "a=b:c#d!e",
    "COMMENT": "#1!",
    "BASE64": "aW52ZW50ZWQ=",
    "PERCENT": "100%",
    "SENTENCE": "a sentence, with blanks  in it",
}
ESCAPED = {
    "MORE_LINES": "first\nsecond=2\r\n\tthird\n",
    "UNICODE": "Grüße 你好 👋",
    "WINDOWS": "C:\\temp\\new\\u0041",
    "PADDED": "  both sides  ",
    "EMPTY": "",
    "CONTINUED": "ends in a backslash\\",
}


def response(app: Path, config: dict[str, str], settings: dict[str, str], folder: Path) -> object:
    """Deploy an app to this machine and return its handler's response: all values of the config."""
    env_file = folder / "config.json"
    env_file.write_text(json.dumps(config | settings))
    event = json.dumps(list(config))
    done = packager("deploy", "--local", app, "--env-file", env_file, "--invoke", event, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["response"]


@pytest.fixture
def java_jar(tmp_path: Path) -> Path:
    """A jar with a handler, and the interface that it implements."""
    classes = tmp_path / "classes"
    (core,) = tools.java_core().glob("*.jar")
    run("javac", "-cp", core, "-d", classes, SOURCES / "java/legacy/Handler.java")
    shutil.copy(core, tmp_path / "app.jar")
    run("jar", "--update", "--file", tmp_path / "app.jar", "-C", classes, ".")
    return tmp_path / "app.jar"


@requires("java", "javac", "mvn")
def test_a_java_handler_that_loads_properties_from_its_class_path_has_every_value(
    java_jar: Path, tmp_path: Path
) -> None:
    config = PLAIN | ESCAPED
    settings = {"_LAMBDA_JAR_FILE": java_jar.name}
    assert response(java_jar.parent, config, settings, tmp_path) == list(config.values())


@pytest.fixture(scope="session")
def node_app() -> Path:
    """An app with the npm package properties-reader."""

    def install(folder: Path) -> None:
        shutil.copytree(SOURCES / "node", folder, dirs_exist_ok=True)
        run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder)

    return cached("compatibility-node", SOURCES / "node", install)


@requires("node", "npm")
def test_a_node_handler_that_uses_properties_reader_has_every_value_that_needs_no_escape(
    node_app: Path, tmp_path: Path
) -> None:
    assert response(node_app, PLAIN, {}, tmp_path) == list(PLAIN.values())
