"""End the packager on a signal: with a full cleanup, or within seconds if that is not possible.

The first signal raises Interrupted in the main thread, so that everything is cleaned up. But Python
runs signal handlers only after the current system call returns, which may take minutes: a DNS
look-up without a network, or a pool that waits for its threads. So another thread ends the process
after `seconds_to_end`, or after a second signal, and runs the cleanups of `at_forced_end`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# After the first signal, a hint explains how to end at once. After the second, the process must end
# within a second: first the main thread's cleanup gets its time, then the rest.
_SECONDS_TO_HINT = 1.0
_SECONDS_IN_ORDER, _SECONDS_TO_CLEAN = 0.5, 0.4

# Less than the ten seconds after which process managers send SIGKILL.
_seconds_to_end = 8.0

# Cleanups to run if the process is forced to end; each may return a sentence to show.
_cleaning: list[Callable[[], str | None]] = []


class Interrupted(KeyboardInterrupt):
    """A signal asked the process to end."""

    def __init__(self, number: int) -> None:
        """Take the signal's `number`."""
        super().__init__()
        self.number = number

    @property
    def exit_status(self) -> int:
        """The status that shells report for a process ended by this signal."""
        return 128 + self.number


def end_by_signals(say: Callable[[str], None]) -> None:
    """Let signals end the process from now on; `say` shows a line about it.

    Ignored signals stay ignored: nohup sets that, and shells do for background jobs.
    """
    numbers = [number for number in _NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # Python writes here at once, even while the main thread is blocked and its handler must wait.
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=[reader, say], daemon=True).start()
    interrupted = False

    def end(number: int, _: FrameType | None) -> None:
        nonlocal interrupted
        if not interrupted:  # A second exception would interrupt the cleanup.
            interrupted = True
            raise Interrupted(number)

    for number in numbers:
        signal.signal(number, end)
        # While Python ends, it restores the system's handlers, which would change the exit status.
        atexit.register(signal.signal, number, signal.SIG_IGN)


def end_within(seconds: float) -> None:
    """Set the time, in seconds, within which the process ends after the first signal."""
    global _seconds_to_end
    _seconds_to_end = seconds


@contextlib.contextmanager
def at_forced_end(clean: Callable[[], str | None]) -> Iterator[None]:
    """Call `clean`, in another thread, if the process is forced to end within the block.

    The sentence that it returns, if any, is shown.
    """
    _cleaning.append(clean)
    try:
        yield
    finally:
        _cleaning.remove(clean)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Defer signals that arrive within the block to its end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Handlers run only in the main thread.
        return
    handlers = {int(number): signal.getsignal(number) for number in _NUMBERS}
    arrived: list[tuple[int, FrameType | None]] = []

    def hold(number: int, frame: FrameType | None) -> None:
        arrived.append((number, frame))

    try:
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, hold)
        yield
    finally:
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, handler)
        for number, frame in arrived[:1]:
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
    """Wait until the file, if any, is readable, but at most `seconds`; return whether it is."""
    return bool(select.select([file] if file >= 0 else [], [], [], seconds)[0])


def _clean(say: Callable[[str], None]) -> None:
    sentences = ["Interrupted."]
    # The latest first, in the order in which blocks end.
    for clean in reversed(_cleaning[:]):
        with contextlib.suppress(Exception):
            sentences += filter(None, [clean()])
    say(" ".join(dict.fromkeys(sentences)))
