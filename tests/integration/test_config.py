"""Which variables are packaged: the commands as processes, on a dyno and on a laptop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import javaproperties
import pytest

from tests.commands import bare_environment, build, packager, refused_build
from tests.service import Service
from tests.trees import plant

# A developer's shell: no variable is shown, or packaged unless the command line asks for it.
SHELL = {
    "GITHUB_TOKEN": "canary-token",
    "ACTIONS_RUNTIME_TOKEN": "canary-runtime",
    "RUNNER_TEMP": "canary-temp",
    "CI_JOB_TOKEN": "canary-job",
    "NPM_TOKEN": "canary-npm",
    "EDITOR": "canary-editor",
}
KEYS = {"AWS_ACCESS_KEY_ID": "canary-key-id", "AWS_SECRET_ACCESS_KEY": "canary-secret"}


def laptop(*arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the command on a laptop, in a shell full of secrets."""
    more["env"] = SHELL | more.get("env", {})
    return packager(*arguments, on_dyno=False, **more)


def config_in(package: Path) -> dict[str, str]:
    """Return the config in a package."""
    content = zipfile.ZipFile(package).read("env.properties")
    return javaproperties.loads(content.decode("ascii"))


def test_the_environment_of_a_laptop_is_never_packaged_unrequested(
    app: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.zip"
    run = laptop("build", app, "-o", output, env=KEYS)
    assert run.returncode == 2
    assert "--from-environment" in run.stderr
    assert not output.exists()


# A handler that shows all variables that it can see.
NOSY_HANDLER = """
import os
def lambda_handler(event, context):
    print(dict(os.environ))
    return dict(os.environ)
"""


@pytest.fixture
def nosy_app(tmp_path: Path) -> Path:
    """An app with a `.env`, whose handler returns its environment."""
    return plant(tmp_path / "app", {"lambda_function.py": NOSY_HANDLER, ".env": "A=1\n"})


@pytest.mark.parametrize(
    "arguments",
    [
        *(("env", "--verbose"), ("env", "--json"), ("build", "--list"), ("policy",)),
        *(("deploy", "--verbose"), ("deploy", "--json"), ("deploy", "--dry-run"), ("status",)),
        *(("deploy", "--local", "--verbose"), ("invoke", "--local"), ("prebuild",)),
    ],
    ids=" ".join,
)
def test_no_command_shows_or_packages_a_token_of_a_laptops_shell(
    arguments: tuple[str, ...],
    nosy_app: Path,
    service: Service,
    function: str,
    tmp_path: Path,
) -> None:
    """No token reaches a handler on this machine either."""
    name, *options = arguments
    in_aws = service.settings(function) | {"_LAMBDA_RUNTIME": "python3.13"}
    env = KEYS | ({} if "--local" in options else in_aws)
    place = {"policy": (), "prebuild": (nosy_app, tmp_path / "built")}.get(name, (nosy_app,))
    run = laptop(name, *place, *options, env=env)
    assert run.returncode == 0, run.stderr
    if name == "deploy" and "--local" not in options:
        package = service.package(function)
        assert b"canary" not in b"".join(map(package.read, package.namelist()))


def test_watching_uses_standard_input_for_each_deploy_and_no_token_of_a_laptops_shell(
    nosy_app: Path,
) -> None:
    """As in `heroku config --json | packager watch --env-file -`; the `.env` is not read."""
    handler = nosy_app / "lambda_function.py"
    handler.write_text(NOSY_HANDLER + "print(open('env.properties').read())\n")
    env = bare_environment() | SHELL | KEYS
    del env["DYNO"]
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "packager", "watch", nosy_app),
            *("--local", "--json-lines", "--env-file", "-"),
        ],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as watch:
        assert watch.stdin
        assert watch.stdout
        watch.stdin.write('{"FROM_HEROKU": "1"}')
        watch.stdin.close()
        shown = []
        for _ in range(2):
            shown += [next(line for line in watch.stdout if "FROM_HEROKU=1" in line)]
            shown += [next(line for line in watch.stdout if "AWS_LAMBDA_FUNCTION_NAME" in line)]
            handler.write_text(handler.read_text() + "# changed\n")
        watch.send_signal(signal.SIGINT)
        shown += watch.stdout
    assert "canary" not in "".join(shown)


@pytest.mark.parametrize("kind", ["found", "file", "standard input as JSON", "standard input"])
def test_only_the_variables_of_a_file_are_packaged(kind: str, app: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.zip"
    content = "GREETING='hello'\nPATH=/mine\n_LAMBDA_FUNCTION_ARN=f\n"
    file = (app if kind == "found" else tmp_path) / ".env"
    options: list[str | Path] = []
    piped = None
    if "standard" in kind:
        variables = {"GREETING": "hello", "PATH": "/mine"}
        piped = json.dumps(variables) if "JSON" in kind else content
        options = ["--env-file", "-"]
    else:
        file.write_text(content)
        options = ["--env-file", file] if kind == "file" else []
    run = laptop("build", app, "-o", output, *options, env=KEYS, piped=piped)
    assert run.returncode == 0, run.stderr
    assert config_in(output) == {"GREETING": "hello", "PATH": "/mine"}
    assert (f"The variables come from {file}." in run.stdout) == (kind == "found")
    assert "Lambda itself sets PATH" in run.stderr


def test_standard_input_that_is_closed_is_an_error(app: Path, tmp_path: Path) -> None:
    """As without a command in front of the pipe, the function keeps its config."""
    output = tmp_path / "out.zip"
    arguments = ("build", app, "-o", output, "--env-file", "-")
    run = laptop(*arguments, preexec=lambda: os.close(0))
    assert run.returncode == 2
    assert "Standard input is empty" in run.stderr


def test_a_setting_without_effect_in_a_found_env_file_is_named(app: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.zip"
    (app / ".env").write_text("A=1\n_LAMBDA_EXEC_WRAPPER=true\n")
    run = laptop("build", app, "-o", output)
    assert f"_LAMBDA_EXEC_WRAPPER in {app / '.env'} has no effect" in run.stdout
    assert "env-exec" not in zipfile.ZipFile(output).namelist()
    laptop("build", app, "-o", output, "--env-file", app / ".env")
    assert "env-exec" in zipfile.ZipFile(output).namelist()


def test_from_environment_excludes_variables_of_ci_runners(app: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.zip"
    (app / ".env").write_text("FROM_FILE=1\n")
    run = laptop("build", app, "-o", output, "--from-environment")
    assert run.returncode == 0, run.stderr
    assert config_in(output) == {"NPM_TOKEN": "canary-npm", "EDITOR": "canary-editor"}
    assert "variables left out; `packager env --verbose` lists them." in run.stdout


@pytest.mark.parametrize("command_name", ["build", "env", "deploy"])
@pytest.mark.parametrize("on_dyno", [True, False])
def test_credentials_that_would_deploy_are_never_config(
    command_name: str, on_dyno: bool, app: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.zip"
    arguments = {
        "build": ("-o", output),
        "env": (),
        "deploy": ("--function", "hello", "--region", "eu-west-1"),
    }[command_name]
    source = () if on_dyno else ("--from-environment",)
    run = packager(command_name, app, *arguments, *source, env=KEYS, on_dyno=on_dyno)
    assert run.returncode == 2
    assert "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY in the environment" in run.stderr
    assert not output.exists()


def test_the_functions_own_credentials_are_config_if_others_deploy(
    app: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.zip"
    deploying = {"_AWS_ACCESS_KEY_ID": "id", "_AWS_SECRET_ACCESS_KEY": "secret"}
    build(app, env=KEYS | deploying, to=output)
    assert config_in(output) == KEYS


@pytest.mark.parametrize(
    "line",
    [
        "_LAMBDA_FUNCTION_ARN=evil",
        "_LAMBDA_FUNCTION_ARN=arn:aws:lambda:eu-west-1:210987654321:function:evil",
        "_LAMBDA_S3_BUCKET=evil",
        "_LAMBDA_KMS_KEY_ARN=arn:aws:kms:eu-west-1:210987654321:key/evil",
        "_AWS_ENDPOINT_URL=http://127.0.0.1:1",
        "_AWS_DEFAULT_REGION=us-east-1",
        "_AWS_ACCESS_KEY_ID=evil\n_AWS_SECRET_ACCESS_KEY=evil",
    ],
)
def test_a_found_env_file_never_redirects_a_deploy(
    line: str, app: Path, service: Service, function: str
) -> None:
    before = service.stored(function)
    (app / ".env").write_text(f"A=1\n{line}\n")
    run = laptop("deploy", app, env=service.settings(function))
    assert run.returncode == 2
    assert f"--env-file {app / '.env'}" in run.stderr
    assert service.stored(function) == before


@pytest.mark.parametrize(
    "line",
    [
        "AWS_PROFILE=evil",
        "AWS_ENDPOINT_URL=http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:1",
        "AWS_CONFIG_FILE=/evil",
        "AWS_ACCESS_KEY_ID=evil\nAWS_SECRET_ACCESS_KEY=evil",
        "HTTPS_PROXY=http://127.0.0.1:1\nHTTP_PROXY=http://127.0.0.1:1",
    ],
)
def test_a_variable_of_a_found_env_file_is_config_and_nothing_else(
    line: str, app: Path, service: Service, function: str
) -> None:
    (app / ".env").write_text(f"{line}\n")
    run = laptop("deploy", app, env=service.settings(function))
    assert run.returncode == 0, run.stderr
    assert line.partition("=")[0] in service.config(function)


def test_a_found_env_file_with_a_deploy_in_it_can_be_accepted(
    app: Path, service: Service, function: str
) -> None:
    settings = service.settings(function)
    (app / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    assert laptop("deploy", app).returncode == 2
    assert laptop("deploy", app, "--env-file", app / ".env").returncode == 0


def test_dynos_of_different_size_build_the_same_package(app: Path, tmp_path: Path) -> None:
    config = {"GREETING": "hello", "NODE_ENV": "production"}
    small = {"MEMORY_AVAILABLE": "512", "WEB_CONCURRENCY": "1", "JAVA_OPTS": "-Xmx300m"}
    large = {"MEMORY_AVAILABLE": "14336", "WEB_CONCURRENCY": "28", "JAVA_OPTS": "-Xmx12g"}
    # heroku/python sets these, and heroku/jvm the last one except on `run` dynos.
    small |= {"DYNO_RAM": "512"}
    large |= {"DYNO_RAM": "14336", "WEB_CONCURRENCY_SET_BY": "x", "JAVA_TOOL_OPTIONS": "-Xmx12g"}
    packages = []
    for number, size in enumerate((small, large)):
        dyno = {"DYNO": f"run.{number}", "HOSTNAME": f"host-{number}", "PORT": f"300{number}"}
        dyno |= {f"HEROKU_{name}": str(number) for name in ("DYNO_ID", "PRIVATE_IP")}
        output = tmp_path / f"{number}.zip"
        build(app, env=config | size | dyno, to=output)
        packages.append(output.read_bytes())
    assert packages[0] == packages[1]
    assert config_in(tmp_path / "0.zip") == config


def test_a_misspelt_setting_is_an_error_with_a_suggestion(app: Path) -> None:
    """A misspelt exclusion would deploy the secret that it is meant to keep out."""
    error = refused_build(app, env={"SECRET": "canary", "_LAMBDA_ENV_EXCLUDES": "SECRET"})
    assert "_LAMBDA_ENV_EXCLUDES is not a setting; the nearest is _LAMBDA_ENV_EXCLUDE" in error


def test_a_setting_without_its_underscore_is_in_a_warning(app: Path) -> None:
    """It is packaged as a variable, and so is what it was meant to keep out."""
    run = packager("env", app, env={"LAMBDA_ENV_EXCLUDE": "canary", "SECRET": "canary"})
    assert run.returncode == 0
    assert "LAMBDA_ENV_EXCLUDE is packaged" in run.stderr
    assert "rename it _LAMBDA_ENV_EXCLUDE" in run.stderr


def test_other_names_that_look_like_settings_are_in_one_warning(app: Path) -> None:
    env = {"_LAMBDA_NODE_VERSION": "canary", "_AWS_BUILDPACK_TOOLS": "canary", "_OTHER": "canary"}
    run = packager("env", app, env=env)
    assert run.returncode == 0
    warnings = [line for line in run.stderr.splitlines() if "Warning" in line]
    assert warnings == [
        "Warning: Not settings of the packager: _AWS_BUILDPACK_TOOLS, _LAMBDA_NODE_VERSION."
    ]


def test_env_refuses_a_variable_that_cannot_be_packaged(app: Path) -> None:
    """As a build would."""
    (app / ".env").write_bytes(b"A=canary\0\n")
    run = laptop("env", app)
    assert run.returncode == 2
    assert "variable A contains a NUL character" in run.stderr


def test_env_lists_excluded_variables_with_the_reason(app: Path) -> None:
    env = {"A": "canary", "SECRET": "canary", "TZ": "canary", "_LAMBDA_ENV_EXCLUDE": "SEC*"}
    run = packager("env", app, "--verbose", env=env)
    assert run.stdout.split() == ["A", "TZ"]
    for line in (
        "DYNO stays out: DYNO in the default list",
        "SECRET stays out: SEC* in _LAMBDA_ENV_EXCLUDE",
        "_LAMBDA_ENV_EXCLUDE stays out: begins with _",
    ):
        assert line in run.stderr

    result = json.loads(packager("env", app, "--json", env=env).stdout)
    assert result["variables"] == ["A", "TZ"]
    assert result["leftOut"]["SECRET"] == "SEC* in _LAMBDA_ENV_EXCLUDE"
    assert result["leftOut"]["DYNO"] == "DYNO in the default list"
    assert ["TZ" in warning for warning in result["warnings"]] == [True]
