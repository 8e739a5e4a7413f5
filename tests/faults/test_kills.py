"""Signals at random moments: nothing is left, and every output is the old one or the new one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults import canaries
from tests.faults.conftest import ALL
from tests.service import Service, bare_environment

SEED = 7
RUNS = 100 if ALL else 8
LONGEST = 0.7  # Seconds; a run takes about so long.
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]


def killed(arguments: list[str], env: dict[str, str], number: int, after: float) -> str:
    """Start `packager`, send it the signal, and give what it has shown."""
    process = subprocess.Popen(
        [sys.executable, "-m", "packager", *arguments],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        return process.communicate(timeout=after)[0]
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        return process.communicate(timeout=60)[0]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("command", ["build", "deploy"])
def test_a_signal_at_any_moment(
    command: str, number: signal.Signals, service: Service, jars: Path, tmp_path: Path
) -> None:
    """Nothing temporary is left (after SIGKILL: by the next run), no output is half written."""
    moments = random.Random(f"{SEED} {command} {number}")

    def attempt(run: int, after: float) -> None:
        folder = tmp_path / str(run)
        temporary, output = folder / "temporary", folder / "out.jar"
        temporary.mkdir(parents=True)
        function = f"{command}-{number.name}-{run}"
        service.create_function(function)
        before = service.stored(function)
        output.write_bytes(b"old")
        arguments = [command, str(jars), "--jar", "small.jar"]
        arguments += ["-o", str(output)] if command == "build" else []
        env = bare_environment(temporary) | canaries.settings(service.url, function)
        shown = killed(arguments, env, number, after)
        assert canaries.traces(shown) == []
        if number == signal.SIGKILL:
            for left in temporary.iterdir():  # Older than what might be just about to be locked.
                os.utime(left, (0, 0))
            again = canaries.run(*arguments, env=env, folder=folder)
            assert again.status == 0, again.stderr
        assert [*temporary.iterdir()] == []
        assert {path.name for path in folder.iterdir()} <= {"temporary", "logging", "out.jar"}
        if output.read_bytes() != b"old":
            assert whole(output)
        if service.stored(function) != before:
            output.write_bytes(service.stored(function))
            assert whole(output)

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(attempt, run, moments.uniform(0, LONGEST)) for run in range(RUNS)]
        for ended in runs:
            ended.result()


def whole(package: Path) -> bool:
    """Tell whether every entry can be read, the config among them."""
    with zipfile.ZipFile(package) as archive:
        return archive.testzip() is None and "env.properties" in archive.namelist()
