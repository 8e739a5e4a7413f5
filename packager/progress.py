"""Progress of the packager: typed events, which one sink receives.

The library reports what happens; the sink decides how to show it. `packager.cli` has renderers for
plain lines, a terminal and JSON.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class StageStarted(NamedTuple):
    """A stage begins. If it `prints`, a program of the user writes to the terminal during it."""

    name: str
    message: str
    prints: bool = False


class StageEnded(NamedTuple):
    """A stage has ended, successfully or not, after `seconds`."""

    name: str
    seconds: float


class BytesSent(NamedTuple):
    """`sent` of the `total` bytes of the package have been sent."""

    sent: int
    total: int


class Note(NamedTuple):
    """Useful information; a `detail` is only shown with --verbose."""

    text: str
    detail: bool = False


class Warning(NamedTuple):
    """Something that the user should probably change."""

    text: str


Event = StageStarted | StageEnded | BytesSent | Note | Warning


def readable(size: int) -> str:
    """Format a size in bytes for people."""
    return f"{size / 2**20:.1f} MB" if size >= 1 << 20 else f"{size / 2**10:.1f} kB"


def _ignore(_: Event) -> None:
    """Show nothing: the default of the library."""


def _go_on() -> None:
    """Do nothing: the default of `meanwhile`."""


@dataclass
class Progress:
    """Sends events to `sink`, and adds up the `seconds` of each stage.

    `meanwhile` is called several times a second while a handler runs. It may raise to stop it.
    """

    sink: Callable[[Event], None] = _ignore
    clock: Callable[[], float] = time.monotonic
    meanwhile: Callable[[], None] = _go_on
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def stage(self, name: str, message: str, *, prints: bool = False) -> Iterator[None]:
        """Report the start and end of a stage; the times of a stage that runs twice are added."""
        self.sink(StageStarted(name, message, prints))
        start = self.clock()
        try:
            yield
        finally:
            took = self.clock() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + took
            self.sink(StageEnded(name, took))

    def note(self, text: str) -> None:
        """Report useful information."""
        self.sink(Note(text))

    def detail(self, text: str) -> None:
        """Report information that is only shown with --verbose."""
        self.sink(Note(text, detail=True))

    def warn(self, text: str) -> None:
        """Report something that the user should probably change."""
        self.sink(Warning(text))

    def sending(self, size: int) -> Callable[[int, int], None]:
        """Return a callback for a transfer of a package of `size` bytes.

        It takes the bytes sent and their total as the transfer counts them, for example in base64.
        """
        return lambda sent, total: self.sink(BytesSent(size * sent // max(1, total), size))
