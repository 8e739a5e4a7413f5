"""The events that the library reports while it works."""

from __future__ import annotations

import pytest

from packager.progress import (
    BytesSent,
    Event,
    Note,
    Progress,
    StageEnded,
    StageStarted,
    Warning,
    readable,
)


def test_stages_notes_and_warnings_reach_the_sink_as_typed_events() -> None:
    """Each report is one event, in order."""
    events: list[Event] = []
    times = iter([1.0, 1.5])
    progress = Progress(sink=events.append, clock=lambda: next(times))
    with progress.stage("package", "Packaging app"):
        progress.note("n")
        progress.detail("d")
        progress.warn("w")
    assert events == [
        StageStarted("package", "Packaging app"),
        Note("n"),
        Note("d", detail=True),
        Warning("w"),
        StageEnded("package", 0.5),
    ]


def test_a_stage_that_fails_still_ends() -> None:
    """The sink receives the end of the stage, and the error is raised."""
    events: list[Event] = []
    with pytest.raises(OSError), Progress(sink=events.append).stage("wait", "Waiting"):
        raise OSError
    assert isinstance(events[-1], StageEnded)


def test_the_seconds_of_a_stage_that_runs_twice_are_added_up() -> None:
    """For example, a deploy may read the state more than once."""
    times = iter([0.0, 1.0, 5.0, 7.0])
    progress = Progress(clock=lambda: next(times))
    for _ in range(2):
        with progress.stage("state", "Asking"):
            pass
    assert progress.seconds == {"state": 3.0}


def test_a_transfer_is_shown_in_bytes_of_the_package_however_it_is_encoded() -> None:
    """In base64, a package of 300 bytes has 400."""
    events: list[Event] = []
    sent = Progress(sink=events.append).sending(300)
    sent(100, 400)
    sent(400, 400)
    assert events == [BytesSent(75, 300), BytesSent(300, 300)]


def test_sizes_are_shown_in_kb_or_mb() -> None:
    assert [readable(size) for size in (512, 1 << 20, 20_616_642)] == [
        "0.5 kB",
        "1.0 MB",
        "19.7 MB",
    ]
