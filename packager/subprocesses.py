"""Other programs that we run: none outlives us, whenever a signal comes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from packager import descendants, signals

# Between being asked to end and being ended: Ctrl-C has to end everything within a second.
_SECONDS_TO_END = 0.3

# The programs that run.
_started: set[int] = set()


@contextlib.contextmanager
def running(command: str | Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, started with the `options` of Popen, in a process group of its own.

    If it has not ended with the block it is ended then, with all processes that it started.
    """
    with contextlib.ExitStack() as starting:
        # What a signal raises within Popen would leave a process that nobody knows of.
        starting.enter_context(signals.held())
        # A group can be ended as a whole, and is not reached by the terminal's Ctrl-C.
        process = subprocess.Popen(command, start_new_session=True, **options)
        _started.add(process.pid)
        try:
            with signals.at_forced_end(partial(_signal, process, signal.SIGKILL)):
                starting.close()
                yield process
        finally:
            if process.returncode is None:
                _end(process)
            _started.discard(process.pid)


@contextlib.contextmanager
def running_with_descendants(
    command: Sequence[str], **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program as `running` does, and end at the end also what has left its process group.

    The program's parent is another process, which has the program's environment and none of ours,
    and ends it even when we are killed. Our own memory and environment cannot be read any more
    by programs of the same user, unless that is root.
    """
    descendants.hide_from_debuggers()
    lifeline, held = os.pipe()
    starter = [sys.executable, "-I", "-S", "-B", descendants.__file__, str(lifeline)]
    with (
        os.fdopen(lifeline, "rb") as its_end,
        os.fdopen(held, "wb") as our_end,
        _orphans_ended(),
        running([*starter, *command], pass_fds=[lifeline], **options) as process,
    ):
        its_end.close()
        try:
            yield process
        finally:
            our_end.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS_TO_END)
            kill(process)


@contextlib.contextmanager
def _orphans_ended() -> Iterator[None]:
    """End what the program leaves if it has killed the process that would end it."""
    descendants.adopt_orphans()
    earlier = descendants.children()
    try:
        yield
    finally:
        descendants.end_descendants(spare=earlier | _started)
        descendants.adopt_orphans(adopt=False)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill all that is left of the process group that a program was run in."""
    _signal(process, signal.SIGKILL)
    process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_END)
    kill(process)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The group outlives its first process as long as there is any other in it. On macOS it is not
    # permitted to send anything to one of which nothing runs any more.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
