"""The grammar of `.env` files."""

from __future__ import annotations

import pytest

from packager.config import dotenv
from packager.errors import VariableError


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("A=1\n\n# a comment\n  # another\nB=2", {"A": "1", "B": "2"}),
        ("export A=1\nexport\tB=2\nexport=3\n", {"A": "1", "B": "2", "export": "3"}),
        ("A = 1 \n B= 'x' \n", {"A": "1", "B": "x"}),
        ("A=\nB= \nC=''\nD=\"\"\nE= # nothing\n", dict.fromkeys("ABCDE", "")),
        ("A=1\nA=2\n", {"A": "2"}),
        ("a.b-c_D=1\n", {"a.b-c_D": "1"}),
        ("A=1\r\nB='x'\r\n", {"A": "1", "B": "x"}),
        ("A=1\rB=2\r", {"A": "1", "B": "2"}),
        # without quotes
        (r"A=C:\new\$x", {"A": r"C:\new\$x"}),
        ("A=one two  # three", {"A": "one two"}),
        ('A=it\'s "so"', {"A": 'it\'s "so"'}),
        ('A={"a": "b"}', {"A": '{"a": "b"}'}),
        ("A=$B${C}`d`", {"A": "$B${C}`d`"}),
        ("A=x==\nB=a=b\n", {"A": "x==", "B": "a=b"}),
        ("A=\u00a0x\u00a0", {"A": "\u00a0x\u00a0"}),
        # in single quotes
        (r"""RE='{"re":"^\\d+$"}'""", {"RE": r'{"re":"^\\d+$"}'}),
        ("A='x\ny # z'  # comment\nB=1", {"A": "x\ny # z", "B": "1"}),
        ("A='a\r\nb'", {"A": "a\nb"}),
        ("A='  '", {"A": "  "}),
        # in backquotes
        ("MSG=`x`", {"MSG": "x"}),
        ('A=`it\'s \\n "so"\n`', {"A": 'it\'s \\n "so"\n'}),
        # in double quotes
        (r"""PW="it's \$5\!" """, {"PW": "it's $5!"}),
        (r'A="a\nb\rc\td\\n\"\`"', {"A": 'a\nb\rc\\td\\n"`'}),
        ('KEY="-----BEGIN\r\nabc==\r\n-----END"\r\n', {"KEY": "-----BEGIN\nabc==\n-----END"}),
        ('A="$B #c"', {"A": "$B #c"}),
        ('A="a\rb"', {"A": "a\rb"}),
        ('A="=="', {"A": "=="}),
    ],
)
def test_a_file_is_parsed_by_the_grammar(text: str, variables: dict[str, str]) -> None:
    assert dotenv.parse(".env", text)[0] == variables


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\n\n\nsome canary\n", "line 4: not NAME=value."),
        ("A=1\nexport canary\n", "line 2: not NAME=value."),
        ("A=1\nMIIEcanary\n", "line 2: not NAME=value."),
        ("A=1\nMIIE/canary+==\n", "line 2: the text before = is not a variable name."),
        ('A=1\n"_CANARY"="canary"\n', "line 2: the text before = is not a variable name"),
        ("A=1\n'_CANARY'=canary\n", "line 2: the text before = is not a variable name"),
        ("A=1\n\nexport canary==\n", "line 3: ends in =="),
        ("A=1\nB='canary\n\n", "line 2: the quote ' is never closed."),
        ('A="x\ny"\nB="canary\\"\n', 'line 3: the quote " is never closed.'),
        ("A=1\nB=`canary", "line 2: the quote ` is never closed."),
        ("A='canary'x\n", "line 1: text follows the closing quote '."),
        ("""A='canary'"'"'s'\n""", "line 1: text follows the closing quote '."),
        ("A='canary'#x\n", "line 1: text follows the closing quote '."),
        ("A=canary#1\n", "line 1: a # inside a value without quotes."),
        ("A=#canary\n", "line 1: a # inside a value without quotes."),
    ],
)
def test_an_ambiguous_line_is_an_error_that_names_the_line(text: str, message: str) -> None:
    with pytest.raises(VariableError) as error:
        dotenv.parse(".env", text)
    assert error.value.message.startswith(f".env, {message}")
    assert "canary" not in error.value.message.lower() + error.value.hint.lower()


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        (r"A='a\\b'", True),
        (r"A='\\\\host'", True),
        (r"A='a\\b\c'", False),
        (r"A='a\b'", False),
        (r'A="a\\b"', False),
        (r"A=a\\b", False),
        ("A='ab'", False),
    ],
)
def test_backslashes_that_an_old_heroku_cli_may_have_doubled_cause_a_warning(
    text: str, warned: bool
) -> None:
    """The value itself is not changed."""
    _, warnings = dotenv.parse(".env", f"\n{text}")
    assert [warning[:13] for warning in warnings] == [".env, line 2:"] * warned


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        (r"A=$'a\nb'", True),
        (r"export A= $'a'", True),
        ('A=$"a"', True),
        ("A=$HOME'a'", False),
        ("A='$'", False),
        (r"""A="$'a'" """, False),
    ],
)
def test_a_quote_of_shells_that_begins_with_a_dollar_sign_is_warned_about(
    text: str, warned: bool
) -> None:
    """`export -p` of zsh and `printf %q` of bash write it; here, `$` is literal everywhere."""
    _, warnings = dotenv.parse(".env", f"\n{text}")
    assert [warning[:13] for warning in warnings] == [".env, line 2:"] * warned


def test_a_large_file_is_read_in_linear_time() -> None:
    """Each of these takes a minute if the time grows with the square of the length."""
    for text in (
        "A=" + " " * 500_000 + "x",
        " " * 500_000 + "x=1",
        'A="' + r"\n" * 250_000 + '"',
        "A=1 " + " #" * 250_000,
        "A='" + "\n" * 500_000 + "'",
    ):
        dotenv.parse(".env", text)
