"""Invariants of the bytes of env.properties, for any variables."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import javaproperties
from env_properties import EnvPropertiesError, load
from hypothesis import given
from hypothesis import strategies as st

from packager.config.env_files import read_env_file
from packager.config.properties import dumps
from packager.errors import VariableError

# Strings that a UTF-8 environment can contain: no surrogates, no NUL.
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
tricky = st.text(st.sampled_from("\\:=#! \t\f\n\ru0aé😀"))
names = text.filter(bool) | tricky.filter(bool)


@given(st.dictionaries(names, text | tricky))
def test_an_independent_reader_returns_the_same_variables(variables: dict[str, str]) -> None:
    assert javaproperties.loads(dumps(variables).decode("ascii")) == variables


@given(st.dictionaries(names, text | tricky))
def test_the_order_of_the_variables_does_not_change_the_file(variables: dict[str, str]) -> None:
    assert dumps(dict(reversed(variables.items()))) == dumps(variables)


@given(text.filter(lambda value: not re.search(r"[^ -~]|\\|^ ", value)))
def test_a_value_that_needs_no_escape_is_written_unchanged(value: str) -> None:
    assert dumps({"A": value}) == f"A={value}\n".encode()


@given(st.text(st.sampled_from("ab=: \t\f\\\n\r#!éu0041")))
def test_a_properties_env_file_is_read_as_the_python_reader_reads_it(text: str) -> None:
    """The only exception is an empty name, which a variable cannot have."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.properties")
        path.write_bytes(text.encode("latin-1"))
        assert outcome(lambda: read_env_file(path).variables) == outcome(lambda: load(path))


def outcome(read: Callable[[], Mapping[str, str]]) -> dict[str, str] | str:
    try:
        return {name: value for name, value in read().items() if name}
    except (VariableError, EnvPropertiesError):
        return "error"
