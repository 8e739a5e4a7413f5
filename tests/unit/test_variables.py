"""Which variables go into the package, and how they are read."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from packager.config.variables import DEFAULT_EXCLUDE, choose


def test_a_setting_is_never_chosen() -> None:
    assert choose({"_A": "1", "_": "2", "__B": "3", "C_": "4"}) == {"C_": "4"}


def test_what_differs_in_every_dyno_is_left_out_by_default() -> None:
    variables = dict.fromkeys([*DEFAULT_EXCLUDE, "HOME", "PATH", "PORTAL"], "x")
    assert list(choose(variables)) == ["HOME", "PATH", "PORTAL"]


def test_an_exclusion_is_a_shell_pattern_that_minds_case() -> None:
    variables = dict.fromkeys(["NODE_ENV", "NODE_HOME", "node_env", "A1", "A22"], "x")
    assert list(choose(variables, ["NODE_*", "A?"])) == ["node_env", "A22"]


def test_an_exclamation_mark_brings_names_back_and_the_last_pattern_decides() -> None:
    variables = dict.fromkeys(["A1", "A2", "PORT", "TERM", "_A"], "x")
    assert list(choose(variables, ["A*", "!A1", "!PORT"])) == ["A1", "PORT"]
    assert list(choose(variables, ["!A1", "A*"])) == []
    assert list(choose(variables, ["!*"])) == ["A1", "A2", "PORT", "TERM"]


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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process was given")
@pytest.mark.parametrize("given", [{}, {"LC_CTYPE": "C.UTF-8"}])
def test_what_python_adds_to_its_environment_is_no_config(given: dict[str, str]) -> None:
    program = "from packager.config.variables import *; print(*read_process_environment())"
    run = subprocess.run(
        [sys.executable, "-c", program], env=given, capture_output=True, check=True, text=True
    )
    assert run.stdout.split() == list(given)
