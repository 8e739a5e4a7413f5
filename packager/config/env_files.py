"""Env files: variables from a `.env`, a `.properties` or a `.json` file."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

from packager.errors import VariableError
from packager.names import printable

_LINE_END = re.compile(r"\r\n|\r|\n")

# A line of a .properties file: a lone backslash, of which the group is the end; a comment; or any
# other, with the lines that continue it.
_PROPERTIES_LINE = re.compile(
    r"[ \t\f]*\\(\r\n|\r|\n)"
    r"|[ \t\f]*[#!][^\r\n]*(?:\r\n|\r|\n)?"
    r"|(?:\\(?:\r\n|.)|[^\\\r\n])*(?:\r\n|\r|\n)?",
    re.DOTALL,
)

# The names that a .env may hold. What is no such name may be a line of a value that lacks its
# quotes: it is refused, and never shown.
_DOTENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")

_QUOTES_MISSING = "A value of several lines or with blanks at its ends needs quotes"


def read_env_file(path: Path) -> dict[str, str]:
    """Read variables from a `.properties`, a `.json` (as `heroku config --json` prints), or else a
    `.env` file.

    Raises VariableError, which names the file and the line or variable, for what cannot be read or
    would be read by half.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VariableError(
            f"The env file {path} cannot be read: {error.strerror}.",
            "Check the path given by --env-file.",
        ) from error
    if path.suffix == ".properties":
        return _parse_properties(path, content)
    text = _decode_file(path, content)
    return _parse_json(path, text) if path.suffix == ".json" else _parse_dotenv(path, text)


def _decode_file(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    # Raised outside the handler: the UnicodeDecodeError holds the whole file.
    raise VariableError(f"{path}, line {line}: not UTF-8.", "Save the file as UTF-8.")


def _parse_json(path: Path, text: str) -> dict[str, str]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"{path}, line {error.lineno}: not JSON ({error.msg})."
    except RecursionError:
        problem = f"{path}: not the JSON of config vars (nested too deeply)."
    except ValueError:
        # Python reads no integer of more than 4300 digits.
        problem = f"{path}: not the JSON of config vars (a number is too long)."
    else:
        if not isinstance(content, dict):
            raise VariableError(
                f"{path}: not a JSON object.", "It has to be what `heroku config --json` prints."
            )
        for name, value in content.items():
            if not isinstance(value, str):
                raise VariableError(
                    f"{path}: the value of {printable(name)} is no string.",
                    "Config vars are strings: put the value in quotes.",
                )
        return content
    # Raised outside the handler: the JSONDecodeError holds the whole file.
    raise VariableError(problem, "It has to be what `heroku config --json` prints.")


def _parse_properties(path: Path, content: bytes) -> dict[str, str]:
    from javaproperties import InvalidUEscapeError, KeyValue, parse

    if content.startswith(b"\xef\xbb\xbf"):
        # To Java it is the beginning of the first name, which nobody means.
        raise VariableError(f"{path}, line 1: a byte-order mark.", "Save the file without one.")
    # To Java a lone backslash is a blank line; javaproperties makes a name of a comment after it.
    text = _PROPERTIES_LINE.sub(lambda line: line[1] or line[0], content.decode("latin-1"))
    variables: dict[str, str] = {}
    line = 1
    try:
        for element in parse(text):
            if isinstance(element, KeyValue):
                variables[element.key] = element.value
            line += len(_LINE_END.findall(element.source))
    except InvalidUEscapeError:
        problem = f"{path}, line {line}: a \\u escape without four hexadecimal digits."
    else:
        return variables
    raise VariableError(problem, r"Write the backslash twice (\\u) where no escape is meant.")


def _parse_dotenv(path: Path, text: str) -> dict[str, str]:
    # Not `dotenv_values`: it logs what it cannot parse and goes on without it.
    from dotenv.parser import parse_stream

    variables: dict[str, str] = {}
    for binding in parse_stream(StringIO(text)):
        # python-dotenv counts the blank lines before a statement as part of it.
        statement = binding.original.string
        blank = statement[: len(statement) - len(statement.lstrip())]
        line = binding.original.line + len(_LINE_END.findall(blank))
        if binding.error or (binding.key is not None and binding.value is None):
            raise VariableError(
                f"{path}, line {line}: no NAME=value.",
                f"{_QUOTES_MISSING}; an empty one is written NAME=.",
            )
        if binding.key is None or binding.value is None:
            continue
        if not _DOTENV_NAME.fullmatch(binding.key):
            raise VariableError(
                f"{path}, line {line}: what stands before = is no name of a variable.",
                f"{_QUOTES_MISSING}; a name has letters, digits, _, . and -, and no quotes.",
            )
        if binding.value == "=" and statement.rstrip().endswith("=="):
            raise VariableError(
                f"{path}, line {line}: ends in ==, as the last line of a value in base64 does.",
                f"{_QUOTES_MISSING}, and so does the value =.",
            )
        variables[binding.key] = binding.value
    return variables
