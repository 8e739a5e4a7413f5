"""Which variables go into the package, and how they are read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from packager.config.env_files import read_env_file
from packager.config.variables import DEFAULT_EXCLUDE, choose
from packager.errors import VariableError

CASES = Path(__file__).parents[1] / "conformance" / "cases"


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


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "variables"),
    [
        (".env", "A=1\nexport B='two words'\n# no\n\nC=\n", {"A": "1", "B": "two words", "C": ""}),
        (".env", 'A="x\ny"\nB=$A${A}\n', {"A": "x\ny", "B": "$A${A}"}),
        (".env", "A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        (".env", b"\xef\xbb\xbfA=\xc3\xa9\n", {"A": "é"}),
        (
            ".env",
            "'_A'=1\na.b-c=\"==\"\nB='='\nC=x==\n",
            {"_A": "1", "a.b-c": "==", "B": "=", "C": "x=="},
        ),
        ("x.properties", "a: 1\nb c\nd=\\u00e9\\\n  f\n", {"a": "1", "b": "c", "d": "éf"}),
        ("x.json", '{"A": "1", "_B": "é\\n"}', {"A": "1", "_B": "é\n"}),
        ("no-ending", "A=1", {"A": "1"}),
    ],
)
def test_a_file_is_read_in_the_format_of_its_ending(
    tmp_path: Path, name: str, content: str | bytes, variables: dict[str, str]
) -> None:
    assert read_env_file(write(tmp_path, name, content)) == variables


@pytest.mark.parametrize("case", sorted(CASES.glob("*.properties")), ids=lambda case: case.stem)
def test_a_properties_file_is_read_as_the_readers_do(case: Path) -> None:
    """But for the empty name of a file that ends in a lone backslash: no variable has it."""
    expected = json.loads(case.with_suffix(".json").read_text(encoding="utf-8"))
    if "error" in expected:
        with pytest.raises(VariableError):
            read_env_file(case)
        return
    pairs = expected["pairs"]
    if case.stem.startswith("continuation_alone"):
        pairs.pop("", None)
    assert read_env_file(case) == pairs


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (".env", "A=1\n\n\nsome canary\n", "line 4"),
        (".env", "A=1\nB='canary\n", "line 2"),
        (".env", "A=1\nMIIEcanary\n", "line 2: no NAME=value"),
        (".env", "A=1\nMIIE/canary+==\n", "line 2: what stands before = is no name"),
        (".env", "A=1\n\nexport canary==\n", "line 3: ends in =="),
        (".env", 'A=1\n"_CANARY"="canary"\n', "line 2: what stands before = is no name"),
        (".env", b"A=1\nB=canary\xff\n", "line 2"),
        ("x.properties", "a=canary\x0b\r\nb=\\\n  c\nd=canary\\uzz\n", "line 4"),
        ("x.properties", b"\xef\xbb\xbf_CANARY=canary\n", "line 1: a byte-order mark"),
        ("x.json", '{"A": "canary",\n "B" "canary"}', "line 2"),
        ("x.json", '["canary"]', "not a JSON object"),
        ("x.json", '{"A": 123456}', "A is no string"),
        ("x.json", "[" * 100_000, "x.json"),
        ("x.json", f'{{"A": {"123456" * 1000}}}', "x.json"),
    ],
)
def test_what_would_be_read_by_half_is_an_error_that_says_where(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(VariableError) as error:
        read_env_file(path)
    assert said in error.value.message
    assert str(path) in error.value.message
    for text in (error.value.message, error.value.hint):
        assert "canary" not in text.lower()
        assert "123456" not in text
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


@pytest.mark.parametrize("name", ["missing.env", "."])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(VariableError, match="cannot be read"):
        read_env_file(tmp_path / name)
