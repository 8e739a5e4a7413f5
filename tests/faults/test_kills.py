"""Signals at random moments: nothing is left, and every output is the old or the new one."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.faults import canaries, kills
from tests.faults.conftest import ALL
from tests.service import Service

RUNS = 100 if ALL else 4
LONGEST = 0.7  # seconds; about as long as a run takes


@pytest.mark.parametrize("number", kills.SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("command", ["build", "deploy"])
def test_a_signal_at_any_moment_leaves_no_temporary_file(
    command: str, number: signal.Signals, service: Service, jars: Path, tmp_path: Path
) -> None:
    """After SIGKILL, the next run removes temporary files; no output is ever incomplete."""
    moments = kills.moments(command, number)

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
        env = canaries.settings(service.url, function)
        process = kills.Command(*arguments, env=env, temporary=temporary)
        process.signal_after(after, number)
        if number == signal.SIGKILL:
            kills.age(temporary)
            again = canaries.run(*arguments, env=env, folder=folder)
            assert again.status == 0, again.stderr
        assert [*temporary.iterdir()] == []
        assert {path.name for path in folder.iterdir()} <= {"temporary", "logging", "out.jar"}
        if output.read_bytes() != b"old":
            assert kills.is_complete(output.read_bytes())
        if service.stored(function) != before:
            assert kills.is_complete(service.stored(function))

    kills.attempt_at_each(attempt, [moments.uniform(0, LONGEST) for _ in range(RUNS)])


# The removal of this many files takes a while.
REMOVING = """
from packager import workspace

with workspace.private_folder() as folder:
    for number in range(5000):
        (folder / str(number)).touch()
    print("full", flush=True)
"""


@pytest.mark.parametrize("run", range(RUNS // 4))
def test_a_signal_during_the_removal_of_temporary_files_leaves_none(
    run: int, temporary: Path
) -> None:
    """The removal continues after the signal."""
    process = kills.python(REMOVING, temporary)
    assert process.stdout
    process.stdout.readline()
    time.sleep(kills.moments("removing", run).uniform(0, 0.05))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=kills.PATIENCE)
    assert [*temporary.iterdir()] == []
