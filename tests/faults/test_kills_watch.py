"""Signals to `packager watch` in each of its activities: every process it has started ends."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import canaries, kills
from tests.faults.conftest import ALL
from tests.service import Service
from tests.trees import plant

RUNS = 12 if ALL else 1

# The build starts processes, and runs until `slow` is removed.
BUILD = "touch ../building; while [ -e ../slow ]; do sleep 0.1; done; touch ../built"


@dataclass(frozen=True)
class Watching:
    """A running `packager watch` of `folder`/app."""

    folder: Path
    process: kills.Command
    has_deployed: Callable[[], bool]

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition is true."""
        end = time.monotonic() + kills.PATIENCE
        while not condition():
            assert self.process.poll() is None
            assert time.monotonic() < end

    def has_a_child(self) -> bool:
        """Return whether a second process exists, even one that is only being started."""
        return len(kills.still_running(self.folder)) > 1

    def change(self) -> None:
        """Save a file of the app."""
        (self.folder / "app" / "index.js").write_text("exports.handler = async () => 2\n")


def at_start(watching: Watching) -> None:
    """The process starts, imports modules, or looks for files."""


def as_a_child_starts(watching: Watching) -> None:
    """A child process is between fork and exec, or has just started."""
    watching.until(watching.has_a_child)


def while_building(watching: Watching) -> None:
    """The build command and its processes run."""
    watching.until((watching.folder / "building").exists)


def while_deploying(watching: Watching) -> None:
    """The package is built and sent."""
    watching.until((watching.folder / "built").exists)


def when_idle(watching: Watching) -> None:
    """It waits for a change."""
    watching.until(watching.has_deployed)


def after_a_change(watching: Watching) -> None:
    """It waits for more changes, then builds and deploys again."""
    watching.until(watching.has_deployed)
    watching.change()


SLOW = (as_a_child_starts, while_building)

# The maximum seconds between the beginning of each activity and the signal.
ACTIVITIES = {
    at_start: 1.0,
    as_a_child_starts: 0.0,
    while_building: 0.3,
    while_deploying: 0.6,
    when_idle: 0.5,
    after_a_change: 1.0,
}


@pytest.mark.parametrize("number", kills.SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_any_moment_of_watching_ends_all_processes(
    number: signal.Signals, service: Service, tmp_path: Path
) -> None:
    """After SIGKILL, the next run removes files; the function's package is always complete."""
    moments = kills.moments("watch", number)

    def attempt(run: int, moment: tuple[Callable[[Watching], None], float]) -> None:
        activity, later = moment
        folder = tmp_path / str(run)
        app, temporary = folder / "app", folder / "temporary"
        plant(app, {"package.json": b"{}", "index.js": b"", "data.bin": bytes(1 << 20)})
        temporary.mkdir()
        if activity in SLOW:
            (folder / "slow").touch()
        function = f"watch-{number.name}-{run}"
        service.create_function(function)
        before = service.stored(function)
        env = canaries.settings(service.url, function)
        options = ("--build", BUILD, "--json-lines")
        process = kills.Command("watch", app, *options, env=env, temporary=temporary)
        try:
            activity(Watching(folder, process, lambda: service.stored(function) != before))
            process.signal_after(later, number)
        finally:
            process.kill()
        assert process.returncode in (128 + number, -number)
        if number == signal.SIGKILL:
            kills.end_orphans(folder)
            kills.age(temporary)
            again = kills.Command("deploy", app, env=env, temporary=temporary)
            shown = again.end()
            assert again.returncode == 0, shown
        kills.assert_none_running(folder)
        assert [*temporary.iterdir()] == []
        if service.stored(function) != before:
            assert kills.is_complete(service.stored(function))

    kills.attempt_at_each(
        attempt,
        [
            (activity, moments.uniform(0, longest))
            for activity, longest in ACTIVITIES.items()
            for _ in range(RUNS)
        ],
    )
