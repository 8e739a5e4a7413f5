"""Find the name that a misspelt one probably means."""

from __future__ import annotations

from collections.abc import Iterable

# A name counts as misspelt up to this many changed, added or missing letters.
_MOST_EDITS = 2


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that `name` probably means; None if none is similar."""
    distances = {
        other: _edits(name, other) for other in names if abs(len(other) - len(name)) <= _MOST_EDITS
    }
    if not distances:
        return None
    best = min(distances, key=lambda other: distances[other])
    return best if distances[best] <= _MOST_EDITS else None


def _edits(one: str, other: str) -> int:
    """Return the edit distance: letters to change, add or remove (Levenshtein)."""
    previous = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, another in enumerate(other, 1):
            current.append(
                min(
                    previous[column] + 1,
                    current[-1] + 1,
                    previous[column - 1] + (letter != another),
                )
            )
        previous = current
    return previous[-1]
