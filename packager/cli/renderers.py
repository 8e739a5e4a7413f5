"""Show progress as plain lines, on a terminal, or as JSON. Each renderer is a sink for events."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from packager.cli.terminal import is_terminal, show, show_json
from packager.lazy import lazy
from packager.progress import (
    BytesSent,
    Event,
    Note,
    StageEnded,
    StageStarted,
    Warning,
    readable,
)

if TYPE_CHECKING:
    from rich import console as rich_console
    from rich import progress as rich_progress
else:
    # Only a terminal shows a bar, and rich takes longer to load than the whole packager.
    rich_console = lazy("rich.console")
    rich_progress = lazy("rich.progress")


# A smaller package is sent before a bar can be read.
_LEAST_WITH_BAR = 1 << 20


class PlainLines:
    """Shows each stage, note and warning as a line, on stderr if `err`."""

    def __init__(self, *, quiet: bool, verbose: bool, err: bool) -> None:
        """If `quiet`, show nothing; details only if `verbose`."""
        self._quiet = quiet
        self._verbose = verbose
        self._err = err

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if self._quiet:
            return
        match event:
            case StageStarted():
                show(event.message, err=self._err)
            case Note() if self._verbose or not event.detail:
                show(f"  {event.text}", err=self._err)
            case Warning():
                show(("Warning: ", "yellow"), event.text, err=True)

    def close(self) -> None:
        """End the progress, because other output follows."""


class Terminal(PlainLines):
    """Shows lines, and a bar while a package is sent."""

    _bar: tuple[rich_progress.Progress, rich_progress.TaskID] | None = None

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, BytesSent):
            if not self._quiet and event.total >= _LEAST_WITH_BAR:
                self._move_bar(event)
        else:
            self.close()
            super().__call__(event)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar[0].stop()
            self._bar = None

    def _move_bar(self, event: BytesSent) -> None:
        if self._bar is None and event.sent >= event.total:
            return
        if self._bar is None:
            self._bar = _new_bar(event.total, err=self._err)
        bar, task = self._bar
        shown = f"{readable(event.sent)} of {readable(event.total)}"
        bar.update(task, completed=event.sent, shown=shown)
        if event.sent >= event.total:
            self.close()


class JsonLines:
    """Writes each event as a JSON object on a line of its own, with its time."""

    def __call__(self, event: Event) -> None:
        """Write an event, except the progress of a transfer."""
        match event:
            case StageStarted():
                self.write("stageStarted", stage=event.name, message=event.message)
            case StageEnded():
                self.write("stageEnded", stage=event.name, seconds=event.seconds)
            case Note():
                self.write("note", text=event.text, detail=event.detail)
            case Warning():
                self.write("warning", text=event.text)
            case BytesSent() if event.sent >= event.total:
                self.write("sent", bytes=event.total)

    def write(self, event: str, **fields: object) -> None:
        """Write an object with these fields."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        show_json({"event": event, "time": moment} | fields)

    def close(self) -> None:
        """Do nothing: every line is complete."""


def for_people(*, quiet: bool, verbose: bool, err: bool) -> PlainLines:
    """Choose between plain lines and those of a terminal."""
    kind: Callable[..., PlainLines] = Terminal if is_terminal(err=err) else PlainLines
    return kind(quiet=quiet, verbose=verbose, err=err)


def _new_bar(total: int, *, err: bool) -> tuple[rich_progress.Progress, rich_progress.TaskID]:
    bar = rich_progress.Progress(
        rich_progress.TextColumn("  Sending"),
        rich_progress.BarColumn(),
        rich_progress.TextColumn("{task.fields[shown]}"),
        rich_progress.TimeRemainingColumn(),
        rich_progress.TextColumn("left"),
        console=rich_console.Console(stderr=err),
        transient=True,
    )
    bar.start()
    return bar, bar.add_task("", total=total, shown="")
