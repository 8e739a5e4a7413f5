r"""Lines of `env.properties` for functions that read it with the npm package `properties-reader`.

That package reads UTF-8 and does not unescape lines as Java does. Its `getRaw`, `each` and `path()`
return the text without blanks at its ends. Its `get` also converts texts to numbers and booleans,
and `\n`, `\r` and `\t` to line ends and tabs. A value is exact if all of them, in the installed
version, return it unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# The characters that JavaScript's trim() removes, and those that its `.` does not match.
_BLANK = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CHANGED = re.compile(rf"\A[{_BLANK}]|[{_BLANK}]\Z|[\n\r\u2028\u2029]|\\[nrt]")
_NUMERIC = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+"
    r"|\+Infinity"
)
# Numbers that JavaScript prints exactly as they were read: at most 15 digits, without superfluous
# zeros, and not so small that it prints an exponent.
_SAME_NUMBER = re.compile(
    r"(?!-?0\.0{6})(?=(?:[^0-9]*[0-9]){1,15}\Z)(?:0|-?[1-9][0-9]*)(?:\.[0-9]*[1-9])?"
)
# A dot in a name leads to an object in the result of path().
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
# In old versions, the first replaces the reader's prototype and the second makes it throw.
_NEVER = frozenset({"__proto__", "hasOwnProperty"})
# Every object of JavaScript inherits these: old versions would follow them out of path().
_INHERITED = _NEVER | {
    *("constructor", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString"),
    *("valueOf", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
}


def dumps(variables: Mapping[str, str]) -> str:
    """Return the lines for `variables`; line ends become escapes, which only `get` reads.

    A line whose name the package cannot read is left out, because it would change other variables.
    """
    unreadable = _unreadable(variables)
    return "".join(
        f"{name}={variables[name]}".replace("\n", r"\n").replace("\r", r"\r") + "\n"
        for name in sorted(variables)
        if name not in unreadable
    )


def inexact(variables: Mapping[str, str], version: str) -> list[str]:
    """Return the names of the variables that this version of the package does not read exactly.

    If the version is not known (empty), all versions count.
    """
    number = re.match("[0-9]+", version)
    major = int(number[0]) if number else None
    unreadable = _unreadable(variables)
    return sorted(
        name
        for name, value in variables.items()
        if name in unreadable or not _is_exact_value(value, major)
    )


def fails_on_standard_file(names: Iterable[str]) -> bool:
    """Return whether a name in Java's format makes an old version throw or change other objects."""
    given = set(names)
    return "hasOwnProperty" in given or any(_is_misleading(name, given) for name in given)


def _unreadable(names: Iterable[str]) -> set[str]:
    given = set(names)
    return {
        name
        for name in given
        if not _NAME.fullmatch(name) or name in _NEVER or _is_misleading(name, given)
    }


def _is_misleading(name: str, given: set[str]) -> bool:
    """Return whether path() would find something else at the first parts of a name with dots."""
    return "." in name and bool(_INHERITED & {*name.split(".")} or _parents(name) & given)


def _parents(name: str) -> set[str]:
    """Return what stands before each dot of a name."""
    return {name[: dot.start()] for dot in re.finditer(r"\.", name)}


def _is_exact_value(value: str, major: int | None) -> bool:
    if value == "":
        return major is not None and major >= 1  # Before, `get` returned 0.
    if value in ("null", "undefined"):
        return major is not None and major <= 2  # Since then, `get` returns null.
    if _CHANGED.search(value):
        return False
    return not _NUMERIC.fullmatch(value) or bool(_SAME_NUMBER.fullmatch(value))
