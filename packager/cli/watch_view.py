"""Show the runs of `packager watch`: a line for each run, or a JSON object for each event."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from packager.cli.console import color_of, parsed
from packager.cli.release_view import as_json
from packager.cli.renderers import JsonLines
from packager.cli.terminal import (
    begin_line,
    begin_of,
    end_of,
    erase_line_above,
    erase_status,
    is_terminal,
    show,
    show_paragraph,
    show_response,
    show_status,
    terminal_width,
    width,
)
from packager.errors import PackagerError
from packager.names import printable
from packager.progress import (
    BytesSent,
    Event,
    Note,
    Progress,
    StageEnded,
    StageStarted,
    Warning,
    readable,
)

if TYPE_CHECKING:
    from packager.watch.engine import Run
    from packager.watch.run import Cause

# Continuation lines are indented to the column after the time.
_COLUMN = len("12:34:56  ")

# A path is not cut to less than this.
_SHORTEST_PATH = 12


def new_view(
    *, json_lines: bool, quiet: bool, verbose: bool, notices_enter: bool
) -> WatchLines | WatchJson:
    """Return the view for these options."""
    if json_lines:
        return WatchJson()
    return WatchLines(quiet=quiet, verbose=verbose, notices_enter=notices_enter)


class WatchLines:
    """Shows runs to people: on a terminal the current stage first, then the result."""

    def __init__(self, *, quiet: bool, verbose: bool, notices_enter: bool = False) -> None:
        """If `quiet`, show only failures and notices, on stderr; if `verbose`, timings, too.

        If the session `notices_enter`, say that the user can press it.
        """
        self._quiet = quiet
        self._verbose = verbose and not quiet
        self._has_status = is_terminal() and not quiet
        self._notices_enter = notices_enter and self._has_status
        self._is_printing = ""  # the stage in which a program of the user may print
        self._status = ""
        self._progress = Progress()
        self._shown: set[str] = set()
        self._last_failure = ""

    def started(self, cause: Cause) -> Progress:
        """Show that a run begins."""
        if cause.requested and self._has_status:
            erase_line_above()  # the previous status, and the Enter after it
        self._status = f"{_time()}  {_changes(cause)}"
        self._progress = Progress(sink=self._show_event)
        return self._progress

    def succeeded(self, cause: Cause, run: Run) -> None:
        """Show the outcome of the deploy, and the handler's response."""
        if run.failure is not None:
            self.failed(cause, run.failure, None)
            return
        self._last_failure = ""
        if run.stopped:
            if not self._quiet:
                self._show_success(cause, "  stopped: a file was saved", "yellow")
            return
        outcome = run.release.outcome
        size = f", {readable(run.release.package.size)}" if outcome == "deployed" else ""
        if not self._quiet:
            self._show_success(cause, f"  {outcome}: {run.function}{size}", color_of(outcome))
        self._show_seconds()
        if run.response is not None and not self._quiet:
            show_response(run.response)

    def failed(self, cause: Cause, error: PackagerError, retry_in: float | None) -> None:
        """Show the error, unless a retry fails in the same way as before."""
        if not cause.retry or error.message != self._last_failure:
            self._last_failure = error.message
            self._show_line(f"{_changes(cause)}  failed: {error.message}", "red")
            hint = error.hint
            if retry_in is not None and not self._has_status:
                hint += f" Retrying in {retry_in:g} s."
            if hint:
                show_paragraph(hint.strip(), indent=_COLUMN, err=self._quiet)
            self._show_seconds()
        self._show_next(retry_in)

    def _show_next(self, retry_in: float | None) -> None:
        """Show when or how the failed run is retried."""
        if retry_in is not None:
            at = time.strftime("%H:%M:%S", time.localtime(time.time() + retry_in))
            enter = ", or when you press Enter" if self._notices_enter else ""
            self._status = _time()
            self._show_status(f"Retrying at {at}{enter}")
        elif self._notices_enter:
            self._status = _time()
            self._show_status("Press Enter to run it again")
        else:
            self._erase_status()

    def notice(self, text: str) -> None:
        """Show a text that does not belong to a run."""
        self._show_line(text)

    def close(self) -> None:
        """Erase the status from the terminal."""
        self._erase_status()

    def _show_event(self, event: Event) -> None:
        match event:
            case StageStarted():
                self._show_status(event.message)
                if event.prints and self._has_status:
                    show()  # so that the program's output begins on a new line
                    self._is_printing = event.name
            case StageEnded() if event.name == self._is_printing:
                begin_line()  # after the program's output
                self._is_printing = ""
            case BytesSent() if event.sent < event.total:
                self._show_status(
                    f"Sending {event.sent / event.total:.0%} of {readable(event.total)}"
                )
            case Note() if event.detail:
                if self._verbose:
                    self._erase_status()
                    show_paragraph(event.text, indent=_COLUMN)
            case Note() | Warning() if event.text not in self._shown:
                # Each text is shown once, because every run may repeat it.
                self._shown.add(event.text)
                is_warning = isinstance(event, Warning)
                if self._quiet and not is_warning:
                    return
                text = f"Warning: {event.text}" if is_warning else event.text
                self._show_line(text, "yellow" if is_warning else None)

    def _show_status(self, text: str) -> None:
        if self._has_status:
            show_status(f"{self._status}  {text} …")

    def _erase_status(self) -> None:
        if self._has_status:
            erase_status()

    def _show_line(self, text: str, color: str | None = None) -> None:
        """Show a paragraph, with --quiet, too."""
        self._erase_status()
        show_paragraph(f"{_time()}  {text}", color=color, hang=_COLUMN, err=self._quiet)

    def _show_success(self, cause: Cause, end: str, color: str) -> None:
        """Show a line that fits on the terminal; cut the path of the cause if necessary."""
        self._erase_status()
        changes = _changes(cause)
        if self._has_status:
            changes, end = printable(changes), printable(end)
            room = terminal_width() - _COLUMN
            changes = end_of(changes, max(room - width(end), _SHORTEST_PATH))
            end = begin_of(end, room - width(changes))
        show((f"{_time()}  {changes}{end}", color))

    def _show_seconds(self) -> None:
        """Show how long each stage took."""
        seconds = self._progress.seconds
        if self._verbose and seconds:
            shown = " · ".join(f"{name} {took:.2f} s" for name, took in seconds.items())
            show_paragraph(shown, indent=_COLUMN)


class WatchJson:
    """Shows runs to programs: an object for each event of a run, and one for its end."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._lines = JsonLines()
        self._progress = Progress()

    def started(self, cause: Cause) -> Progress:
        """Show that a run begins."""
        self._progress = Progress(sink=self._lines)
        self._lines.write("started", **_fields(cause), retry=cause.retry)
        return self._progress

    def succeeded(self, cause: Cause, run: Run) -> None:
        """Show the outcome of the deploy, and the handler's response."""
        result = as_json(run.release, self._progress.seconds)
        if run.response is not None:
            result["response"] = parsed(run.response)
        if run.stopped:
            self._lines.write("stopped", **_fields(cause), **result)
        elif run.failure is not None:
            failure = {"error": run.failure.message, "hint": run.failure.hint, "retryIn": None}
            self._lines.write("failed", **_fields(cause), **result, **failure)
        else:
            self._lines.write(run.release.outcome, **_fields(cause), **result)

    def failed(self, cause: Cause, error: PackagerError, retry_in: float | None) -> None:
        """Show the error."""
        self._lines.write(
            "failed",
            **_fields(cause),
            error=error.message,
            hint=error.hint,
            retryIn=retry_in,
            seconds=self._progress.seconds,
        )

    def notice(self, text: str) -> None:
        """Show a text that does not belong to a run."""
        self._lines.write("notice", text=text)

    def close(self) -> None:
        """Do nothing: every line is complete."""


def _fields(cause: Cause) -> dict[str, object]:
    return {"cause": cause.path, "more": cause.more}


def _changes(cause: Cause) -> str:
    """Return the path of the changed file, and the number of other changed files."""
    more = f" (+{cause.more})" if cause.more else ""
    return f"{cause.path or ('Enter' if cause.requested else 'start')}{more}"


def _time() -> str:
    return time.strftime("%H:%M:%S")
