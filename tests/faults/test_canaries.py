"""Secrets planted wherever the packager meets some are searched for wherever it leaves words."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import javaproperties
import pytest

from tests.faults import canaries
from tests.proxy import error, proxying
from tests.service import Service

DOTENV = "".join(f"{name}='{value}'\n" for name, value in canaries.CONFIG.items())

COMMANDS = [
    ("deploy",),
    ("deploy", "--verbose"),
    ("deploy", "--json", "--verbose"),
    ("deploy", "--dry-run"),
    ("deploy", "--quiet"),
    ("deploy", "--local", "--verbose"),
    ("build", "-o", "out.jar", "--verbose"),
    ("env", "--json"),
    ("env", "--verbose"),
]

# Each is wrong input, with a secret in it or beside it.
WRONG = {
    "bad.env": DOTENV + "a canary that is no assignment\n",
    "open.env": DOTENV + "QUOTE='canary that does not end\n",
    "bad.json": json.dumps(canaries.CONFIG)[:-1],
    "nested.json": json.dumps({"NAME": ["canary"]}),
    "bad.properties": "NAME=canary\\u12x canary\n",
    "latin.env": "NAME=canary é",
}


def assert_nothing_seen(run: canaries.Run) -> None:
    """Search all that the run has shown, logged and left."""
    assert canaries.traces(run.seen) == []
    assert run.left == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_shows_no_secret(
    command: tuple[str, ...], service: Service, function: str, jars: Path, tmp_path: Path
) -> None:
    """Neither printed, nor logged with all logging on, nor left in a file."""
    name, *more = (part.replace("out.jar", str(tmp_path / "out.jar")) for part in command)
    given = [] if name == "env" else ["--jar", "small.jar"]
    env = canaries.settings(service.url, function)
    run = canaries.run(name, jars, *given, *more, env=env, folder=tmp_path)
    assert_nothing_seen(run)
    if "--local" not in more:
        assert run.status == 0, run.stderr


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("command", ["deploy", "env"])
def test_an_error_in_an_env_file_shows_nothing_of_it(
    command: str, name: str, service: Service, function: str, jars: Path, tmp_path: Path
) -> None:
    """The line is named, and not shown."""
    file = tmp_path / name
    file.write_text(WRONG[name], encoding="latin-1" if name == "latin.env" else "utf-8")
    env = canaries.settings(service.url, function)
    run = canaries.run(command, jars, "--env-file", file, "--verbose", env=env, folder=tmp_path)
    assert run.status == 2
    assert_nothing_seen(run)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_AWS_SESSION_TOKEN", "canary\ntoken"),
        ("_AWS_ACCESS_KEY_ID", "canary\nkey"),
        ("_AWS_SECRET_ACCESS_KEY", ""),
        ("_AWS_DEFAULT_REGION", "canary region"),
        ("_LAMBDA_ARCHITECTURE", "canary"),
        ("_AWS_ENDPOINT_URL", "http://canary:canary@127.0.0.1:1"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(
    name: str, value: str, service: Service, function: str, jars: Path, tmp_path: Path
) -> None:
    """Even one that no HTTP header can hold."""
    env = canaries.settings(service.url, function) | {name: value}
    arguments = ("--jar", "small.jar", "--timeout", "3", "--verbose")
    run = canaries.run("deploy", jars, *arguments, env=env, folder=tmp_path)
    assert run.status in (1, 2)
    assert_nothing_seen(run)


LIBRARY = """
import sys
from pathlib import Path
from packager import config, deploy, progress
from packager.aws import LambdaFunction

chosen = config.read()
print(repr(chosen), repr(chosen.settings), repr(chosen.settings.credentials))
function = LambdaFunction(chosen.settings, timeout=3, hide=chosen.hide)
deploy.deploy(Path(sys.argv[1]), chosen, function, Path(sys.argv[2]), progress.Progress())
"""


@pytest.mark.parametrize("status", [400, 403, 500])
def test_an_exception_that_nobody_catches_shows_no_secret(
    status: int, service: Service, function: str, jars: Path, tmp_path: Path
) -> None:
    """Not in the traceback of the library's error, nor in those of its causes, nor in a repr."""
    work = tmp_path / "work"
    work.mkdir()
    with proxying(service.url) as proxy:
        proxy.on("update", error(status, "Wrong", "canary/session+token== second canary line"))
        env = canaries.settings(proxy.url, function) | {"_LAMBDA_JAR_FILE": "small.jar"}
        run = canaries.run_python("-c", LIBRARY, jars, work, env=env, folder=tmp_path)
    assert "packager.errors." in run.stderr
    assert_nothing_seen(run)


def test_nothing_of_a_setting_gets_into_the_package(jars: Path, tmp_path: Path) -> None:
    """No value, no line of a value, no name; the variables arrive exactly."""
    output = tmp_path / "out.jar"
    env = canaries.settings("http://127.0.0.1:1", "function")
    run = canaries.run("build", jars, "--jar", "small.jar", "-o", output, env=env, folder=tmp_path)
    assert run.status == 0
    with zipfile.ZipFile(output) as package:
        text = package.read("env.properties").decode("ascii")
        assert b"underscored-canary" not in output.read_bytes()
    config = javaproperties.loads(text)
    assert config.items() >= canaries.CONFIG.items()
    assert not any(name.startswith("_") or name == "UNDERSCORED" for name in config)
    for secret in (*canaries.CREDENTIALS.values(), "underscored-canary"):
        assert secret not in text
