"""Remove secrets from text that other programs and services produce."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable

# Shorter values (a port, a flag) are not secret, and replacing them would make text unreadable.
_SHORTEST = 6


def hiding(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a function that replaces each of `secrets`, and each of their lines, by `***`."""
    lines = {line.strip() for secret in secrets for line in [secret, *secret.splitlines()]}
    # The longest first, because one may be part of another.
    found = sorted((line for line in lines if len(line) >= _SHORTEST), key=len, reverse=True)
    if not found:
        return str

    @functools.cache  # Compiled when it is needed: most deploys hide nothing.
    def pattern() -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, found)))

    return lambda text: pattern().sub("***", text) if text else text
