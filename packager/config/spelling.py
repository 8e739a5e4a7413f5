"""Names that are misspelt."""

from __future__ import annotations

from collections.abc import Iterable

# Up to so many letters changed, added or left out, a name is taken for a misspelt one.
_MOST_EDITS = 2


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that `name` probably means; None if it is near to none."""
    distances = {
        other: _edits(name, other) for other in names if abs(len(other) - len(name)) <= _MOST_EDITS
    }
    if not distances:
        return None
    best = min(distances, key=lambda other: distances[other])
    return best if distances[best] <= _MOST_EDITS else None


def _edits(one: str, other: str) -> int:
    """Count the letters to be changed, added or left out (Levenshtein)."""
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
