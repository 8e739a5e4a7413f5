"""The history of an alias: what a release and a rollback record in its description."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.release.history import LIMIT, Entry, History, format_description, parse

versions = st.integers(min_value=1, max_value=10**6)
entries = st.lists(
    st.builds(Entry, versions, st.booleans()), max_size=20, unique_by=lambda entry: entry.version
).map(tuple)
# Short texts, repeated: hypothesis takes long to make long random ones.
texts = st.builds(
    lambda text, times: (text * times)[:LIMIT], st.text(max_size=30), st.integers(1, LIMIT)
).filter(lambda text: "packager history" not in text)


def released(description: str, current: str, to: str) -> str:
    return format_description(parse(description).after_release(current, to))


def rolled_back(description: str, current: str, to: str) -> str:
    return format_description(parse(description).after_rollback(current, to))


@pytest.mark.parametrize(
    ("before", "current", "to", "after"),
    [
        ("", "1", "2", "packager history: 1"),
        ("packager history: 1", "2", "3", "packager history: 2 1"),
        ("Live traffic", "1", "2", "Live traffic packager history: 1"),
        ("Live packager history: 1 of us", "2", "3", "Live of us packager history: 2 1"),
        # The fixed version after a rollback: what was rolled back is forgotten.
        ("packager history: !12 9 7", "11", "13", "packager history: 11 9 7"),
        # Somebody moved the alias by hand.
        ("packager history: 11 9", "8", "12", "packager history: 8 11 9"),
        ("packager history: 11 9", "9", "12", "packager history: 9 11"),
        ("packager history: 11 9", "12", "9", "packager history: 12 11"),
        # An alias of the user's own that pointed to $LATEST.
        ("", "$LATEST", "1", ""),
    ],
)
def test_a_release_records_the_previous_version(
    before: str, current: str, to: str, after: str
) -> None:
    """The description names the version that the alias had, in front of older ones."""
    assert released(before, current, to) == after


@pytest.mark.parametrize(
    ("before", "current", "to", "after"),
    [
        ("packager history: 11 9", "12", "11", "packager history: !12 9"),
        ("packager history: !12 9", "11", "9", "packager history: !11 !12"),
        ("Live packager history: 11", "12", "11", "Live packager history: !12"),
        # --to goes past versions in between: they are marked as well.
        ("packager history: 12 11 9", "13", "11", "packager history: !13 !12 9"),
        # --to a version that is not recorded.
        ("packager history: 12 11 9", "13", "10", "packager history: !13 !12 !11 9"),
        ("", "13", "10", "packager history: !13"),
        # --to a version that was rolled back, or that is newer, undoes the rollback.
        ("packager history: !12 9", "11", "12", "packager history: 11 9"),
        ("packager history: !11 !12 7", "9", "11", "packager history: 9 !12 7"),
        ("packager history: 9", "11", "14", "packager history: 11 9"),
    ],
)
def test_a_rollback_marks_the_versions_that_it_takes_out_of_service(
    before: str, current: str, to: str, after: str
) -> None:
    """A marked version stays back; the next rollback goes to the first one without a mark."""
    assert rolled_back(before, current, to) == after


def test_a_second_rollback_goes_further_back() -> None:
    """Each rollback goes to the version before the one it finds."""
    description, current = "packager history: 11 9 7", "12"
    seen = []
    while (previous := parse(description).previous) is not None:
        description = rolled_back(description, current, str(previous))
        current = str(previous)
        seen.append(previous)
    assert seen == [11, 9, 7]
    assert parse(description).rolled_back == (9, 11, 12)


@given(texts, entries)
def test_a_history_is_read_back_exactly(text: str, entries: tuple[Entry, ...]) -> None:
    """The user's text and the newest entries come back, within Lambda's limit."""
    description = format_description(History(text, entries))
    assert len(description) <= LIMIT
    history = parse(description)
    assert history.entries == entries[: len(history.entries)]
    assert history.text == text
    if len(text) < LIMIT // 2 and len(entries) < 5:
        assert history.entries == entries


@given(texts, entries, versions, versions)
def test_no_version_is_recorded_twice_and_the_live_one_is_not_recorded(
    text: str, entries: tuple[Entry, ...], current: int, to: int
) -> None:
    """After a release or a rollback, the history lists each other version once."""
    for after in (
        History(text, entries).after_release(str(current), str(to)),
        History(text, entries).after_rollback(str(current), str(to)),
    ):
        recorded = [entry.version for entry in after.entries]
        assert len(recorded) == len(set(recorded))
        assert to not in recorded
        assert after.text == text
