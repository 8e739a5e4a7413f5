"""The build command, run before each packaging."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from packager import settings
from packager.errors import PackagerError

# Between being asked to end and being ended: Ctrl-C has to end everything within a second.
_SECONDS_TO_END = 0.3


class BuildError(PackagerError):
    """The build command has failed."""


def run(command: str, folder: Path, timeout: float) -> None:
    """Run the shell's `command` in `folder`, for at most `timeout` seconds.

    It sees the environment without the packager's settings, and its output goes to our stderr. If
    it does not end in time, or we are interrupted, it is killed with all processes that it started.
    Raises BuildError.
    """
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(settings.PREFIX)
    }
    process = subprocess.Popen(  # noqa: S602 - the user's own line, written for the shell
        command,
        shell=True,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        # A group of its own can be killed as a whole, and is not reached by the terminal's Ctrl-C.
        start_new_session=True,
    )
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise BuildError(
            f"The build command did not end within {timeout:g} s and was killed.",
            "Give it longer by --timeout.",
        ) from None
    finally:
        if process.returncode is None:
            _kill(process)
    if status != 0:
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        raise BuildError(f"The build command failed ({how}).", "Its output says why.")


def _kill(process: subprocess.Popen[bytes]) -> None:
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_END)
    _signal(process, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if not hasattr(os, "killpg"):
        process.send_signal(number)
        return
    # The group outlives its first process as long as there is any other in it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
