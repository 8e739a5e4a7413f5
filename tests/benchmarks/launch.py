"""Runs a command, and writes to a file how long it took and the most memory it held.

    python launch.py RESULT COMMAND [ARGUMENT …]

A process of its own, as small as it can be: on Linux a new process counts the memory of the one
that started it as its own peak (exec_mmap in fs/exec.c).
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Run the command of `sys.argv`; the result's seconds are wall clock, its peak bytes."""
    result, *command = sys.argv[1:]
    start = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    # getrusage(2): kilobytes, and on macOS bytes; of the process and those that it waited for.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    with open(result, "w") as file:  # noqa: PTH123 - pathlib would be half of our own memory
        json.dump({"status": status, "seconds": seconds, "peak": peak}, file)


main()
