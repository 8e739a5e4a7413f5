"""The previous versions of an alias, recorded in the alias's description.

`packager history: 11 9 !12`: the newest first; `!` marks a version that was rolled back. What the
user wrote into the description stays in front.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

# https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html, Description.
LIMIT = 256

_TITLE = "packager history:"
_FORM = re.compile(rf" ?{_TITLE}((?: !?[0-9]+)*)(?![0-9])")


@dataclass(frozen=True)
class Entry:
    """A version that the alias pointed to; `rolled_back` if a rollback took it out of service."""

    version: int
    rolled_back: bool = False

    def __str__(self) -> str:
        """Format the entry for the description."""
        return f"!{self.version}" if self.rolled_back else str(self.version)


@dataclass(frozen=True)
class History:
    """The user's `text` of a description, and the `entries`, newest first."""

    text: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def previous(self) -> int | None:
        """Return the version that a rollback goes to, if one is recorded."""
        return next((entry.version for entry in self.entries if not entry.rolled_back), None)

    @property
    def rolled_back(self) -> tuple[int, ...]:
        """Return the versions that a deploy must not make live again."""
        return tuple(entry.version for entry in self.entries if entry.rolled_back)

    def after_release(self, current: str, to: str) -> History:
        """Return the history once a deploy has moved the alias from version `current` to `to`.

        Versions that a rollback has marked are dropped, because the package is a different one.
        """
        kept = [entry for entry in self.entries if not entry.rolled_back]
        return self._with([*_entries(current), *kept], without=to)

    def after_rollback(self, current: str, to: str) -> History:
        """Return the history once a rollback has moved the alias from version `current` to `to`.

        `current` is marked, and so is each version between the two. A rollback to a marked or newer
        version goes forward again, and marks nothing.
        """
        target = int(to)
        if target in self.rolled_back or (current.isdigit() and target > int(current)):
            return self._with([*_entries(current), *self.entries], without=to)
        versions = [entry.version for entry in self.entries]
        position = versions.index(target) if target in versions else None
        marked = [
            replace(
                entry,
                rolled_back=entry.rolled_back
                or (entry.version > target if position is None else number < position),
            )
            for number, entry in enumerate(self.entries)
        ]
        rolled_back = [replace(entry, rolled_back=True) for entry in _entries(current)]
        return self._with([*rolled_back, *marked], without=to)

    def _with(self, entries: list[Entry], *, without: str) -> History:
        """Return a history of these entries, each version once."""
        newest: dict[int, Entry] = {}
        for entry in entries:
            newest.setdefault(entry.version, entry)
        return History(
            self.text, tuple(entry for entry in newest.values() if str(entry.version) != without)
        )


def _entries(version: str) -> list[Entry]:
    # An alias may point to $LATEST, but a rollback to it is impossible, because it has changed.
    return [Entry(int(version))] if version.isdigit() else []


def parse(description: str) -> History:
    """Read a history from an alias's description."""
    match = _FORM.search(description)
    if match is None:
        return History(description)
    entries = tuple(
        Entry(int(word.removeprefix("!")), word.startswith("!")) for word in match[1].split()
    )
    return History(description[: match.start()] + description[match.end() :], entries)


def format_description(history: History) -> str:
    """Return the description: the user's text, and as many of the entries as fit."""
    text = history.text
    head = f"{text} {_TITLE}" if text else _TITLE
    line = head
    for entry in history.entries:
        longer = f"{line} {entry}"
        if len(longer) > LIMIT:
            break
        line = longer
    return text if line == head else line
