"""Ranges of versions as package.json writes them (https://github.com/npm/node-semver#ranges).

They are compared only for warnings, so a range that cannot be read here fits every version.
"""

from __future__ import annotations

import re

_Version = tuple[int, int, int]
_Range = tuple[_Version, _Version]  # the first version, and the end, which is not in the range

_ANY = 1 << 60
_END: _Version = (_ANY, 0, 0)

_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:\+[\w.-]+)?")
_PART = r"(x|X|\*|\d{1,9})"
_COMPARATOR = re.compile(
    rf"(>=|<=|>|<|=|\^|~>?)?\s*v?{_PART}(?:\.{_PART})?(?:\.{_PART})?(-[\w.-]+)?(?:\s+|$)"
)
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")

# With these operators, a prerelease accepts the same releases as the release after it.
_MAY_NAME_PRERELEASES = frozenset({"^", "~", "~>", ">=", "<"})


def fits(version: str, wanted: str) -> bool:
    """Return whether a `version` is in the range `wanted`, as far as both can be read."""
    match, ranges = _VERSION.fullmatch(version), _ranges(wanted)
    if match is None or ranges is None:
        return True
    found = (int(match[1]), int(match[2]), int(match[3]))
    return any(first <= found < end for first, end in ranges)


def fits_major(major: int, wanted: str) -> bool:
    """Return whether a version of that `major` is in the range `wanted`, if this can be read."""
    ranges = _ranges(wanted)
    if ranges is None:
        return True
    return any(first < (major + 1, 0, 0) and (major, 0, 0) < end for first, end in ranges)


def _ranges(wanted: str) -> list[_Range] | None:
    """Return the alternatives of a range; None if one cannot be read."""
    alternatives = [_alternative(text.strip()) for text in wanted.split("||")]
    found = [one for one in alternatives if one]
    return found if len(found) == len(alternatives) else None


def _alternative(text: str) -> _Range | None:
    if hyphen := _HYPHEN.fullmatch(text):
        text = f">={hyphen[1]} <={hyphen[2]}"
    first, end, position = (0, 0, 0), _END, 0
    while position < len(text):
        match = _COMPARATOR.match(text, position)
        if match is None or (match[5] and match[1] not in _MAY_NAME_PRERELEASES):
            return None
        below, above = _comparator(match[1] or "=", match.groups()[1:4])
        first, end, position = max(first, below), min(end, above), match.end()
    return first, end


def _comparator(operator: str, parts: tuple[str | None, ...]) -> _Range:
    numbers = [int(part) for part in parts if part and part.isdecimal()]
    known = next((at for at, part in enumerate(parts) if not (part and part.isdecimal())), 3)
    numbers = numbers[:known]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    first = (major, minor, patch)
    if not known:
        return (first, first) if operator in (">", "<") else (first, _END)
    following = _after(first, known)
    match operator:
        case ">=":
            return first, _END
        case ">":
            return following, _END
        case "<":
            return (0, 0, 0), first
        case "<=":
            return (0, 0, 0), following
        case "^":
            # The first number that is not 0 stays.
            significant = next((at for at, number in enumerate(first) if number), 2)
            return first, _after(first, min(known, significant + 1))
        case "~" | "~>":
            return first, _after(first, min(known, 2))
    return first, following


def _after(version: _Version, known: int) -> _Version:
    """Return the first version that differs from this one in its first `known` numbers."""
    major, minor, patch = version
    return [(major + 1, 0, 0), (major, minor + 1, 0), (major, minor, patch + 1)][known - 1]
