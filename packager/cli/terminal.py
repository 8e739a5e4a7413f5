"""Write to stdout and stderr. No other module does, so that all text is made printable here.

Names of files, AWS's messages, a handler's errors and the like can contain escape sequences. So
everything that is shown passes `printable`; line ends and colours are added after that.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from packager.lazy import lazy
from packager.names import printable

if TYPE_CHECKING:
    from rich import cells
else:
    cells = lazy("rich.cells")

# Text, or text with its colour.
Part = str | tuple[str, str]

_ERASE_LINE = "\r\x1b[K"
_LINE_ABOVE_AND_BELOW = "\x1b[A\r\x1b[J"


def show(*parts: Part, err: bool = False) -> None:
    """Show the parts as one line."""
    click.echo(_styled(parts, err=err), err=err)


def show_paragraph(
    text: str, *, color: str | None = None, indent: int = 0, hang: int = 0, err: bool = False
) -> None:
    """Show text that may be long: on a terminal in lines that fit, broken between words.

    The first line is indented by `indent` columns, the others by `hang` more.
    """
    lines = [" " * indent + printable(text)]
    if is_terminal(err=err):
        lines = textwrap.wrap(
            printable(text),
            terminal_width(),
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hang),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [" " * indent]
    for line in lines:
        show((line, color) if color else line, err=err)


def show_status(text: str, *, err: bool = False) -> None:
    """Show a line in place of the last status; it stays until something else is shown."""
    click.echo(_ERASE_LINE + begin_of(printable(text), terminal_width() - 1), err=err, nl=False)


def erase_status(*, err: bool = False) -> None:
    """Remove what `show_status` has shown."""
    click.echo(_ERASE_LINE, err=err, nl=False)


def erase_line_above(*, err: bool = False) -> None:
    """Remove the line above, which Enter has ended, and everything below; continue there."""
    click.echo(_LINE_ABOVE_AND_BELOW, err=err, nl=False)


def begin_line(*, err: bool = False) -> None:
    """Continue at the beginning of a line: the next one if a program has written to this one.

    Only the terminal knows where its cursor is. But a full line of spaces reaches the next line
    only if the cursor was not at the beginning.
    """
    click.echo(" " * terminal_width() + _ERASE_LINE, err=err, nl=False)


def show_json(value: Mapping[str, object]) -> None:
    """Show an object for programs, on stdout: exact, with everything but ASCII escaped."""
    click.echo(json.dumps(value))


def show_response(response: str) -> None:
    """Show a handler's response unchanged, on stdout: it may be piped to another program."""
    click.echo(response)


def show_script(script: str) -> None:
    """Show one of our scripts for a shell unchanged, on stdout."""
    click.echo(script)


def is_terminal(*, err: bool = False) -> bool:
    """Return whether the stream goes to a terminal, not to a file or another program."""
    return (sys.stderr if err else sys.stdout).isatty()


def terminal_width() -> int:
    """Return the number of columns of the terminal."""
    return shutil.get_terminal_size().columns


def width(text: str) -> int:
    """Return how many columns of a terminal a line takes: Chinese characters take two."""
    return len(text) if text.isascii() else cells.cell_len(text)


def begin_of(text: str, columns: int) -> str:
    """Cut a line at its end, so that it fits."""
    if width(text) <= columns:
        return text
    return f"{_longest(text, columns - 1)}…" if columns > 0 else ""


def end_of(text: str, columns: int) -> str:
    """Cut a line at its beginning, so that it fits: the end of a path is its most useful part."""
    return text if width(text) <= columns else f"…{_longest(text[::-1], columns - 1)[::-1]}"


def _longest(text: str, columns: int) -> str:
    """Return the longest beginning of `text` that fits."""
    for number, character in enumerate(text):
        columns -= width(character)
        if columns < 0:
            return text[:number]
    return text


def _styled(parts: tuple[Part, ...], *, err: bool) -> str:
    # https://no-color.org
    is_colored = is_terminal(err=err) and not os.environ.get("NO_COLOR")
    line = ""
    for part in parts:
        text, color = (part, None) if isinstance(part, str) else part
        text = printable(text)
        line += click.style(text, fg=color) if color and is_colored else text
    return line
