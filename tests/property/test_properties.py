"""What holds for the bytes of env.properties, whatever the variables are."""

from __future__ import annotations

import re

import javaproperties
from hypothesis import given
from hypothesis import strategies as st

from packager.config.properties import dumps

# What a UTF-8 environment can hold: no surrogates, no NUL.
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
tricky = st.text(st.sampled_from("\\:=#! \t\f\n\ru0aé😀"))
names = text.filter(bool) | tricky.filter(bool)


@given(st.dictionaries(names, text | tricky))
def test_an_independent_reader_gives_back_the_same_variables(variables: dict[str, str]) -> None:
    assert javaproperties.loads(dumps(variables).decode("ascii")) == variables


@given(st.dictionaries(names, text | tricky))
def test_the_order_of_the_variables_makes_no_difference(variables: dict[str, str]) -> None:
    assert dumps(dict(reversed(variables.items()))) == dumps(variables)


@given(text.filter(lambda value: not re.search(r"[^ -~]|\\|^ ", value)))
def test_a_value_that_needs_no_escape_stands_as_it_is(value: str) -> None:
    assert dumps({"A": value}) == f"A={value}\n".encode()
