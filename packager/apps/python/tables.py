"""Read the files that describe a project: TOML, JSON and plain text."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.errors import PackageError
from packager.lazy import lazy

if TYPE_CHECKING:
    import tomli as tomllib
else:
    tomllib = lazy("tomllib" if sys.version_info >= (3, 11) else "tomli")

Table = dict[str, Any]


def read(path: Path) -> bytes:
    """Read a file; raise PackageError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackageError(f"{path} cannot be read: {error.strerror}.", "Fix the file.") from error


def toml(path: Path) -> Table:
    """Read a TOML file; raise PackageError if it is not one."""
    try:
        table: Table = tomllib.loads(read(path).decode())
    except (ValueError, RecursionError) as error:
        # The message contains the number of the line, but not its text.
        shown = error if isinstance(error, tomllib.TOMLDecodeError) else "it cannot be decoded"
        raise PackageError(f"{path} is not TOML: {shown}.", "Fix the file.") from error
    return table


def json_object(path: Path) -> Table:
    """Read a JSON file that holds an object; raise PackageError if it does not."""
    try:
        found = json.loads(read(path))
    except (ValueError, RecursionError) as error:
        line = f": line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise PackageError(f"{path} is not JSON{line}.", "Write the file again.") from error
    if not isinstance(found, dict):
        raise PackageError(f"{path} does not hold a JSON object.", "Write the file again.")
    return found


def subtable(table: Table, *names: str) -> Table:
    """Return the nested table at the path `names`; an empty one if it does not exist."""
    for name in names:
        found = table.get(name)
        table = found if isinstance(found, dict) else {}
    return table
