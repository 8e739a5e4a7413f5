"""What `packager watch` shows: one line a run, or one JSON object an event."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING

import click

from packager.cli.deploy import summary
from packager.errors import PackagerError
from packager.names import printable
from packager.progress import Progress, readable
from packager.watch import BUILDING

if TYPE_CHECKING:
    from packager.watch.engine import Run
    from packager.watch.session import Cause

_COLORS = {"deployed": "green", "unchanged": "green", "failed": "red"}
_ERASE_LINE = "\r\x1b[K"


class WatchView:
    """Shows runs: on a terminal each first as what is being done, then as what has become of it."""

    def __init__(self, *, as_json: bool, quiet: bool, verbose: bool) -> None:
        """With `as_json`, stdout holds one object a line; with `quiet`, only failures are shown."""
        self._as_json = as_json
        self._quiet = quiet
        self._verbose = verbose
        self._is_terminal = sys.stdout.isatty() and not as_json and not quiet
        self._is_colored = self._is_terminal and not os.environ.get("NO_COLOR")
        self._running = ""
        self._progress = Progress()
        self._notices: set[str] = set()
        self._last_failure = ""

    def started(self, cause: Cause) -> Progress:
        """Show that a run begins."""
        self._running = _line(cause)
        self._progress = Progress(say=self._say, detail=self._detail, sent=self._sent)
        self._tell("started", cause=cause.path, more=cause.more, retry=cause.retry)
        return self._progress

    def succeeded(self, cause: Cause, run: Run) -> None:
        """Show how the function was deployed."""
        self._last_failure = ""
        deployment = run.deployment
        result, _ = summary(deployment, run.function, self._progress.seconds)
        if run.answer is not None:
            result["answer"] = run.answer
        self._tell(deployment.outcome, cause=cause.path, more=cause.more, **result)
        size = readable(deployment.package.size)
        what = f"{run.function}, {size}" if deployment.outcome == "deployed" else run.function
        self._show_end(cause, deployment.outcome, what)
        if run.answer is not None:
            self._show(run.answer)
        if run.failure is not None:
            self.failed(cause, run.failure, None)

    def failed(self, cause: Cause, error: PackagerError, retry_in: float | None) -> None:
        """Show what went wrong; but not again and again what every new try meets."""
        self._tell(
            "failed",
            cause=cause.path,
            more=cause.more,
            error=error.message,
            hint=error.hint,
            retryIn=retry_in,
            seconds=self._progress.seconds,
        )
        if cause.retry and error.message == self._last_failure:
            self._erase()
            return
        self._last_failure = error.message
        self._show_end(cause, "failed", error.message, always=True)
        hint = error.hint if retry_in is None else f"{error.hint} It is tried again meanwhile."
        if hint:
            self._show(f"          {hint.strip()}", always=True)

    def notice(self, text: str) -> None:
        """Show what concerns no single run."""
        self._tell("notice", text=text)
        self._show(f"{_time()}  {text}", always=True)

    def close(self) -> None:
        """Leave the terminal without what was being done."""
        self._erase()

    def _say(self, message: str) -> None:
        """Show a stage; what is said beside the stages, indented, is shown once."""
        if message.startswith(" "):
            if message not in self._notices:
                self._notices.add(message)
                self.notice(message.strip())
        else:
            self._show_running(message)
            if message == BUILDING and self._is_terminal:
                # What the command prints follows, and not on the same line.
                click.echo()

    def _detail(self, message: str) -> None:
        if self._verbose:
            self._show(message)

    def _sent(self, done: int, total: int) -> None:
        if done < total:
            self._show_running(f"Sending {done / total:.0%} of {readable(total)}")

    def _show_running(self, what: str) -> None:
        if self._is_terminal:
            line = f"{self._running}  {what} …"[: shutil.get_terminal_size().columns - 1]
            click.echo(_ERASE_LINE + line, nl=False)

    def _erase(self) -> None:
        if self._is_terminal:
            click.echo(_ERASE_LINE, nl=False)

    def _show_end(self, cause: Cause, outcome: str, what: str, *, always: bool = False) -> None:
        stages = " · ".join(f"{name} {took:.2f}" for name, took in self._progress.seconds.items())
        seconds = f"  ({stages} s)" if stages else ""
        shown = click.style(outcome, fg=_COLORS[outcome]) if self._is_colored else outcome
        self._show(f"{_line(cause)}  {shown}: {what}{seconds}", always=always)

    def _show(self, line: str, *, always: bool = False) -> None:
        if self._as_json or (self._quiet and not always):
            return
        self._erase()
        click.echo(line, err=self._quiet)

    def _tell(self, event: str, **fields: object) -> None:
        if self._as_json:
            moment = time.strftime("%Y-%m-%dT%H:%M:%S%z")
            click.echo(json.dumps({"event": event, "time": moment} | fields))


def _line(cause: Cause) -> str:
    """Say when it is, and which file caused the run."""
    file = "start" if cause.path is None else printable(cause.path)
    return f"{_time()}  {file}{f' (+{cause.more})' if cause.more else ''}"


def _time() -> str:
    return time.strftime("%H:%M:%S")
