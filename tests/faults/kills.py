"""Signals to running commands, and what is looked for afterwards."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.faults import canaries
from tests.service import bare_environment

SEED = 7
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]

# How long anything may take on a busy machine, in seconds; waited for only as long as it lasts.
PATIENCE = 60.0

Moment = TypeVar("Moment")


def moments(*what: object) -> random.Random:
    """Make the generator that chooses the moments of a test: the same ones each time."""
    return random.Random(f"{SEED} {' '.join(map(str, what))}")


class Command(subprocess.Popen[bytes]):
    """`packager`, as the first of a process group, as a shell starts it."""

    def __init__(self, *arguments: str | Path, env: Mapping[str, str], temporary: Path) -> None:
        # A file, as its children would hold a pipe open.
        self._shown = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed by `end`
        super().__init__(
            [sys.executable, "-m", "packager", *map(str, arguments)],
            env=bare_environment(temporary) | dict(env),
            stdout=self._shown,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def end(self) -> str:
        """Wait for its end; give what it has shown, which is no secret."""
        with self._shown:
            self.wait(PATIENCE)
            self._shown.seek(0)
            shown = self._shown.read().decode()
        assert canaries.traces(shown) == []
        return shown

    def killed_after(self, seconds: float, number: signal.Signals) -> str:
        """Send the signal after so many seconds, if it still runs; give what it has shown."""
        try:
            self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.send_signal(number)
        return self.end()


def each(attempt: Callable[[int, Moment], None], chosen: Iterable[Moment]) -> None:
    """Attempt it at each of the moments that were chosen, two at once; the first failure counts."""
    with ThreadPoolExecutor(2) as pool:
        for ended in [pool.submit(attempt, *numbered) for numbered in enumerate(chosen)]:
            ended.result()


def left_running(folder: Path) -> set[int]:
    """Find the processes that were told of what is in `folder`, or work in it: a command's.

    While a process becomes another program (exec) its environment reads as empty, so that this
    alone would miss one that is just being started; the working directory it has all along.
    """
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # It has ended meanwhile, or is another user's.
            told = bytes(folder) + b"/" in (process / "environ").read_bytes()
            if told or (process / "cwd").readlink().is_relative_to(folder):
                found.add(int(process.name))
    return found


def assert_none_left_running(folder: Path) -> None:
    """Check that all children end with the command; the system may take a moment for it."""
    end = time.monotonic() + PATIENCE
    while left := left_running(folder):
        assert time.monotonic() < end, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left]
        time.sleep(0.02)


def end_orphans(folder: Path) -> None:
    """End the children of a command that SIGKILL has ended, which could not do so itself."""
    while left := left_running(folder):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def age(*folders: Path) -> None:
    """Let what was left there be older than what another run might be just about to lock."""
    for folder in folders:
        for left in folder.glob("*"):
            os.utime(left, (0, 0))


def whole(package: bytes) -> bool:
    """Return whether every entry can be read, the config among them."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return archive.testzip() is None and "env.properties" in archive.namelist()
