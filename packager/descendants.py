"""Ends the processes that a program has started, also those that have left its process group.

python -I -S -B descendants.py LIFELINE PROGRAM ARGUMENT…

runs a program so: it ends with all its descendants when it has ended itself, or when nobody holds
the other end of the pipe LIFELINE any more. It needs no other module of the packager, as it stands
between the packager and a program that may look at its parent's environment and memory.
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

# For descendants that cannot be killed: another user's, or those that wait for a broken disk.
_SECONDS_TO_END = 3.0
_PAUSE = 0.005


def adopt_orphans(*, adopt: bool = True) -> None:
    """On Linux, become the parent of every descendant whose own parent ends, or no longer do so.

    Elsewhere a descendant is only found while its parents live.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, adopt)


def hide_from_debuggers() -> None:
    """On Linux, let processes of the same user read neither our memory nor our environment.

    It does not hold for root.
    """
    _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def end_descendants(*, spare: Collection[int] = ()) -> None:
    """Kill all descendants of this process, but for the children in `spare` and theirs."""
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
    """Return the processes whose parent is this one."""
    return {process for process, parent in _parents() if parent == os.getpid()}


def _descendants(spare: Collection[int]) -> dict[int, int]:
    """The parent of each of our descendants, but for the children in `spare` and theirs."""
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
    """Give each process of the machine with its parent."""
    if sys.platform != "linux":
        import subprocess  # here, as Linux does without

        ps = subprocess.Popen(["ps", "-Ao", "pid=,ppid="], stdout=subprocess.PIPE)
        table, _ = ps.communicate()
        for line in table.splitlines():
            process, parent = map(int, line.split())
            if process != ps.pid:
                yield process, parent
        return
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # It has ended meanwhile.
            # PID (NAME) STATE PPID …, where the name can hold anything.
            state = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            yield int(folder.name), int(state[1])


def _main(lifeline: int, command: list[str]) -> int:
    import _thread  # here, as the packager does without

    adopt_orphans()
    os.set_inheritable(lifeline, False)
    # The program's group is ours; at its end it is asked to end, and we follow.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ignored = [signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ]  # the last two by Python itself
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
