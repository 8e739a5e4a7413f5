"""The layout of a written package: its unpacked size, and its stable prefix."""

from __future__ import annotations

from typing import NamedTuple


class Layout(NamedTuple):
    """Sizes in bytes: of all entries unpacked, and of the stable prefix of the file.

    The prefix holds entries that seldom change: the dependencies of an app, or the original entries
    of a jar or zip. It never holds config; entries that may change follow it.
    """

    unpacked_size: int
    prefix_size: int
