"""Reading each format of env files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packager.config.env_files import parse_standard_input, read_env_file
from packager.errors import VariableError

CASES = Path(__file__).parents[1] / "conformance" / "cases"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "variables"),
    [
        (".env", "A=1\nexport B='two words'\n# no\n\nC=\n", {"A": "1", "B": "two words", "C": ""}),
        (".env", b"\xef\xbb\xbfA=\xc3\xa9\n", {"A": "é"}),
        ("x.properties", "a: 1\nb c\nd=\\u00e9\\\n  f\n", {"a": "1", "b": "c", "d": "éf"}),
        ("x.json", '{"A": "1", "_B": "é\\n"}', {"A": "1", "_B": "é\n"}),
        ("no-ending", "A=1", {"A": "1"}),
    ],
)
def test_the_extension_of_a_file_decides_its_format(
    tmp_path: Path, name: str, content: str | bytes, variables: dict[str, str]
) -> None:
    assert read_env_file(write(tmp_path, name, content)).variables == variables


@pytest.mark.parametrize("case", sorted(CASES.glob("*.properties")), ids=lambda case: case.stem)
def test_a_properties_file_is_read_as_the_readers_do(case: Path) -> None:
    """The empty name, which a lone backslash at the end produces, is an exception."""
    expected = json.loads(case.with_suffix(".json").read_text(encoding="utf-8"))
    if "error" in expected:
        with pytest.raises(VariableError):
            read_env_file(case)
        return
    pairs = expected["pairs"]
    if case.stem.startswith("continuation_alone"):
        pairs.pop("", None)
    assert read_env_file(case).variables == pairs


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (".env", b"A=1\nB=canary\xff\n", "line 2"),
        ("x.properties", "a=canary\x0b\r\nb=\\\n  c\nd=canary\\uzz\n", "line 4"),
        ("x.properties", b"\xef\xbb\xbf_CANARY=canary\n", "line 1: a byte-order mark"),
        ("x.json", '{"A": "canary",\n "B" "canary"}', "line 2"),
        ("x.json", '["canary"]', "not a JSON object"),
        ("x.json", '{"A": 123456}', "A is not a string"),
        ("x.json", "[" * 100_000, "x.json"),
        ("x.json", f'{{"A": {"123456" * 1000}}}', "x.json"),
    ],
)
def test_a_malformed_file_is_an_error_that_names_the_line(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(VariableError) as error:
        read_env_file(path)
    assert message in error.value.message
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


@pytest.mark.parametrize(
    ("content", "variables"),
    [
        (b'\xef\xbb\xbf\n {"A": "1"}', {"A": "1"}),
        (b'{"A": "#\xc3\xa9"}', {"A": "#é"}),
        (b"A='{'\n", {"A": "{"}),
    ],
)
def test_standard_input_is_json_if_it_begins_with_a_brace(
    content: bytes, variables: dict[str, str]
) -> None:
    assert parse_standard_input(content).variables == variables


@pytest.mark.parametrize(
    ("name", "content"), [("E.PROPERTIES", b"A=\\u00fc\n"), ("E.Json", b'{"A": "\\u00fc"}')]
)
def test_the_extension_decides_the_format_in_any_case(
    name: str, content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert read_env_file(file).variables == {"A": "ü"}


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf \r\n"])
def test_empty_standard_input_is_an_error(content: bytes) -> None:
    """If the command before the pipe fails, the function keeps its config."""
    with pytest.raises(VariableError, match="Standard input is empty"):
        parse_standard_input(content)


@pytest.mark.parametrize("content", [b"canary", b'{"A": canary}', b"A=canary\xff"])
def test_errors_of_standard_input_name_it_and_the_line(content: bytes) -> None:
    with pytest.raises(VariableError, match=r"^standard input, line 1: ") as error:
        parse_standard_input(content)
    assert "canary" not in error.value.message


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a=1\r\nname=Grüße\n", 2),
        ("# für später\na=1\n", 1),
        ("a=\\\n  日本\n", 2),
    ],
)
def test_properties_that_look_like_utf_8_cause_a_warning(
    content: str, line: int, tmp_path: Path
) -> None:
    """Like Java, the packager reads ISO 8859-1."""
    file = read_env_file(write(tmp_path, "x.properties", content))
    assert [warning.split(": ")[0] for warning in file.warnings] == [
        f"{tmp_path / 'x.properties'}, line {line}"
    ]
    assert "ü" not in file.warnings[0]


@pytest.mark.parametrize("content", [b"a=Gr\xfc\xdfe\n", rb"a=Gr\u00fc\u00dfe", b""])
def test_properties_in_the_encoding_of_java_are_read_without_a_warning(
    content: bytes, tmp_path: Path
) -> None:
    assert read_env_file(write(tmp_path, "x.properties", content)).warnings == ()


def test_a_large_properties_file_is_read_in_linear_time(tmp_path: Path) -> None:
    """In quadratic time, half a MB of continued lines would take minutes."""
    content = "a=" + "x\\\n" * 100_000 + "\\\n" * 100_000
    path = write(tmp_path, "x.properties", content)
    assert read_env_file(path).variables == {"a": "x" * 100_000}


def test_the_repr_of_an_env_file_shows_no_value(tmp_path: Path) -> None:
    assert "canary" not in repr(read_env_file(write(tmp_path, ".env", "A=canary\n")))
