"""The bytes of `env.properties`.

`java.util.Properties.load(InputStream)` reads them back exactly. They are ASCII, sorted by name,
without comment or timestamp, so the same variables always produce the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from packager.config import properties_reader
from packager.config.variables import check_text

Dialect = Literal["java", "properties-reader"]

# What `java.util.Properties.store` escapes. In values it also escapes `#`, `!`, `=` and `:`, which
# `load` does not need: the npm package `properties-reader` would read `postgres\://…`.
_SPECIAL_IN_NAMES = re.compile(r"[^!-~]|[\\#!=:]")
_SPECIAL_IN_VALUES = re.compile(r"[^ -~]|\\|\A ")

_LETTERS = {"\t": "t", "\n": "n", "\f": "f", "\r": "r"}


def dumps(variables: Mapping[str, str], dialect: Dialect = "java") -> bytes:
    """Return the contents of `env.properties` for the reader that `dialect` names.

    Raises VariableError, which names the variable, if a name or value is not valid Unicode or
    contains NUL: no reader could return it.
    """
    check_text(variables)
    if dialect == "properties-reader":
        return properties_reader.dumps(variables).encode()
    return "".join(_line(name, variables[name]) for name in sorted(variables)).encode()


def changed_by_properties_reader(
    variables: Mapping[str, str], dialect: Dialect, version: str = ""
) -> list[str]:
    """Return the names of the variables that `properties-reader` does not read exactly.

    Without its installed `version`, all versions count. It does not unescape as Java does, so it
    changes everything that is escaped for Java.
    """
    changed = set(properties_reader.inexact(variables, version))
    if dialect == "java" and properties_reader.fails_on_standard_file(variables):
        changed = set(variables)
    elif dialect == "java":
        changed |= {
            name for name, value in variables.items() if _line(name, value) != f"{name}={value}\n"
        }
    return sorted(changed)


def _line(name: str, value: str) -> str:
    escaped_name = _SPECIAL_IN_NAMES.sub(_escape, name)
    return f"{escaped_name}={_SPECIAL_IN_VALUES.sub(_escape, value)}\n"


def _escape(special: re.Match[str]) -> str:
    character = special[0]
    if " " <= character <= "~":
        return f"\\{character}"
    if letter := _LETTERS.get(character):
        return f"\\{letter}"
    # `\uXXXX` for each unit of UTF-16: two for a character beyond U+FFFF.
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
