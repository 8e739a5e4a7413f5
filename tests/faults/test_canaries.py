"""Secrets in everything that the packager reads do not appear in anything that it writes."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import javaproperties
import pytest

from tests.faults import canaries
from tests.faults.canaries import assert_no_secret_seen, assert_no_setting_in
from tests.proxy import error, proxying
from tests.service import Service
from tests.trees import plant

PLANTED = {**canaries.CONFIG, **canaries.CREDENTIALS, **canaries.UNDERSCORED}
DOTENV = "".join(f"{name}='{value}'\n" for name, value in canaries.CONFIG.items())

# All secrets, in each format of env files. Names that begin with `_` are not packaged.
ENV_FILES = {
    "all.env": "".join(f"{name}='{value}'\n" for name, value in PLANTED.items()),
    "all.json": json.dumps(PLANTED),
    "all.properties": javaproperties.dumps(PLANTED),
}

COMMANDS = [
    ("deploy",),
    ("deploy", "--verbose"),
    ("deploy", "--json", "--verbose"),
    ("deploy", "--dry-run", "--verbose"),
    ("deploy", "--quiet"),
    ("build", "-o", "out.jar", "--verbose"),
    ("build", "-o", "out.jar", "--json"),
    ("build", "-o", "out.jar", "--quiet"),
    ("env",),
    ("env", "--json"),
    ("env", "--verbose"),
    ("env", "--quiet"),
]

# As `openssl` and `base64` print them, pasted without quotes.
BASE64_LINES = base64.encodebytes(b"canary " * 16).decode()
PEM = f"KEY=-----BEGIN RSA PRIVATE KEY-----\n{BASE64_LINES}-----END RSA PRIVATE KEY-----\n"

# Invalid env files, with a secret in the invalid text or beside it.
WRONG = {
    "bad.env": DOTENV + "a canary that is not an assignment\n",
    "key.env": DOTENV + PEM,
    "no-end.env": DOTENV + PEM.partition("-----END")[0],
    "base64.env": DOTENV + f"BASE64={BASE64_LINES}",
    "open.env": DOTENV + "QUOTE='canary that does not end\n",
    "bad.json": json.dumps(canaries.CONFIG)[:-1],
    "nested.json": json.dumps({"NAME": ["canary"]}),
    "bad.properties": "NAME=canary\\u12x canary\n",
    "latin.env": "NAME=canary é",
}


@pytest.fixture
def counting_app(tmp_path: Path) -> Path:
    """A Python app whose handler returns the number of variables in the config."""
    handler = (
        "def lambda_handler(event, context):\n"
        "    return sum(not line.isspace() for line in open('env.properties'))\n"
    )
    return plant(tmp_path / "app", {"requirements.txt": "", "lambda_function.py": handler})


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_shows_no_secret(
    command: tuple[str, ...], service: Service, function: str, jars: Path, tmp_path: Path
) -> None:
    """No secret is printed, logged at debug level, or left in a file."""
    name, *more = (part.replace("out.jar", str(tmp_path / "out.jar")) for part in command)
    given = [] if name == "env" else ["--jar", "small.jar"]
    env = canaries.settings(service.url, function)
    run = canaries.run(name, jars, *given, *more, env=env, folder=tmp_path)
    assert run.status == 0, run.stderr
    assert_no_secret_seen(run)
    if name == "deploy" and "--dry-run" not in more:
        assert_no_setting_in(service.stored(function))


@pytest.mark.parametrize("mode", ["--verbose", "--json", "--quiet"])
def test_a_local_deploy_shows_no_secret(mode: str, counting_app: Path, tmp_path: Path) -> None:
    """The embedded service and the handler's process show none, although they hold the config."""
    env = canaries.settings("http://127.0.0.1:1", "function")
    run = canaries.run("deploy", counting_app, "--local", mode, env=env, folder=tmp_path)
    assert run.status == 0, run.stderr
    assert_no_secret_seen(run)
    if mode == "--json":
        assert int(json.loads(run.stdout)["response"]) >= len(canaries.CONFIG)


@pytest.mark.parametrize("options", [(), ("--check",), ("--force",)], ids=" ".join)
def test_vendoring_shows_no_secret(options: tuple[str, ...], tmp_path: Path) -> None:
    """The environment contains secrets that `packager vendor` does not need."""
    env = canaries.settings("http://127.0.0.1:1", "function")
    project = tmp_path / "project"
    project.mkdir()
    run = canaries.run("vendor", "node", project, *options, env=env, folder=tmp_path)
    assert run.status == (1 if "--check" in options else 0), run.stderr
    assert_no_secret_seen(run)
    for file in project.rglob("*.*"):
        assert file.is_dir() or canaries.traces(file.read_text()) == []


@pytest.mark.parametrize("options", [("--verbose",), ("--json-lines",), ("--quiet",), ("--local",)])
def test_watching_shows_no_secret(
    options: tuple[str, ...],
    service: Service,
    python_function: str,
    counting_app: Path,
    tmp_path: Path,
) -> None:
    """A deploy shows none, nor does an error in the env file, after which watching continues."""
    env_file = tmp_path / "all.env"
    env_file.write_text(ENV_FILES["all.env"])
    before = service.stored(python_function)

    def is_enough(shown: str) -> bool:
        if "assignment" not in env_file.read_text() and (
            service.stored(python_function) != before or "deployed" in shown
        ):
            env_file.write_text(WRONG["bad.env"])
        return "not NAME=value" in shown

    run = canaries.run(
        "watch",
        counting_app,
        *("--env-file", str(env_file), *options),
        env=canaries.settings(service.url, python_function),
        folder=tmp_path,
        until=is_enough,
    )
    assert run.status == 130, run.stderr
    assert_no_secret_seen(run)
    if "--local" not in options:
        assert_no_setting_in(service.stored(python_function))


@pytest.mark.parametrize("mode", ["--verbose", "--json", "--quiet"])
@pytest.mark.parametrize("command", ["deploy", "watch"])
def test_a_secret_in_a_message_of_aws_is_not_shown(
    command: str,
    mode: str,
    service: Service,
    python_function: str,
    counting_app: Path,
    tmp_path: Path,
) -> None:
    """The error replaces the secret with asterisks and shows the rest of AWS's message."""
    if command == "watch" and mode == "--json":
        mode = "--json-lines"
    with proxying(service.url) as proxy:
        words = "canary/session+token== was sent with second canary line"
        proxy.on("update", error(400, "InvalidParameterValueException", words))
        run = canaries.run(
            command,
            counting_app,
            mode,
            env=canaries.settings(proxy.url, python_function),
            folder=tmp_path,
            until=lambda shown: command == "watch" and "was sent with" in shown,
        )
    assert run.status == (130 if command == "watch" else 1), run.stderr
    assert "*** was sent with ***" in run.seen
    assert_no_secret_seen(run)


@pytest.mark.parametrize("mode", ["--verbose", "--json", "--quiet"])
def test_an_error_about_a_broken_archive_shows_no_secret(mode: str, tmp_path: Path) -> None:
    """The error names the archive."""
    (tmp_path / "broken.jar").write_bytes(b"canary" * 1000)
    env = canaries.settings("http://127.0.0.1:1", "function")
    arguments = ("build", tmp_path, "--jar", "broken.jar", "-o", tmp_path / "out.jar", mode)
    run = canaries.run(*arguments, env=env, folder=tmp_path)
    assert run.status == 2
    assert "broken.jar" in run.stderr
    assert_no_secret_seen(run)


@pytest.mark.parametrize("name", ENV_FILES)
def test_no_setting_in_an_env_file_is_packaged(name: str, jars: Path, tmp_path: Path) -> None:
    """No name, no value and no part of a value is packaged; all variables arrive exactly."""
    file, output = tmp_path / name, tmp_path / "out.jar"
    file.write_text(ENV_FILES[name], encoding="utf-8")
    arguments = ("build", jars, "--jar", "small.jar", "--env-file", file, "-o", output)
    run = canaries.run(*arguments, "--verbose", env={}, folder=tmp_path)
    assert run.status == 0, run.stderr
    assert_no_secret_seen(run)
    assert_no_setting_in(output)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("command", ["deploy", "env"])
def test_an_error_in_an_env_file_shows_none_of_its_text(
    command: str, name: str, service: Service, function: str, jars: Path, tmp_path: Path
) -> None:
    """The error names the line without showing it."""
    file = tmp_path / name
    file.write_text(WRONG[name], encoding="latin-1" if name == "latin.env" else "utf-8")
    env = canaries.settings(service.url, function)
    run = canaries.run(command, jars, "--env-file", file, "--verbose", env=env, folder=tmp_path)
    assert run.status == 2
    assert_no_secret_seen(run)


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
def test_an_error_about_a_setting_does_not_show_its_value(
    name: str, value: str, service: Service, function: str, jars: Path, tmp_path: Path
) -> None:
    """Even a value that an HTTP header cannot contain is not shown."""
    env = canaries.settings(service.url, function) | {name: value}
    arguments = ("--jar", "small.jar", "--timeout", "3", "--verbose")
    run = canaries.run("deploy", jars, *arguments, env=env, folder=tmp_path)
    assert run.status in (1, 2)
    assert_no_secret_seen(run)


LIBRARY = """
import sys
from pathlib import Path
from packager import progress
from packager.config import inputs
from packager.release import deploy
from packager.release.function_release import Options
from packager.release.target import open_target

chosen = inputs.read()
print(repr(chosen), repr(chosen.settings), repr(chosen.settings.credentials))
app, folder = map(Path, sys.argv[1:])
with open_target(chosen, app, 3, None) as target:
    deploy.deploy(app, target, folder, progress.Progress(), Options(timeout=3))
"""


@pytest.mark.parametrize("status", [400, 403, 500])
def test_an_uncaught_exception_shows_no_secret(
    status: int, service: Service, function: str, jars: Path, tmp_path: Path
) -> None:
    """No traceback, no chained exception and no repr shows one."""
    work = tmp_path / "work"
    work.mkdir()
    with proxying(service.url) as proxy:
        proxy.on("update", error(status, "Wrong", "canary/session+token== second canary line"))
        env = canaries.settings(proxy.url, function) | {"_LAMBDA_JAR_FILE": "small.jar"}
        run = canaries.run_python("-c", LIBRARY, jars, work, env=env, folder=tmp_path)
    assert "packager.release.outcome.ReleaseError" in run.stderr
    assert_no_secret_seen(run)


def test_no_setting_in_the_environment_is_packaged(jars: Path, tmp_path: Path) -> None:
    """No name, no value and no part of a value is packaged; all variables arrive exactly."""
    output = tmp_path / "out.jar"
    env = canaries.settings("http://127.0.0.1:1", "function")
    run = canaries.run("build", jars, "--jar", "small.jar", "-o", output, env=env, folder=tmp_path)
    assert run.status == 0
    assert_no_setting_in(output)
