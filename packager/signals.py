"""Signals that end the packager: in good order, or soon if that is not possible.

The first signal raises Interrupted in the main thread, so that everything is cleaned up on the way
out. Python only does so when the system call under way returns, which may take minutes: a name
look-up without a network, or a pool that waits for its threads. So another thread ends the process
after `seconds_to_end`, or after a second signal, with what `at_forced_end` has registered.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# After the first signal a user wants to know what is waited for; after the second, the end is due
# within a second: so long for good order, and then so long for the rest.
_SECONDS_TO_HINT = 1.0
_SECONDS_IN_ORDER, _SECONDS_TO_CLEAN = 0.5, 0.4

# Less than the ten seconds after which process managers send SIGKILL.
_seconds_to_end = 8.0

# What is still to be done if the process ends at once; it may return a sentence to show.
_cleaning: list[Callable[[], str | None]] = []


class Interrupted(KeyboardInterrupt):
    """A signal asked the process to end."""

    def __init__(self, number: int) -> None:
        """Hold the signal's `number`."""
        super().__init__()
        self.number = number

    @property
    def exit_status(self) -> int:
        """The status that shells use for the end by a signal."""
        return 128 + self.number


def end_by_signals(say: Callable[[str], None]) -> None:
    """Let signals end the process from now on; `say` shows a line while or before it ends.

    Signals that are ignored stay so: nohup asks for it, and shells for what runs in the background.
    """
    numbers = [number for number in _NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # What Python writes here comes before it calls a handler, whatever the main thread does.
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=[reader, say], daemon=True).start()
    interrupted = False

    def end(number: int, _: FrameType | None) -> None:
        nonlocal interrupted
        if not interrupted:  # Once is enough: a second one would interrupt the cleaning up.
            interrupted = True
            raise Interrupted(number)

    for number in numbers:
        signal.signal(number, end)


def end_within(seconds: float) -> None:
    """Let the process end so many seconds after the first signal at the latest."""
    global _seconds_to_end
    _seconds_to_end = seconds


@contextlib.contextmanager
def at_forced_end(clean: Callable[[], str | None]) -> Iterator[None]:
    """Call `clean` if the process has to end within the block, without leaving it in order.

    It is called in another thread. What it returns is shown.
    """
    _cleaning.append(clean)
    try:
        yield
    finally:
        _cleaning.remove(clean)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let signals that come within the block raise Interrupted at its end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Handlers run in the main thread alone.
        return
    handlers = {int(number): signal.getsignal(number) for number in _NUMBERS}
    came: list[tuple[int, FrameType | None]] = []

    def hold(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))

    try:
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, hold)
        yield
    finally:
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, handler)
        for number, frame in came[:1]:
            handlers[number](number, frame)  # type: ignore[operator, misc]


def _end_in_time(reader: int, say: Callable[[str], None]) -> None:
    """Wait for a signal, and end the process if it does not end by itself in time."""
    number = os.read(reader, 1)[0]
    hint = min(_SECONDS_TO_HINT, _seconds_to_end)
    if not _readable(reader, hint):
        if hint < _seconds_to_end:
            say("Ending. Interrupt again to end at once.")
        _readable(reader, _seconds_to_end - hint)
    if _readable(reader, 0):
        _readable(-1, _SECONDS_IN_ORDER)
    cleaner = threading.Thread(target=_clean, args=[say], daemon=True)
    cleaner.start()
    cleaner.join(_SECONDS_TO_CLEAN)
    os._exit(128 + number)


def _readable(file: int, seconds: float) -> bool:
    """Wait for so long until there is something to read from the file, if any; return whether."""
    return bool(select.select([file] if file >= 0 else [], [], [], seconds)[0])


def _clean(say: Callable[[str], None]) -> None:
    said = ["Interrupted."]
    # The latest first, as blocks end.
    for clean in reversed(_cleaning[:]):
        with contextlib.suppress(Exception):
            said += filter(None, [clean()])
    say(" ".join(dict.fromkeys(said)))
