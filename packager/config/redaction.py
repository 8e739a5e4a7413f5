"""Takes secrets out of words that come from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

# Shorter ones (a port, a flag) say nothing, and taking them out would leave no word whole.
_SHORTEST = 6


def hiding(secrets: Iterable[str]) -> Callable[[str], str]:
    """Make a function that puts `***` for every one of `secrets`, and for every line of one."""
    lines = {line.strip() for secret in secrets for line in [secret, *secret.splitlines()]}
    # The longest first: one may be a part of another.
    found = sorted((line for line in lines if len(line) >= _SHORTEST), key=len, reverse=True)
    if not found:
        return str
    pattern = re.compile("|".join(map(re.escape, found)))
    return lambda text: pattern.sub("***", text)
