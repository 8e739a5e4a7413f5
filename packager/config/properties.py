"""The bytes of `env.properties`.

`java.util.Properties.load(InputStream)` reads them back exactly. They are ASCII, sorted by name,
without comment or timestamp, so the same variables always produce the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from javaproperties import join_key_value

from packager.config import properties_reader
from packager.config.variables import check_text

Dialect = Literal["java", "properties-reader"]

# An escape as javaproperties writes it: the backslash together with the escaped character. In
# `\\:` (an escaped backslash, then a colon), the colon must not be mistaken for an escaped one.
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

# Characters that need no escape in a value. The npm package `properties-reader` does not unescape
# them: it would read `postgres\://…`.
_PLAIN_IN_VALUES = frozenset("#!=:")


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
    escaped_name, escaped_value = join_key_value(name, "")[:-1], join_key_value("", value)[1:]
    return f"{escaped_name}={_ESCAPE.sub(_unescape_plain, escaped_value)}\n"


def _unescape_plain(escape: re.Match[str]) -> str:
    return escape[1] if escape[1] in _PLAIN_IN_VALUES else escape[0]
