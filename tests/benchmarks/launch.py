"""Run a command, and write its duration and its peak memory to a file.

    python launch.py RESULT COMMAND [ARGUMENT …]

This runs in its own minimal process: on Linux, the peak of a new process includes the memory of the
process that started it (exec_mmap in fs/exec.c).
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Run the command of `sys.argv`; the result contains wall-clock seconds and peak bytes."""
    result, *command = sys.argv[1:]
    start = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    # getrusage(2): in kilobytes (macOS: bytes), for the process and those that it has waited for.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    with open(result, "w") as file:  # noqa: PTH123 - pathlib would double our own memory
        json.dump({"status": status, "seconds": seconds, "peak": peak}, file)


main()
