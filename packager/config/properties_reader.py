r"""Lines of `env.properties` for functions that read it with the npm package `properties-reader`.

That package reads UTF-8 and does not unescape lines as Java does. Its `getRaw`, `each` and `path()`
return the text without blanks at its ends. Its `get` also converts texts to numbers and booleans,
and `\n`, `\r` and `\t` to line ends and tabs. A value is exact if all of them, in all versions,
return it unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# The characters that JavaScript's trim() removes, and those that its `.` does not match.
_BLANK = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CHANGED = re.compile(rf"\A[{_BLANK}]|[{_BLANK}]\Z|[\n\r\u2028\u2029]|\\[nrt]")
_NUMERIC = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+"
    r"|[+-]Infinity"
)
# Numbers that JavaScript prints exactly as they were read: at most 15 digits, without superfluous
# zeros, and not so small that it prints an exponent.
_SAME_NUMBER = re.compile(
    r"(?!-?0\.0{6})(?=(?:[^0-9]*[0-9]){1,15}\Z)(?:0|-?[1-9][0-9]*)(?:\.[0-9]*[1-9])?"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# In old versions, the first replaces the reader's prototype and the second makes it throw.
_NEVER = ("__proto__", "hasOwnProperty")


def line(name: str, value: str) -> str:
    """Return the line for one variable; line ends become escapes, which only `get` reads."""
    if name in _NEVER:
        return ""
    return f"{name}={value}".replace("\n", r"\n").replace("\r", r"\r") + "\n"


def inexact(variables: Mapping[str, str]) -> list[str]:
    """Return the names of the variables that the package does not read exactly."""
    return sorted(name for name, value in variables.items() if not _is_exact(name, value))


def _is_exact(name: str, value: str) -> bool:
    if not _NAME.fullmatch(name) or name in _NEVER or _CHANGED.search(value):
        return False
    if value in ("", "null", "undefined"):
        return False
    return not _NUMERIC.fullmatch(value) or bool(_SAME_NUMBER.fullmatch(value))
