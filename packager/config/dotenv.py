r"""Parse `.env` files.

Dialects differ (bash, Node's dotenv, python-dotenv, docker compose, `heroku config --shell`). This
parser reads the file in one pass, and refuses an ambiguous line rather than guess:

    file        = { [ assignment ] [ comment ] line-end }
    assignment  = [ "export" blanks ] NAME "=" value          blanks around "=" are allowed
    value       = "'" literal "'"  |  "`" literal "`"         may span several lines
                | '"' text '"'                                may span several lines
                | word                                        up to the end of the line

- In double quotes, `\n` and `\r` are line ends. A backslash before ``" \ $ ! ` `` is dropped; any
  other backslash stays.
- Without quotes, backslashes and quotes stay, and blanks at the ends are removed. A `#` after a
  blank begins a comment. A `#` inside a word is an error, because some dialects cut there.
- `$` is literal everywhere; nothing is interpolated. A value that begins with `$'` or `$"`, which
  shells read as quotes, gets a warning.
- CRLF counts as LF, also inside quotes.

Errors name the line but never show its text, which may be part of a secret.
"""

from __future__ import annotations

import re

from packager.errors import VariableError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# A lone CR also ends a line, as in other dialects.
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_ASSIGNED = re.compile(r"[ \t]*(?:export[ \t]+)?([^=\r\n]*)=([ \t]*)")
_QUOTED = {
    "'": re.compile(r"'([^']*)'"),
    "`": re.compile(r"`([^`]*)`"),
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
}
_COMMENT = re.compile(r"[ \t]#.*")
_ESCAPE = re.compile(r'\\([nr"\\$!`])')
_LINE_ENDS = {"n": "\n", "r": "\r"}

_QUOTES_MISSING = "Quote a value that spans several lines or has blanks at its ends"


def parse(source: str, text: str) -> tuple[dict[str, str], list[str]]:
    """Parse the `text` of a `.env` file, and return its variables and warnings.

    Raises VariableError, which names `source` and the line.
    """
    variables: dict[str, str] = {}
    warnings: list[str] = []
    position, line = 0, 1
    while position < len(text):
        where = f"{source}, line {line}"
        blank = _BLANK_LINE.match(text, position)
        if blank:
            end = blank.end()
        else:
            name, start = _name(where, text, position)
            quote = text[start : start + 1]
            if quote in _QUOTED:
                variables[name], end = _quoted(where, text, start)
            else:
                variables[name], end = _unquoted(where, text, start)
            if warning := _warning(quote, variables[name]):
                warnings.append(f"{where}: {warning}")
        line += sum(1 for _ in _LINE_END.finditer(text, position, end))
        position = end
    return variables, warnings


def _name(where: str, text: str, position: int) -> tuple[str, int]:
    """Return the name assigned at `position`, and where its value starts.

    A quoted value starts at its quote. Any other starts right after the `=`, because a `#` begins
    a comment only after a blank.
    """
    assigned = _ASSIGNED.match(text, position)
    if assigned is None:
        raise VariableError(
            f"{where}: not NAME=value.", f"{_QUOTES_MISSING}; write an empty one as NAME=."
        )
    name = assigned[1].rstrip(" \t")
    if not _NAME.fullmatch(name):
        raise VariableError(
            f"{where}: the text before = is not a variable name.",
            f"{_QUOTES_MISSING}; a name consists of letters, digits, _, . and -, without quotes.",
        )
    is_quoted = text[assigned.end() : assigned.end() + 1] in tuple(_QUOTED)
    return name, assigned.end() if is_quoted else assigned.start(2)


def _quoted(where: str, text: str, start: int) -> tuple[str, int]:
    """Return the value whose quote is at `start`, and where the next line begins."""
    quote = text[start]
    quoted = _QUOTED[quote].match(text, start)
    if quoted is None:
        raise VariableError(f"{where}: the quote {quote} is never closed.", "Close it.")
    rest, end = _rest_of_line(text, quoted.end())
    if _COMMENT.sub("", rest).strip(" \t"):
        raise VariableError(
            f"{where}: text follows the closing quote {quote}.",
            "Put the whole value in one pair of quotes that it does not contain.",
        )
    value = quoted[1].replace("\r\n", "\n")
    if quote == '"':
        value = _ESCAPE.sub(lambda escape: _LINE_ENDS.get(escape[1], escape[1]), value)
    return value, end


def _unquoted(where: str, text: str, start: int) -> tuple[str, int]:
    """Return the value that begins at `start`, and where the next line begins."""
    rest, end = _rest_of_line(text, start)
    value = _COMMENT.sub("", rest, count=1).strip(" \t")
    if "#" in value:
        raise VariableError(
            f"{where}: a # inside a value without quotes.",
            "Put the value in quotes; put a blank before a # that begins a comment.",
        )
    if value == "=":
        raise VariableError(
            f"{where}: ends in ==, like the last line of a base64 value.",
            f"{_QUOTES_MISSING}; also quote a value that is just =.",
        )
    return value, end


def _rest_of_line(text: str, position: int) -> tuple[str, int]:
    """Return the text up to the end of the line, and where the next line begins."""
    end = _LINE_END.search(text, position)
    return (text[position : end.start()], end.end()) if end else (text[position:], len(text))


def _warning(quote: str, value: str) -> str | None:
    """Return a warning about a value that another program may have meant differently."""
    if quote == "'" and "\\" in value and "\\" not in value.replace(r"\\", ""):
        return (
            "all backslashes of this value are doubled, as older versions of `heroku config"
            " --shell` wrote them. The packager keeps them; `heroku config --json` prints exact"
            " values."
        )
    if quote not in _QUOTED and value.startswith(("$'", '$"')):
        return (
            "this value begins with $ and a quote, which shells remove and the packager keeps."
            " Write it in plain quotes."
        )
    return None
