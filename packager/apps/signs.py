"""Files that indicate the language of the app in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple


class Strength(IntEnum):
    """How strongly a file indicates the language of the app in its folder."""

    EMPTY_PROJECT = 1
    """A project file without dependencies, which may only configure tools or select a buildpack."""

    SINGLE_FILE = 2
    """A module named like a function's main module, in a folder without a project file."""

    PROJECT = 3


class Sign(NamedTuple):
    """A file that indicates a language."""

    strength: Strength
    file: str


def single_file(folder: Path, names: Iterable[str]) -> Sign | None:
    """Find the first of `names` that is a file in `folder`."""
    found = (name for name in names if (folder / name).is_file())
    return next((Sign(Strength.SINGLE_FILE, name) for name in found), None)
