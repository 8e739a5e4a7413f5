"""Run other programs so that none outlives the packager, whenever a signal arrives."""

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

# The time from SIGTERM to SIGKILL: Ctrl-C must end everything within a second.
_SECONDS_TO_END = 0.3

# The process ids of running programs.
_started: set[int] = set()


@contextlib.contextmanager
def running(command: str | Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, with `options` for Popen, in a process group of its own.

    At the end of the block, a program that still runs is ended, with its whole group.
    """
    with contextlib.ExitStack() as starting:
        # An exception from a signal handler within Popen would leave an unknown process running.
        starting.enter_context(signals.held())
        # A group of its own can be ended as a whole, and does not receive the terminal's Ctrl-C.
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
    """Run a program as `running` does, and also end descendants that have left its process group.

    The program's parent is a separate process, which has the program's environment and not ours,
    and ends the program even if we are killed. From then on, other programs of the same user,
    except root, cannot read our memory and environment.
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
    """End descendants of a program that has killed its parent process."""
    descendants.adopt_orphans()
    earlier = descendants.children()
    try:
        yield
    finally:
        descendants.end_descendants(spare=earlier | _started)
        descendants.adopt_orphans(adopt=False)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group of a program, also if the program itself has ended."""
    _signal(process, signal.SIGKILL)
    process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_END)
    kill(process)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The group outlives its first process as long as it has others. macOS raises PermissionError
    # for a group in which no process runs any more.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
