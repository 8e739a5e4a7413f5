"""Env files: variables from a `.env`, a `.properties` or a `.json` file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from packager.config import dotenv
from packager.errors import VariableError

_LINE_END = re.compile(r"\r\n|\r|\n")

# A logical line of a .properties file: a lone backslash, which Java reads as a blank line; a
# comment; or any other line, with the lines that continue it.
_LOGICAL_LINE = re.compile(
    r"[ \t\f]*\\(?:\r\n|\r|\n)"
    r"|[ \t\f]*[#!][^\r\n]*(?:\r\n|\r|\n)?"
    r"|[^\\\r\n]*(?:\\(?:\r\n|.)[^\\\r\n]*)*\\?(?:\r\n|\r|\n)?",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(?:(\r\n|\r|\n)[ \t\f]*|.)", re.DOTALL)
_BEYOND_ASCII = re.compile(rb"[^\x00-\x7f]")

STANDARD_INPUT = "standard input"
_JSON_HINT = "Use the output of `heroku config --json`."


@dataclass(frozen=True)
class EnvFile:
    """The contents of an env file; its repr shows no value."""

    variables: dict[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()


def read_env_file(path: Path) -> EnvFile:
    """Read variables from a `.properties`, a `.json` (as `heroku config --json` prints), or else a
    `.env` file.

    Raises VariableError, which names the file and the line or variable, if the file cannot be read
    completely.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VariableError(
            f"The env file {path} cannot be read: {error.strerror}.",
            "Check the path given by --env-file.",
        ) from error
    return parse_env_file(path, content)


def parse_env_file(path: Path, content: bytes) -> EnvFile:
    """Read variables from `content`, in the format that the file extension of `path` indicates."""
    suffix = path.suffix.lower()
    if suffix == ".properties":
        return _parse_properties(str(path), content)
    text = _decode_file(str(path), content)
    if suffix == ".json":
        return _parse_json(str(path), text)
    return _parse_dotenv(str(path), text)


def parse_standard_input(content: bytes) -> EnvFile:
    """Read variables from standard input: JSON if it begins with `{`, else the `.env` format.

    Raises VariableError, also if there is nothing: the command in front of the pipe has failed.
    """
    text = _decode_file(STANDARD_INPUT, content)
    if not text.strip():
        raise VariableError(
            "Standard input is empty, so there are no variables.",
            "Check the command in front of the pipe. To deploy without variables, give it {}.",
        )
    if text.lstrip().startswith("{"):
        return _parse_json(STANDARD_INPUT, text)
    return _parse_dotenv(STANDARD_INPUT, text)


def _parse_dotenv(source: str, text: str) -> EnvFile:
    variables, warnings = dotenv.parse(source, text)
    return EnvFile(variables, tuple(warnings))


def _decode_file(source: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    # Raised outside the handler: the UnicodeDecodeError holds the whole file.
    raise VariableError(f"{source}, line {line}: not UTF-8.", "Save the file as UTF-8.")


def _parse_json(source: str, text: str) -> EnvFile:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"{source}, line {error.lineno}: not JSON ({error.msg})."
    except RecursionError:
        problem = f"{source}: not the JSON of config vars (nested too deeply)."
    except ValueError:
        # Python refuses integers of more than 4300 digits.
        problem = f"{source}: not the JSON of config vars (a number is too long)."
    else:
        if not isinstance(content, dict):
            raise VariableError(f"{source}: not a JSON object.", _JSON_HINT)
        for name, value in content.items():
            if not isinstance(value, str):
                raise VariableError(
                    f"{source}: the value of {name} is not a string.",
                    "Config vars are strings: put the value in quotes.",
                )
        return EnvFile(content)
    # Raised outside the handler: the JSONDecodeError holds the whole file.
    raise VariableError(problem, _JSON_HINT)


def _parse_properties(source: str, content: bytes) -> EnvFile:
    from javaproperties import InvalidUEscapeError, KeyValue, parse

    if content.startswith(b"\xef\xbb\xbf"):
        # Java would read it as part of the first name.
        raise VariableError(f"{source}, line 1: a byte-order mark.", "Save the file without one.")
    variables: dict[str, str] = {}
    line = 1
    try:
        for logical in _LOGICAL_LINE.finditer(content.decode("latin-1")):
            # Joined into one line, because javaproperties takes quadratic time for continued lines.
            for element in parse(_ESCAPED.sub(_unfold, logical[0])):
                if isinstance(element, KeyValue):
                    variables[element.key] = element.value
            line += len(_LINE_END.findall(logical[0]))
    except InvalidUEscapeError:
        problem = f"{source}, line {line}: a \\u escape without four hexadecimal digits."
    else:
        return EnvFile(variables, _utf8_warning(source, content))
    raise VariableError(problem, r"Write \\u for a literal \u.")


def _unfold(escaped: re.Match[str]) -> str:
    return "" if escaped[1] else escaped[0]


def _utf8_warning(source: str, content: bytes) -> tuple[str, ...]:
    """Warn if bytes beyond ASCII are UTF-8: `java.util.Properties` reads ISO 8859-1."""
    beyond = _BEYOND_ASCII.search(content)
    if beyond is None:
        return ()
    try:
        content.decode()
    except UnicodeDecodeError:
        return ()
    line = len(_LINE_END.findall(content[: beyond.start()].decode("ascii"))) + 1
    warning = (
        f"{source}, line {line}: this looks like UTF-8, but Java reads .properties files as"
        " ISO 8859-1, and so does the packager. Write \\uXXXX, or use a .env or .json file."
    )
    return (warning,)
