"""Output to a terminal is safe, whatever text comes from elsewhere."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from packager.cli.console import (
    Console,
    show_error,
    show_failure,
    show_left,
    show_usage_error,
)
from packager.cli.renderers import JsonLines, PlainLines, Terminal
from packager.cli.watch_view import WatchJson, WatchLines
from packager.errors import DeployError, PackagerError
from packager.function import Package
from packager.names import printable
from packager.progress import Event, Note, StageStarted, Warning
from packager.release.outcome import Deployment, Release
from packager.watch.engine import Run
from packager.watch.run import Cause

# Colours and clearing a line: the only escape sequences that the packager prints.
OURS = re.compile(r"\x1b\[\d+m|\r\x1b\[K")

# Characters with an effect on terminals: escape sequences, line ends, C1 codes, text direction.
HOSTILE = "\x1b[]0;2J\a\r\n\x9b\u202e\u2066\u2028\x00\x7f\ud800a"
TEXTS = st.text(min_size=1) | st.text(st.sampled_from(HOSTILE), min_size=1)


class Screen(io.StringIO):
    """A terminal that records its output."""

    def isatty(self) -> bool:
        return True


def events(text: str) -> list[Event]:
    return [
        StageStarted("package", text),
        StageStarted("build", text, prints=True),
        Note(text),
        Note(text, detail=True),
        Warning(text),
    ]


def show_events(renderer: PlainLines, text: str) -> None:
    for event in events(text):
        renderer(event)


def deploy(text: str) -> None:
    with Console(verbose=True) as console:
        console.detail(text)
        console.finish({"outcome": "deployed"}, [text, f"  {text}"])
        console.list({}, [text])


def watch(text: str) -> None:
    view = WatchLines(quiet=False, verbose=True)
    package = Package(Path(), 1, "00", 1)
    deployment = Deployment(text, text, "deployed", package, text)
    run = Run(Release((deployment,)), text)
    for cause in (Cause(text, 1, retry=False), Cause(text, 0, retry=True)):
        progress = view.started(cause)
        for event in events(text):
            progress.sink(event)
        view.succeeded(cause, run)
        view.failed(cause, PackagerError(text, text), 1.0)
    view.notice(text)
    view.close()


SHOWN: dict[str, Callable[[str], None]] = {
    "plain lines": lambda text: show_events(PlainLines(quiet=False, verbose=True, err=False), text),
    "lines on a terminal": lambda text: show_events(
        Terminal(quiet=False, verbose=True, err=True), text
    ),
    "a command": deploy,
    "watch": watch,
    "an error": lambda text: show_error(DeployError(text, text)),
    "a usage error": lambda text: show_usage_error(click.UsageError(text)),
    "a folder that remains": lambda text: show_left(Path("/tmp", text.replace("\0", ""))),
}


def on_screen(show: Callable[[], None], patch: pytest.MonkeyPatch) -> str:
    screen = Screen()
    patch.setattr(sys, "stdout", screen)
    patch.setattr(sys, "stderr", screen)
    patch.setenv("COLUMNS", "1000000")
    patch.delenv("NO_COLOR", raising=False)
    show()
    return screen.getvalue()


@pytest.mark.parametrize("kind", SHOWN)
@given(text=TEXTS)
def test_only_printable_characters_and_our_own_line_ends_reach_a_terminal(
    kind: str, text: str
) -> None:
    """A name or message from elsewhere cannot move the cursor, set a title, or add a line."""
    with pytest.MonkeyPatch.context() as patch:
        shown = on_screen(lambda: SHOWN[kind](text), patch)
        plain = on_screen(lambda: SHOWN[kind]("x"), patch)
    assert OURS.sub("", shown).replace("\n", "").isprintable()
    assert shown.count("\n") == plain.count("\n")
    assert len(OURS.findall(shown)) == len(OURS.findall(plain))


@given(path=TEXTS, function=TEXTS, columns=st.integers(40, 200))
def test_the_result_of_a_run_fits_on_one_line_of_the_terminal(
    path: str, function: str, columns: int
) -> None:
    """A long path is cut at its beginning, a long function name at its end."""
    package = Package(Path(), 20_000_000, "00", 1)
    deployment = Deployment(function, function, "deployed", package, "1")
    run = Run(Release((deployment,)), function * 9)
    with pytest.MonkeyPatch.context() as patch:
        screen = Screen()
        patch.setattr(sys, "stdout", screen)
        patch.setenv("COLUMNS", str(columns))
        view = WatchLines(quiet=False, verbose=False)
        cause = Cause(path * 9, 1, retry=False)
        view.started(cause)
        view.succeeded(cause, run)
    [line] = OURS.sub("", screen.getvalue()).splitlines()
    assert cell_len(line) <= columns


@given(text=TEXTS)
def test_json_contains_the_exact_text_and_is_itself_printable(text: str) -> None:
    """Programs can restore the exact text; a terminal receives only ASCII."""
    error = PackagerError(text, text)
    view = WatchJson()
    shows: list[Callable[[], None]] = [
        lambda: show_failure(error, json_lines=False),
        lambda: show_failure(error, json_lines=True),
        lambda: JsonLines()(Note(text)),
        lambda: view.failed(Cause(text, 0, retry=False), error, None),
    ]
    with pytest.MonkeyPatch.context() as patch:
        for show in shows:
            shown = on_screen(show, patch).removesuffix("\n")
            assert shown.isascii() and shown.isprintable()
            assert text in json.loads(shown).values()


@given(text=TEXTS)
def test_cleaning_text_twice_equals_cleaning_it_once(text: str) -> None:
    """Printable text does not change at all."""
    assert printable(printable(text)) == printable(text)
    assert printable(text).isprintable()
    if text.isprintable():
        assert printable(text) == text
