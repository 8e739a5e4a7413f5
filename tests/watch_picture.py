"""`python -m tests.watch_picture` draws docs/watch.svg: a terminal that runs `packager watch`."""

from __future__ import annotations

import io
import itertools
import re
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

from tests.integration.test_watch_screens import COLUMNS, PATIENCE, on_a_terminal

PICTURE = Path(__file__).parents[1] / "docs" / "watch.svg"
OPTIONS = ("--local", "--env-file", ".env", "--invoke", '{"name": "Ana"}')

# The text to save, and a pattern of the output that it leads to.
_SCENES = (
    ("exports.handler = async (event) => `Hello, ${event.name}!`\n", r"Hello, Ana!"),
    ("exports.handler = async (event) => `Grüezi, ${event.name}!`\n", r"Grüezi, Ana!"),
    ("exports.handler = async () => { throw 'no database' }\n", r"Press Enter"),
    ("exports.handler = async (event) => `Salut, ${event.name}!`\n", r"Salut, Ana!"),
)


def draw() -> str:
    """Run watch in a terminal, save a file several times, and return the screen as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        app, temporary = Path(folder, "my-function"), Path(folder, "temporary")
        app.mkdir()
        temporary.mkdir()
        lines = list(_lines(app, temporary))
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text(shlex.join(["$", "packager", "watch", *OPTIONS]).replace("'$'", "$")))
    for line in lines:
        console.print(line)
    svg = console.export_svg(title="my-function", unique_id="watch")
    # rich's style would load fonts from another server.
    return re.sub(r"\s*@font-face \{[^}]*\}", "", svg)


def _lines(app: Path, temporary: Path) -> Iterator[Text]:
    (app / "package.json").write_text("{}")
    (app / ".env").write_text("LEVEL=info\n")
    source = app / "index.js"
    source.write_text(_SCENES[0][0])
    with on_a_terminal(app, *OPTIONS, temporary=temporary) as screen:
        for text, shown in _SCENES:
            source.write_text(text)
            end = time.monotonic() + PATIENCE
            while not re.search(shown, "\n".join(screen.display()), re.MULTILINE):
                if time.monotonic() > end:
                    raise TimeoutError("\n".join(screen.display()))
                screen.read(0.1)
        for row in screen.rows():
            yield _styled(row)


def _styled(row: list[pyte.screens.Char]) -> Text:
    line = Text()
    for color, cells in itertools.groupby(row, key=lambda cell: cell.fg):
        style = "" if color == "default" else color.replace("brown", "yellow")
        line.append("".join(cell.data for cell in cells), style)
    line.rstrip()
    return line


if __name__ == "__main__":
    PICTURE.write_text(draw())
    sys.stdout.write(f"{PICTURE}\n")
