"""The packager reads `.env` files as the programs that write them do."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packager.config import dotenv
from tests.conformance import dotenv_dialects
from tests.conftest import requires

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
hard_texts = st.text(st.sampled_from("ab \t\n\r'\"\\$!#`=nr"))


def heroku_shell(value: str) -> str:
    """Quote a value as `heroku config --shell` does (heroku/cli, lib/config/quote.ts)."""
    # In ASCII, JavaScript's \s matches more characters than Python's, elsewhere fewer.
    blank = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
    if not re.search(rf"[\"{blank}#!$&'()*,:;<=>?@\[\\\]^`{{|}}]", value):
        return value
    if re.search(r"['\n]", value):
        escaped = re.sub(r'(["\\$`!])', r"\\\1", value).replace("\n", r"\n")
        return f'"{escaped}"'
    return f"'{value}'"


@given(
    st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True), texts | hard_texts)
)
def test_output_of_heroku_config_shell_is_read_back_exactly(variables: dict[str, str]) -> None:
    written = "".join(f"{name}={heroku_shell(value)}\n" for name, value in variables.items())
    assert dotenv.parse(".env", written)[0] == variables


plain = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\\'\"$!#`\n\r\0"),
    max_size=20,
)


@requires("bash", "node", "npm")
@settings(max_examples=3, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(plain, min_size=50))
def test_plain_values_are_read_as_bash_and_nodes_dotenv_read_them(values: list[str]) -> None:
    """These are values in quotes, without backslash, quote, `$ ! #`, backquote or line end."""
    lines = [
        f"A{number}={quote}{value}{quote}"
        for number, value in enumerate(values)
        for quote in ["'\""[number % 2]]
    ]
    text = "\n".join(lines) + "\n"
    ours = dotenv.parse(".env", text)[0]
    assert list(ours.values()) == values
    assert dotenv_dialects.bash(text).items() >= ours.items()
    assert dotenv_dialects.node(text) == [ours]


@requires("bash", "node", "npm")
def test_the_table_of_dialects_matches_each_parser() -> None:
    """`python -m tests.conformance.dotenv_dialects` regenerates it."""
    assert dotenv_dialects.PAGE.read_text(encoding="utf-8") == dotenv_dialects.page()
