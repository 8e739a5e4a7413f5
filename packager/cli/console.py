"""Show a command's progress, its result or its error, for people or for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from packager.cli.renderers import JsonLines, for_people
from packager.cli.terminal import show, show_json, show_response
from packager.config.inputs import Config
from packager.errors import PackagerError
from packager.progress import Note, Progress


class Console:
    """Shows the progress of a command and its result."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        json_lines: bool = False,
        quiet: bool = False,
        verbose: bool = False,
        shows_response: bool = False,
    ) -> None:
        """Show it `as_json` (one object), as `json_lines` (one for each event), or for people.

        With `as_json`, or if the command `shows_response`, only the result goes to stdout.
        """
        self._as_json = as_json
        self._json_lines = JsonLines() if json_lines else None
        self._quiet = quiet
        self._err = as_json or shows_response
        self._renderer = self._json_lines or for_people(quiet=quiet, verbose=verbose, err=self._err)

    def progress(self) -> Progress:
        """Return the sink to which the library reports progress."""
        return Progress(sink=self._renderer)

    def report(self, config: Config) -> None:
        """Show notes and warnings about the config."""
        for event in config.events:
            self._renderer(event)

    def detail(self, text: str) -> None:
        """Show text that is only shown with --verbose."""
        self._renderer(Note(text, detail=True))

    def finish(
        self, result: Mapping[str, object], lines: Sequence[str], response: str | None = None
    ) -> None:
        """Show the result: as JSON, or as `lines`, the first of which names the outcome."""
        self._renderer.close()
        if self._json_lines:
            self._json_lines.write(str(result["outcome"]), **result)
        elif self._as_json:
            show_json(result)
        else:
            if not self._quiet:
                color = color_of(str(result["outcome"]))
                for number, line in enumerate(lines):
                    show(line if number else (line, color), err=self._err)
            if response is not None:
                show_response(response)

    def list(self, result: Mapping[str, object], names: Sequence[str]) -> None:
        """Show a list as the result."""
        if self._as_json:
            show_json(result)
        else:
            for name in names:
                show(name)

    def __enter__(self) -> Console:
        """Start, without showing anything yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the terminal."""
        self._renderer.close()


def color_of(outcome: str) -> str:
    """Return the colour of a result that is not an error; yellow if nothing was done."""
    return "yellow" if outcome in ("held back", "not released", "moved back") else "green"


def parsed(response: str) -> object:
    """Return a handler's response as a value for JSON: parsed, or else its text."""
    try:
        value = json.loads(response)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return response
    return value


def show_error(error: PackagerError) -> None:
    """Show an error and its hint, on stderr."""
    show(("Error: ", "red"), error.message, err=True)
    if error.hint:
        show(f"  {error.hint}", err=True)


def show_left(folder: Path) -> None:
    """Warn that a private folder could not be removed, on stderr."""
    show(("Warning: ", "yellow"), f"{folder} could not be removed. It may hold config.", err=True)
    show("  Remove it by hand, as the user that it belongs to.", err=True)


def show_failure(error: PackagerError, *, json_lines: bool) -> None:
    """Show for programs that the command has failed, on stdout."""
    result = {**error.result, "error": error.message, "hint": error.hint}
    if json_lines:
        JsonLines().write("failed", **result)
    else:
        show_json(result | {"outcome": "failed"})


def show_usage_error(error: click.ClickException) -> None:
    """Show an error of the command line, with the command's usage."""
    if isinstance(error, click.UsageError) and error.ctx:
        for line in error.ctx.get_usage().splitlines():
            show(line, err=True)
        if error.ctx.help_option_names:
            option = error.ctx.help_option_names[-1]
            show(f"Try `{error.ctx.command_path} {option}` for help.", err=True)
        show(err=True)
    show(("Error: ", "red"), error.format_message(), err=True)
