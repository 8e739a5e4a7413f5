"""Send signals to running commands, and find what they leave behind."""

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
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.commands import bare_environment
from tests.faults import canaries
from tests.proxy import Exchange, Fault, forward

SEED = 7
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]

# Maximum seconds to wait on a busy machine; normally everything ends earlier.
PATIENCE = 60.0

Moment = TypeVar("Moment")


def moments(*what: object) -> random.Random:
    """Return a generator that chooses a test's moments: the same ones in every run."""
    return random.Random(f"{SEED} {' '.join(map(str, what))}")


class Command(subprocess.Popen[bytes]):
    """`packager` as the leader of a process group, as a shell starts it."""

    def __init__(self, *arguments: str | Path, env: Mapping[str, str], temporary: Path) -> None:
        # A file, because child processes would keep a pipe open.
        self._shown = tempfile.TemporaryFile()  # noqa: SIM115 - `end` closes it
        super().__init__(
            [sys.executable, "-m", "packager", *map(str, arguments)],
            env=bare_environment(temporary) | dict(env),
            stdout=self._shown,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def end(self) -> str:
        """Wait for the end and return the output, which must not contain a secret."""
        with self._shown:
            self.wait(PATIENCE)
            self._shown.seek(0)
            shown = self._shown.read().decode()
        assert canaries.traces(shown) == []
        return shown

    def signal_after(self, seconds: float, number: signal.Signals) -> str:
        """Send the signal after some seconds if the process still runs, and return the output."""
        try:
            self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.send_signal(number)
        return self.end()


def signal_at_a_request(
    started: Future[Command],
    number: signal.Signals,
    later: float = 0,
    *,
    after_response: bool = False,
) -> Fault:
    """Return a fault that sends the signal some seconds before or after the response."""

    def send_signal(exchange: Exchange) -> None:
        process = started.result(PATIENCE)
        if after_response:
            forward(exchange)
        time.sleep(later)
        process.send_signal(number)
        if not after_response:
            forward(exchange)

    return send_signal


def upload(
    jars: Path, url: str, functions: str, *, bucket: str, temporary: Path, command: str = "deploy"
) -> Command:
    """Start a deploy or a watch of a package that can only be sent through S3."""
    env = canaries.settings(url, functions)
    return Command(command, jars / "large", "--s3-bucket", bucket, env=env, temporary=temporary)


def python(program: str, temporary: Path) -> subprocess.Popen[str]:
    """Start a Python program whose temporary files go to `temporary`."""
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env=bare_environment(temporary),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def attempt_at_each(attempt: Callable[[int, Moment], None], chosen: Iterable[Moment]) -> None:
    """Call `attempt` with each of the chosen moments, two at a time; raise the first failure."""
    with ThreadPoolExecutor(2) as pool:
        for ended in [pool.submit(attempt, *numbered) for numbered in enumerate(chosen)]:
            ended.result()


def still_running(folder: Path) -> set[int]:
    """Return the processes that have a path in `folder` in their environment, or work there.

    During an exec, a process's environment reads as empty. The working directory is always known,
    so it finds a process that is just being started.
    """
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has ended, or belongs to another user
            in_environment = bytes(folder) + b"/" in (process / "environ").read_bytes()
            if in_environment or (process / "cwd").readlink().is_relative_to(folder):
                found.add(int(process.name))
    return found


def assert_none_running(folder: Path) -> None:
    """Check that all child processes end with the command, after a moment for the system."""
    end = time.monotonic() + PATIENCE
    while left := still_running(folder):
        assert time.monotonic() < end, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left]
        time.sleep(0.02)


def end_orphans(folder: Path) -> None:
    """End the child processes of a command that SIGKILL has ended."""
    while left := still_running(folder):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def age(*folders: Path) -> None:
    """Make the remaining files old: the next run leaves young ones alone, as they may be in use."""
    for folder in folders:
        for left in folder.glob("*"):
            os.utime(left, (0, 0))


def is_complete(package: bytes) -> bool:
    """Return whether every entry is readable and the config is one of them."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return archive.testzip() is None and "env.properties" in archive.namelist()
