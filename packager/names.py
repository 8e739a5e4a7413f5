"""Names of variables, files and everything else, as they can be shown on one line."""

from __future__ import annotations

# What the names of our temporary folders begin with.
PRIVATE_FOLDER = "heroku-lambda-packager-"


def printable(text: str) -> str:
    """Replace what a terminal could not or should not print (control characters, line ends, marks
    that turn the direction of writing, halves of surrogate pairs) by escapes.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )
