"""When the watch mode deploys: quiet time, retries, and changes that never end."""

from __future__ import annotations

import pytest

from packager.watch.schedule import FIRST_RETRY, LONGEST_RETRY, RESTLESS, Schedule

QUIET = 0.2


@pytest.fixture
def schedule() -> Schedule:
    return Schedule(QUIET)


def test_without_a_change_nothing_is_due(schedule: Schedule) -> None:
    assert schedule.seconds_left(0.0) is None
    assert schedule.take(1e9) is None


def test_a_change_is_due_when_the_quiet_time_is_over_and_only_once(schedule: Schedule) -> None:
    schedule.changed(10.0)
    assert schedule.seconds_left(10.0) == pytest.approx(QUIET)
    assert schedule.take(10.1) is None
    assert schedule.take(10.2) == "change"
    assert schedule.take(10.3) is None
    assert schedule.seconds_left(10.3) is None


def test_each_further_change_starts_the_quiet_time_again(schedule: Schedule) -> None:
    for moment in (0.0, 0.15, 0.30, 0.45):
        schedule.changed(moment)
        assert schedule.take(moment + 0.1) is None
    assert schedule.take(0.65) == "change"


def test_an_overdue_change_is_due_now(schedule: Schedule) -> None:
    schedule.changed(0.0)
    assert schedule.seconds_left(5.0) == 0.0


def test_a_transient_failure_is_retried_with_growing_pauses_up_to_a_minute(
    schedule: Schedule,
) -> None:
    now, pauses = 0.0, []
    for _ in range(8):
        pause = schedule.failed(now, retries=True)
        assert pause is not None
        assert schedule.seconds_left(now) == pytest.approx(pause)
        assert schedule.take(now + pause - 0.01) is None
        now += pause
        assert schedule.take(now) == "retry"
        pauses.append(pause)
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_RETRY, LONGEST_RETRY]


def test_after_a_success_the_next_failure_is_retried_soon(schedule: Schedule) -> None:
    for _ in range(3):
        schedule.failed(0.0, retries=True)
    schedule.succeeded()
    assert schedule.seconds_left(0.0) is None
    assert schedule.failed(0.0, retries=True) == FIRST_RETRY


def test_a_lasting_failure_waits_for_a_change(schedule: Schedule) -> None:
    schedule.failed(0.0, retries=True)
    assert schedule.failed(0.5, retries=False) is None
    assert schedule.seconds_left(0.5) is None
    schedule.changed(0.6)
    assert schedule.take(0.6 + QUIET) == "change"


def test_a_change_does_not_wait_for_a_retry(schedule: Schedule) -> None:
    for _ in range(7):
        schedule.failed(0.0, retries=True)
    schedule.changed(1.0)
    assert schedule.take(1.0 + QUIET) == "change"


def test_a_retry_waits_for_changes_to_end_and_is_not_forgotten(schedule: Schedule) -> None:
    schedule.failed(0.0, retries=True)
    schedule.changed(FIRST_RETRY - 0.1)
    assert schedule.take(FIRST_RETRY) is None
    assert schedule.take(FIRST_RETRY + 0.1) == "change"
    assert schedule.take(FIRST_RETRY + 0.1) == "retry"


def test_changes_that_never_end_are_reported_once(schedule: Schedule) -> None:
    reported = []
    for tick in range(int(3 * RESTLESS / 0.1)):
        now = tick * 0.1
        schedule.changed(now)
        reported.append(schedule.restless(now))
        assert schedule.take(now) is None
    assert reported.count(True) == 1
    assert reported.index(True) == round(RESTLESS / 0.1)


def test_changes_with_pauses_between_them_are_not_reported(schedule: Schedule) -> None:
    for tick in range(100):
        now = float(tick)
        schedule.changed(now)
        assert not schedule.restless(now)
        assert schedule.take(now + QUIET) == "change"
