"""What is shown: plain lines, a progress bar on a terminal, or JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from packager.errors import PackagerError
from packager.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Console:
    """Shows the course of a command and its end."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False, verbose: bool = False):
        """With `as_json`, stdout holds one object and nothing else: the rest goes to stderr."""
        self._as_json = as_json
        self._quiet = quiet
        self._verbose = verbose
        self._bar: tuple[Bar, TaskID] | None = None

    def progress(self) -> Progress:
        """Make the library's way to tell us what it does."""
        return Progress(say=self.say, detail=self.detail, sent=self.sent)

    def say(self, line: str) -> None:
        """Show a line, unless --quiet."""
        self._close_bar()
        if not self._quiet:
            click.echo(line, err=self._as_json)

    def detail(self, line: str) -> None:
        """Show a line with --verbose."""
        if self._verbose:
            self.say(line)

    def sent(self, done: int, total: int) -> None:
        """Move the bar of an upload, where stdout is a terminal."""
        if self._quiet or self._as_json or not sys.stdout.isatty():
            return
        if self._bar is None:
            self._bar = _new_bar(total)
        bar, task = self._bar
        bar.update(task, completed=done)
        if done >= total:
            self._close_bar()

    def finish(self, result: Mapping[str, object], lines: list[str]) -> None:
        """Show how the command ended: `result` for machines, `lines` for people."""
        self._close_bar()
        if self._as_json:
            show_json(result)
        else:
            for line in lines:
                self.say(line)

    def __enter__(self) -> Console:
        """Start; nothing is shown yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the terminal back as it was."""
        self._close_bar()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar[0].stop()
            self._bar = None


def show_error(error: PackagerError) -> None:
    """Show an error and its hint, on stderr."""
    click.echo(f"Error: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


def show_left(folder: Path) -> None:
    """Warn that a private folder could not be removed, on stderr."""
    click.echo(f"Warning: {folder} could not be removed. It may hold config.", err=True)
    click.echo("  Remove it by hand, as the user that it belongs to.", err=True)


def show_json(result: Mapping[str, object]) -> None:
    """Show an object for machines, on stdout."""
    click.echo(json.dumps(result))


def _new_bar(total: int) -> tuple[Bar, TaskID]:
    # Here, as a terminal alone shows a bar, and rich takes longer to load than all of ours.
    from rich.progress import BarColumn, DownloadColumn, TransferSpeedColumn
    from rich.progress import Progress as RichProgress

    bar = RichProgress(BarColumn(), DownloadColumn(), TransferSpeedColumn(), transient=True)
    bar.start()
    return bar, bar.add_task("sent", total=total)
