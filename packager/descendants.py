"""End the processes that a program has started, also those that have left its process group.

python -I -S -B descendants.py LIFELINE PROGRAM ARGUMENT…

runs a program, and kills all its descendants when it ends. When the other end of the pipe LIFELINE
is closed, it kills the program, too. The script imports no other module of the packager: the
program could read the memory and environment of its parent, which is this process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path

# https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html and …/PR_SET_DUMPABLE
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36

# Some descendants cannot be killed: those of another user, or that wait for a broken disk.
_SECONDS_TO_END = 3.0
_PAUSE = 0.005


def adopt_orphans(*, adopt: bool = True) -> None:
    """On Linux, become the parent of every descendant whose parent ends, or stop doing so.

    Elsewhere a descendant can be found only while its parents live.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, adopt)


def hide_from_debuggers() -> None:
    """On Linux, hide our memory and environment from processes of the same user, except root."""
    _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def end_descendants(*, spare: Collection[int] = ()) -> None:
    """Kill all descendants of this process, except the children in `spare` and theirs."""
    end = time.monotonic() + _SECONDS_TO_END
    while time.monotonic() < end:
        found = _descendants(spare)
        if not found:
            return
        for process, parent in found.items():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
            if parent == os.getpid():
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process, os.WNOHANG)
        time.sleep(_PAUSE)


def children() -> set[int]:
    """Return the ids of our child processes."""
    return {process for process, parent in _parents() if parent == os.getpid()}


def _descendants(spare: Collection[int]) -> dict[int, int]:
    """Return our descendants, each with its parent, except the children in `spare` and theirs."""
    parents = dict(_parents())
    found: dict[int, int] = {}
    generation = [os.getpid()]
    while generation:
        children = [
            process
            for process, parent in parents.items()
            if parent in generation and process not in spare
        ]
        found |= {process: parents[process] for process in children}
        generation = children
    return found


def _parents() -> Iterator[tuple[int, int]]:
    """Yield each process of the machine with its parent."""
    if sys.platform != "linux":
        import subprocess  # not needed on Linux

        ps = subprocess.Popen(["ps", "-Ao", "pid=,ppid="], stdout=subprocess.PIPE)
        table, _ = ps.communicate()
        for line in table.splitlines():
            process, parent = map(int, line.split())
            if process != ps.pid:
                yield process, parent
        return
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # The process has just ended.
            # PID (NAME) STATE PPID …, where the name can hold anything.
            state = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            yield int(folder.name), int(state[1])


def _main(lifeline: int, command: list[str]) -> int:
    import _thread  # needed only by this script

    adopt_orphans()
    os.set_inheritable(lifeline, False)
    # SIGTERM goes to our whole process group; we wait until the program ends.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ignored = [signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ]  # Python ignores the last two.
    program = os.posix_spawn(command[0], command, os.environ, setsigdef=ignored)

    def end_with_the_packager() -> None:
        os.read(lifeline, 1)
        with contextlib.suppress(ProcessLookupError):
            os.kill(program, signal.SIGKILL)

    _thread.start_new_thread(end_with_the_packager, ())
    _, status = os.waitpid(program, 0)
    end_descendants()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    os._exit(_main(int(sys.argv[1]), sys.argv[2:]))
