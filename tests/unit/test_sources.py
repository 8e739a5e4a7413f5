"""Where the variables come from, and what a `.env` that was found may decide."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from packager.config.setting import BUILDPACK
from packager.config.settings_table import TABLE
from packager.config.sources import (
    FROM_ENVIRONMENT,
    Source,
    Sources,
    choose_source,
    ignored_settings,
    settings_of,
)
from packager.errors import InputError, SettingsError, VariableError

SHELL = {"GITHUB_TOKEN": "canary"}
DYNO = {"DYNO": "run.1", "A": "of the dyno"}


def test_on_a_dyno_the_environment_is_the_source(app: Path) -> None:
    """An app's `.env` does not change this."""
    (app / ".env").write_text("A=1")
    assert choose_source(Sources(app), DYNO) == Source("dyno", DYNO)


def test_the_buildpack_commands_use_the_environment_on_any_platform(app: Path) -> None:
    (app / ".env").write_text("A=1")
    process = {FROM_ENVIRONMENT: "true", "A": "2"}
    assert choose_source(Sources(app), process).kind == "dyno"


def test_a_file_that_is_named_is_the_source_everywhere(app: Path, tmp_path: Path) -> None:
    (app / ".env").write_text("A=1")
    file = tmp_path / "prod.env"
    file.write_text("B=2")
    for process in SHELL, DYNO:
        expected = Source("file", {"B": "2"}, file)
        assert choose_source(Sources(app, file), process) == expected


def test_standard_input_is_a_file_without_a_path(app: Path) -> None:
    source = choose_source(Sources(app, standard_input=b'{"A": "1"}'), SHELL)
    assert source == Source("file", {"A": "1"})


def test_elsewhere_the_env_file_of_the_app_folder_is_the_source(app: Path) -> None:
    (app / ".env").write_text("A=1")
    assert choose_source(Sources(app), SHELL) == Source("found", {"A": "1"}, app / ".env")


def test_the_environment_is_the_source_if_the_command_line_requests_it(app: Path) -> None:
    (app / ".env").write_text("A=1")
    source = choose_source(Sources(app, from_environment=True), SHELL)
    assert source == Source("environment", SHELL)


def test_on_a_dyno_the_option_for_the_environment_changes_nothing(app: Path) -> None:
    """A dyno's `GITHUB_TOKEN` is a config var of the app, not of a CI runner."""
    assert choose_source(Sources(app, from_environment=True), DYNO) == Source("dyno", DYNO)


def test_without_a_source_the_error_lists_the_choices(app: Path) -> None:
    with pytest.raises(InputError) as error:
        choose_source(Sources(app), SHELL)
    assert str(app / ".env") in error.value.message
    for choice in ("--env-file", ".env", "--from-environment"):
        assert choice in error.value.hint


def test_a_local_deploy_needs_no_source(app: Path) -> None:
    """A `.env` that is created later becomes the source."""
    assert choose_source(Sources(app), SHELL, "local") == Source("none", {}, app / ".env")
    (app / ".env").write_text("A=1")
    assert choose_source(Sources(app), SHELL, "local").kind == "found"


@pytest.mark.parametrize("given", [{"env_file": Path("a")}, {"standard_input": b""}])
def test_a_file_and_the_environment_exclude_each_other(given: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="exclude each other"):
        choose_source(Sources(from_environment=True, **given), SHELL)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["/proc/self/environ", "../secrets.env", "../missing"])
def test_a_found_file_that_leads_out_of_the_app_folder_is_refused(app: Path, target: str) -> None:
    """A cloned repository could make the packager read any file."""
    (app.parent / "secrets.env").write_text("A=canary")
    (app / ".env").symlink_to(target)
    with pytest.raises(VariableError, match="leads out of the app folder") as error:
        choose_source(Sources(app), SHELL)
    assert "--env-file" in error.value.hint


def test_a_found_link_inside_the_app_folder_is_followed(app: Path) -> None:
    (app / "local.env").write_text("A=1")
    (app / ".env").symlink_to("local.env")
    assert choose_source(Sources(app), SHELL).variables == {"A": "1"}


def test_a_found_link_to_itself_is_refused(app: Path) -> None:
    (app / ".env").symlink_to(".env")
    with pytest.raises(VariableError, match="cannot be read: Too many levels"):
        choose_source(Sources(app), SHELL)


def test_a_found_fifo_is_refused_without_waiting(app: Path) -> None:
    os.mkfifo(app / ".env")
    with pytest.raises(VariableError, match="not a regular file"):
        choose_source(Sources(app), SHELL)


def test_a_found_folder_is_refused(app: Path) -> None:
    (app / ".env").mkdir()
    with pytest.raises(VariableError, match="cannot be read: Is a directory"):
        choose_source(Sources(app), SHELL)


def test_the_repr_of_a_source_shows_no_value() -> None:
    assert "canary" not in repr(Source("environment", SHELL))
    assert "canary" not in repr(Sources(standard_input=b"A=canary"))


DECIDING = [
    setting.variable
    for setting in TABLE
    if not setting.describes_app and BUILDPACK not in setting.commands
]
DESCRIBING = [setting.variable for setting in TABLE if setting.describes_app]


def found(app: Path, **variables: str) -> Source:
    return Source("found", variables, app / ".env")


@pytest.mark.parametrize("name", DECIDING)
def test_a_found_file_cannot_change_where_a_deploy_goes(app: Path, name: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings_of(found(app, **{name: "canary"}), SHELL, app, "deploy")
    assert name in error.value.message
    assert "canary" not in error.value.message
    assert f"--env-file {app / '.env'}" in error.value.hint


def test_every_name_that_a_found_file_may_not_set_is_in_one_message(app: Path) -> None:
    assert {"_LAMBDA_FUNCTION_ARN", "_AWS_ENDPOINT_URL", "_AWS_ACCESS_KEY_ID"} <= set(DECIDING)
    with pytest.raises(SettingsError) as error:
        settings_of(found(app, **dict.fromkeys(DECIDING, "x")), {}, app, "deploy")
    for name in DECIDING:
        assert name in error.value.message


@pytest.mark.parametrize("name", DESCRIBING)
def test_a_found_file_describes_the_app(app: Path, name: str) -> None:
    for purpose in ("deploy", "local", "build"):
        given = settings_of(found(app, **{name: "x"}), {"_A": "1"}, app, purpose)
        assert given == {"_A": "1", name: "x"}


@pytest.mark.parametrize("name", ["_LAMBDA_JAR_FILE", "_LAMBDA_ZIP_FILE", "_LAMBDA_REQUIREMENTS"])
@pytest.mark.parametrize("path", ["/etc/passwd", "../other.zip", "link/a.jar", "a/../../b"])
def test_a_found_file_cannot_name_a_path_outside_the_app_folder(
    app: Path, name: str, path: str
) -> None:
    (app / "link").symlink_to("..")
    with pytest.raises(SettingsError, match="outside the app folder"):
        settings_of(found(app, **{name: path}), {}, app, "build")


def test_for_a_local_deploy_a_found_file_names_the_function_and_nothing_else(app: Path) -> None:
    given = settings_of(found(app, **dict.fromkeys(DECIDING, "x")), {}, app, "local")
    assert given == {"_LAMBDA_FUNCTION_ARN": "x"}


def test_a_build_ignores_the_settings_of_a_found_file_for_deploys(app: Path) -> None:
    assert settings_of(found(app, **dict.fromkeys(DECIDING, "x")), {}, app, "build") == {}


def test_settings_for_packages_that_are_ignored_in_a_found_file_are_listed(app: Path) -> None:
    """Without them, the package is not what the author of the file expects."""
    source = found(app, _LAMBDA_EXEC_WRAPPER="true", _LAMBDA_RUNTIME="x", _LAMBDA_ALIAS="x", A="1")
    assert ignored_settings(source) == ["_LAMBDA_EXEC_WRAPPER"]
    assert ignored_settings(replace(source, kind="file")) == []


def test_a_file_that_is_named_sets_everything(app: Path) -> None:
    source = Source("file", {"_LAMBDA_FUNCTION_ARN": "of the file"}, app / ".env")
    process = {"_LAMBDA_FUNCTION_ARN": "of the process", "_AWS_DEFAULT_REGION": "eu-west-1"}
    assert settings_of(source, process, app, "deploy") == {
        "_LAMBDA_FUNCTION_ARN": "of the file",
        "_AWS_DEFAULT_REGION": "eu-west-1",
    }
