"""The build command, run before each packaging."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from packager import subprocesses
from packager.config import settings
from packager.errors import PackagerError


class BuildError(PackagerError):
    """The build command failed."""

    transient = False


def run(command: str, folder: Path, timeout: float) -> None:
    """Run the shell's `command` in `folder`, for at most `timeout` seconds.

    Its environment lacks the packager's settings, and its output goes to stderr. If it does not end
    in time, or the packager is interrupted, it is killed with all processes that it started.

    Raises BuildError.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(settings.SETTING_PREFIX)
    }
    with subprocesses.running(  # noqa: S604 - the user's own line, written for the shell
        command,
        shell=True,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
    ) as process:
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise BuildError(
                f"The build command did not end within {timeout:g} s and was killed.",
                "Give it more time with --timeout SECONDS.",
            ) from None
    if status != 0:
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        raise BuildError(f"The build command failed ({how}).", "See its output.")
