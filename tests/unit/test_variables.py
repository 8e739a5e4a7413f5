"""Which variables are packaged, and how they are read."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from packager.config.variables import DEFAULT_EXCLUDE, select, set_by_lambda


def test_a_setting_is_never_packaged() -> None:
    selection = select({"_A": "1", "_": "2", "__B": "3", "C_": "4"}, ["!*"])
    assert selection.variables == {"C_": "4"}
    assert selection.left_out == dict.fromkeys(["_A", "_", "__B"], "begins with _")


def test_variables_of_a_dyno_and_its_buildpacks_are_excluded_by_default() -> None:
    """Variables that they set for the app are packaged."""
    for_the_app = [
        *("PORTAL", "NODE_ENV", "HEROKU_APP_NAME", "HEROKU_SLUG_COMMIT", "JDBC_DATABASE_URL"),
        *("SPRING_DATASOURCE_URL", "NPM_CONFIG_X", "TZ"),
    ]
    of_the_dyno = [
        *("DYNO", "PORT", "LANG", "PATH", "HOSTNAME", "CNB_STACK_ID", "HEROKU_RELEASE_VERSION"),
        *("WEB_CONCURRENCY", "MEMORY_AVAILABLE", "JAVA_OPTS", "LD_PRELOAD", "npm_config_cache"),
        *("DYNO_RAM", "WEB_CONCURRENCY_SET_BY", "HEROKU_DYNO_ID", "HEROKU_PRIVATE_IP"),
    ]
    selection = select(dict.fromkeys(for_the_app + of_the_dyno, "x"), (), DEFAULT_EXCLUDE)
    assert list(selection.variables) == for_the_app
    assert list(selection.left_out) == of_the_dyno
    assert selection.left_out["CNB_STACK_ID"] == "CNB_* in the default list"


def test_an_exclusion_is_a_case_sensitive_shell_pattern() -> None:
    variables = dict.fromkeys(["NODE_ENV", "NODE_HOME", "node_env", "A1", "A22"], "x")
    selection = select(variables, ["NODE_*", "A?"])
    assert list(selection.variables) == ["node_env", "A22"]
    assert selection.left_out["A1"] == "A? in _LAMBDA_ENV_EXCLUDE"


@pytest.mark.parametrize(
    ("exclude", "chosen"),
    [
        (["A*", "!A1", "!PORT"], ["A1", "PORT"]),
        (["!A1", "A*"], []),
        (["!*"], ["A1", "A2", "PORT", "TERM"]),
    ],
)
def test_an_exclamation_mark_includes_names_again_and_the_last_pattern_decides(
    exclude: list[str], chosen: list[str]
) -> None:
    variables = dict.fromkeys(["A1", "A2", "PORT", "TERM", "_A"], "x")
    assert list(select(variables, exclude, DEFAULT_EXCLUDE).variables) == chosen


def test_the_repr_of_a_selection_shows_no_value() -> None:
    assert "canary" not in repr(select({"A": "canary", "_B": "canary"}))


def test_variables_that_lambda_sets_itself_are_recognized() -> None:
    names = ["TZ", "LANG", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_BUCKET", "AWS_PROFILE"]
    assert set_by_lambda(names) == ["AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", "LANG", "TZ"]


def test_the_process_environment_is_read_as_utf_8_in_any_locale() -> None:
    program = (
        "from packager.config.variables import *; print(ascii(read_process_environment()['A']))"
    )
    run = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", program],
        env={"A": "é😀", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
        text=True,
    )
    assert run.stdout.strip() == r"'\xe9\U0001f600'"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/environ")
@pytest.mark.parametrize("environment", [{}, {"LC_CTYPE": "C.UTF-8"}])
def test_variables_that_python_adds_to_its_environment_are_not_config(
    environment: dict[str, str],
) -> None:
    program = "from packager.config.variables import *; print(*read_process_environment())"
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True
    )
    assert run.stdout.split() == list(environment)
