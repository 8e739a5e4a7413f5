"""The bytes of env.properties."""

from __future__ import annotations

import pytest

from packager.config.properties import changed_by_properties_reader, dumps
from packager.errors import VariableError


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("plain", b"A=plain\n"),
        ("", b"A=\n"),
        ("postgres://u:p@host:5432/db?a=b#c!", b"A=postgres://u:p@host:5432/db?a=b#c!\n"),
        ("=starts", b"A==starts\n"),
        (":starts", b"A=:starts\n"),
        ("#no comment", b"A=#no comment\n"),
        ("!no comment", b"A=!no comment\n"),
        (r"C:\new", rb"A=C:\\new" + b"\n"),
        (r"a\:b", rb"A=a\\:b" + b"\n"),
        (r"a\\=b", rb"A=a\\\\=b" + b"\n"),
        ("\\", rb"A=\\" + b"\n"),
        ("two\nlines", rb"A=two\nlines" + b"\n"),
        ("\r\t\f", rb"A=\r\t\f" + b"\n"),
        ("\x01\x7f", rb"A=\u0001\u007f" + b"\n"),
        ("  padded  ", rb"A=\  padded  " + b"\n"),
        ("é", rb"A=\u00e9" + b"\n"),
        ("😀", rb"A=\ud83d\ude00" + b"\n"),
        (r"\u0041", rb"A=\\u0041" + b"\n"),
        ('{"a": "b=c"}', b'A={"a": "b=c"}\n'),
    ],
)
def test_a_value_is_escaped_as_little_as_possible(value: str, line: bytes) -> None:
    assert dumps({"A": value}) == line


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a b", rb"a\ b=x" + b"\n"),
        ("a=b", rb"a\=b=x" + b"\n"),
        ("a:b", rb"a\:b=x" + b"\n"),
        ("#a", rb"\#a=x" + b"\n"),
        ("__proto__", b"__proto__=x\n"),
        ("é", rb"\u00e9=x" + b"\n"),
    ],
)
def test_a_name_is_escaped_so_that_readers_return_it_whole(name: str, line: bytes) -> None:
    assert dumps({name: "x"}) == line


def test_lines_are_sorted_by_name() -> None:
    assert dumps({"B": "2", "A": "1", "C": "3"}) == b"A=1\nB=2\nC=3\n"


def test_without_variables_the_file_is_empty() -> None:
    assert dumps({}) == b""


@pytest.mark.parametrize("bad", ["canary\0", "canary\udc80", "\ud83dcanary"])
def test_a_name_or_value_that_no_reader_could_return_is_an_error(bad: str) -> None:
    with pytest.raises(VariableError) as error:
        dumps({"FINE": "x", "BAD": bad})
    assert "BAD" in error.value.message
    assert "canary" not in error.value.message + error.value.hint


def test_an_error_shows_a_malformed_name_unchanged() -> None:
    with pytest.raises(VariableError, match="A\0B"):
        dumps({"A\0B": "x"})


@pytest.mark.parametrize("name", ["hasOwnProperty", "a.x", "a.b.__proto__", "c.constructor.x"])
def test_a_name_that_breaks_properties_reader_puts_every_variable_into_the_warning(
    name: str,
) -> None:
    """In Java's format, old versions of it throw at such a name and read nothing."""
    variables = {"a": "1", "b": "2", name: "x"}
    assert changed_by_properties_reader(variables, "java") == sorted(variables)
    assert changed_by_properties_reader(variables, "properties-reader") == [name]
