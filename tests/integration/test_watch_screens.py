"""The screens of `packager watch --local` in a terminal of 80 columns, as readable files.

`screens/` has a file for each scene, with the lines that it adds, each after its colour. Times and
sizes are HH:MM:SS and N kB there. After an intended change, `WRITE_SCREENS=1 pytest
tests/integration/test_watch_screens.py` writes the files again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest
from rich.cells import cell_len

from tests.commands import bare_environment
from tests.conftest import requires

SCREENS = Path(__file__).with_name("screens")
COLUMNS, ROWS = 80, 120

# Maximum seconds for a scene on a busy machine; normally it ends earlier.
PATIENCE = 90.0
WRITES = "WRITE_SCREENS" in os.environ
SECONDS_TO_SETTLE = 12.0

PLACEHOLDERS = ((r"\d\d:\d\d:\d\d", "HH:MM:SS"), (r"\d+\.\d kB", "N kB"))


class Screen:
    """A terminal with the command in its foreground."""

    def __init__(self, terminal: int, process: subprocess.Popen[bytes]) -> None:
        self.terminal = terminal
        self.process = process
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._row = 0

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self.terminal, key.encode())

    def read(self, seconds: float) -> None:
        """Show what the command writes, after a wait of at most some seconds."""
        if select.select([self.terminal], [], [], seconds)[0]:
            with contextlib.suppress(OSError):  # The command has ended.
                self._stream.feed(os.read(self.terminal, 65536))

    def text(self) -> str:
        """Return the lines of this scene, each after its colour; the last may still be empty."""
        lines = [self._line(row) for row in range(self._row, self._screen.cursor.y + 1)]
        return "".join(f"{line}\n" for line in lines).removesuffix(f"{' ':6} |\n")

    def display(self) -> list[str]:
        """Return all lines of the screen."""
        return list(self._screen.display)

    def rows(self) -> list[list[pyte.screens.Char]]:
        """Return the characters of all lines down to the cursor, with their colours."""
        end = self._screen.cursor.y + 1
        return [
            [self._screen.buffer[row][column] for column in range(COLUMNS)] for row in range(end)
        ]

    def shows(self, scene: str) -> None:
        """Wait until the screen equals the file of the scene, and begin the next scene."""
        file = SCREENS / f"{scene}.txt"
        end = time.monotonic() + (SECONDS_TO_SETTLE if WRITES else PATIENCE)
        expected = file.read_text() if file.exists() and not WRITES else None
        while (shown := self.text()) != expected and time.monotonic() < end:
            self.read(0.1)
        if WRITES:
            file.write_text(shown)
        else:
            assert shown == expected
        self._row = self._screen.cursor.y

    def _line(self, row: int) -> str:
        cells = [self._screen.buffer[row][column] for column in range(COLUMNS)]
        colors = {cell.fg for cell in cells if cell.data.strip()}
        text = "".join(cell.data for cell in cells).rstrip()
        for pattern, placeholder in PLACEHOLDERS:
            text = re.sub(pattern, placeholder, text)
        color = " and ".join(sorted(colors - {"default"}))
        return f"{color.replace('brown', 'yellow'):6} | {text}".rstrip()


@contextlib.contextmanager
def on_a_terminal(folder: Path, *options: str, temporary: Path) -> Iterator[Screen]:
    """Run `packager watch` of the app in `folder`, as a shell does in the foreground."""
    terminal, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "packager", "watch", *options],
        cwd=folder,
        env=bare_environment(temporary) | {"TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    try:
        yield Screen(terminal, process)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def save(app: Path, body: str) -> None:
    """Save the handler."""
    (app / "index.js").write_text(f"exports.handler = async () => {{ {body} }}\n")


@requires("node")
def test_the_screens_of_a_session(tmp_path: Path, temporary: Path) -> None:
    """A start, saves, a handler that hangs, failures, Enter, a broken app, and Ctrl-C."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "package.json").write_text('{"name": "app", "version": "1.0.0"}')
    (tmp_path / "config.env").write_text("GREETING=hello\n")
    save(app, "console.log('greeting'); return { greeting: 'hello' }")
    options = ["app", "--local", "--env-file", "config.env"]
    with on_a_terminal(tmp_path, *options, temporary=temporary) as screen:
        screen.shows("1-start")

        save(app, "process.stdout.write('no line end'); return 2")
        (app / "other.js").write_text("saved, too")
        screen.shows("2-two-files-saved")

        save(app, "console.log('round and round'); for (;;);")
        screen.shows("3-handler-hangs")

        save(app, "console.log('once'); return 4")
        screen.shows("4-save-stops-it-and-starts-over")

        save(app, "throw 'no database'")
        screen.shows("5-handler-fails")

        screen.press("\n")
        screen.shows("6-enter-runs-it-again")

        (app / "link").symlink_to("folder")
        screen.shows("7-app-is-broken")

        save(app, "return 8")
        screen.shows("8-save-while-it-is-broken")

        screen.press("\n")
        screen.shows("9-enter-retries")

        (app / "folder").mkdir()
        screen.shows("10-app-is-whole-again")

        (app / f"{'長い名前' * 12}.js").touch()
        screen.shows("11-wide-name")

        screen.press("\x03")
        screen.shows("12-ctrl-c")
        assert screen.process.wait(PATIENCE) == 130
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("file", sorted(SCREENS.glob("*.txt")), ids=lambda file: file.stem)
def test_a_screen_has_at_most_80_columns_and_each_result_one_colour(file: Path) -> None:
    """The session above checks the contents; these are the rules for all files."""
    lines = [line.split(" | ", 1) for line in file.read_text().splitlines()]
    assert all(cell_len(text) <= COLUMNS for _, text in lines)
    results = [
        (color.strip(), text)
        for color, text in lines
        if re.match("HH.*(deployed:|failed:|stopped:)", text)
    ]
    assert all(color in ("green", "red", "yellow") for color, _ in results)
