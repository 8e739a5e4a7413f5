"""Names of variables and files, as they can be shown on one line."""

from __future__ import annotations

# What the names of our temporary folders begin with.
PRIVATE_FOLDER = "heroku-lambda-packager-"


def printable(name: str) -> str:
    """Show `name` with escapes for what a terminal could not or should not print."""
    return name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
