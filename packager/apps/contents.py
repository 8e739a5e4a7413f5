"""The input and output of checks: the entries of a finished package, and findings."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol


class Contents(Protocol):
    """The entries of a deployment package."""

    @property
    def names(self) -> AbstractSet[str]:
        """The names of all entries; names of folders end in `/`."""

    def head(self, name: str, size: int) -> bytes:
        """Read the first `size` bytes of an entry."""

    def read(self, name: str) -> bytes:
        """Read a whole entry; return nothing if it is too large."""


@dataclass(frozen=True)
class Finding:
    """A reason why the function would not run: what was found and expected, and how to fix it.

    If it is not `certain`, a layer, a wrapper or the runtime may provide what the package lacks.
    """

    message: str
    hint: str
    certain: bool = True
