"""What a user is told while the packager works, and how long each stage took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


def readable(size: int) -> str:
    """Show a size in bytes as people do."""
    return f"{size / 2**20:.1f} MB" if size >= 1 << 20 else f"{size / 2**10:.1f} kB"


def _silent(_: str) -> None:
    """Say nothing: how the library works unless it is asked to speak."""


def _unseen(_sent: int, _total: int) -> None:
    """Show no progress."""


@dataclass
class Progress:
    """Where messages go (`say`, and `detail` for the verbose), and the `seconds` of each stage."""

    say: Callable[[str], None] = _silent
    detail: Callable[[str], None] = _silent
    sent: Callable[[int, int], None] = _unseen
    clock: Callable[[], float] = time.monotonic
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def stage(self, name: str, message: str) -> Iterator[None]:
        """Say `message`, and add the time until the end to the stage `name`."""
        self.say(message)
        start = self.clock()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + self.clock() - start
