"""The packager's names, and other names made printable on one line."""

from __future__ import annotations

# The prefix of our temporary folders.
PRIVATE_FOLDER = "heroku-lambda-packager-"


def printable(text: str) -> str:
    """Escape characters that a terminal cannot or should not print: control characters, line ends,
    marks that change the direction of text, and lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )
