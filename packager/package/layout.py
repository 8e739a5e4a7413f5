"""What is known of a package once it is written: its unpacked size, and what seldom changes."""

from __future__ import annotations

from typing import NamedTuple


class Layout(NamedTuple):
    """Sizes in bytes: of all entries unpacked, and of the stable prefix of the file.

    The prefix holds what seldom changes: the dependencies of an app, or the entries that a jar or
    zip had. It never holds config, and is followed by what may change.
    """

    unpacked_size: int
    prefix_size: int
