"""Signals while `packager vendor` writes: every file is the old one or the new one."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.faults import kills
from tests.faults.conftest import ALL
from tests.trees import contents

RUNS = 50 if ALL else 4
LONGEST = 0.3  # seconds; about as long as a run takes
WRITING = 0.004  # the seconds of it in which files are written

OLD = b"// an older copy, and longer than any of the new ones\n" * 2000


def until_it_writes(process: kills.Command, folder: Path) -> None:
    """Wait until the first file is being written, or the process has ended."""
    before = folder.stat().st_mtime_ns
    while folder.stat().st_mtime_ns == before and process.poll() is None:
        time.sleep(0)


@pytest.mark.parametrize("number", kills.SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_any_moment_of_vendoring_leaves_each_file_old_or_new(
    number: signal.Signals, tmp_path: Path
) -> None:
    """No other file remains; after SIGKILL, the next run removes them."""
    moments = kills.moments("vendor", number)
    new = tmp_path / "new"
    new.mkdir()
    kills.Command("vendor", "node", new, env={}, temporary=tmp_path).end()
    wanted = contents(new)
    assert len(wanted) > 1

    def attempt(run: int, moment: tuple[bool, float]) -> None:
        aimed, after = moment
        project, temporary = tmp_path / str(run), tmp_path / f"temporary-{run}"
        temporary.mkdir()
        for name in wanted:
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_bytes(OLD)
        arguments = ("vendor", "node", project, "--force")
        process = kills.Command(*arguments, env={}, temporary=temporary)
        if aimed:
            until_it_writes(process, project / "env-properties")
        process.signal_after(after, number)
        found = contents(project)
        assert all(found[name] in (OLD, content) for name, content in wanted.items())
        if number == signal.SIGKILL:
            again = kills.Command(*arguments, env={}, temporary=temporary)
            again.end()
            assert again.returncode == 0
            assert contents(project) == wanted
        assert contents(project).keys() == wanted.keys()
        assert [*temporary.iterdir()] == []

    aimed = [(True, moments.uniform(0, WRITING)) for _ in range(RUNS)]
    kills.attempt_at_each(
        attempt, [*aimed, *((False, moments.uniform(0, LONGEST)) for _ in range(RUNS))]
    )
