"""Invariants of when watch mode acts, for any sequence of events."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from packager.watch.schedule import Schedule

QUIET = 0.25

# Binary fractions, whose sums are exact.
STEPS = st.lists(st.integers(0, 64).map(lambda number: number / 64), max_size=60)


def runs(moments: list[float], schedule: Schedule) -> list[float]:
    """Report changes at `moments`, act as soon as a run is due, and return the runs' times."""
    acted = []
    for moment, following in zip(moments, [*moments[1:], float("inf")], strict=False):
        schedule.changed(moment)
        left = schedule.seconds_left(moment)
        assert left is not None
        if moment + left < following:
            assert schedule.take(moment + left) == "change"
            acted.append(moment + left)
    return acted


@given(STEPS)
def test_each_quiet_time_ends_with_one_run(steps: list[float]) -> None:
    moments = [sum(steps[: count + 1]) for count in range(len(steps))]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    expected = sum(gap > QUIET for gap in gaps) + bool(moments)
    acted = runs(moments, Schedule(QUIET))
    assert len(acted) == expected
    assert all(moment - QUIET in moments for moment in acted)


EVENTS = st.sampled_from(["change", "look", "success", "transient failure", "lasting failure"])


@given(st.lists(st.tuples(st.integers(0, 64).map(lambda number: number / 64), EVENTS)))
def test_a_run_is_due_within_the_quiet_time_after_any_change(
    events: list[tuple[float, str]],
) -> None:
    schedule = Schedule(QUIET)
    now, unseen = 0.0, False
    for step, event in events:
        now += step
        match event:
            case "change":
                schedule.changed(now)
                unseen = True
            case "look":
                unseen = unseen and schedule.take(now) != "change"
            case "success":
                schedule.succeeded()
            case failure:
                schedule.failed(now, retries=failure.startswith("transient"))
        left = schedule.seconds_left(now)
        if unseen:
            assert left is not None
            assert left <= QUIET
