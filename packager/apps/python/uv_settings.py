"""Find the settings of uv that count for an app: they decide where its packages come from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from packager.apps.python import tables

# https://docs.astral.sh/uv/reference/settings/#index
_INDEXES = ("index", "index-url", "extra-index-url", "find-links", "no-index")

_BLANKS = re.compile(r"[\s,]+")

# Variables that do not change what is installed.
_HARMLESS = re.compile(
    r"UV_(CACHE_DIR|NO_PROGRESS|OFFLINE|HTTP_\w+|CONCURRENT_\w+|PYTHON_DOWNLOADS"
    r"|INDEX_\w+_(USERNAME|PASSWORD))"
)


class State(NamedTuple):
    """What decides which packages uv finds, besides the list of them: settings, and the states of
    local `files` that they name.
    """

    settings: str
    files: tuple[str, ...]


def name_an_index(app: Path) -> bool:
    """Return whether a file of settings that counts for `app` names a package index."""
    return any(
        name in table or name in tables.subtable(table, "pip")
        for _, table in _found(app)
        for name in _INDEXES
    )


def state(app: Path, environment: Mapping[str, str]) -> State:
    """Return what decides which packages uv finds for `app` with an `environment`."""
    variables = {
        name: value
        for name, value in sorted(environment.items())
        if name.startswith("UV_") and not _HARMLESS.fullmatch(name)
    }
    found = [*_found(app)]
    text = json.dumps([variables, *(table for _, table in found)], sort_keys=True, default=str)
    files = [path for value in variables.values() for path in _named(app, _BLANKS.split(value))]
    return State(text, (*files, *_linked(found)))


def _linked(settings: Iterable[tuple[Path, tables.Table]]) -> Iterator[str]:
    for file, table in settings:
        for found in (table, tables.subtable(table, "pip")):
            links = found.get("find-links", [])
            yield from _named(file.parent, map(str, links if isinstance(links, list) else []))


def _found(app: Path) -> Iterator[tuple[Path, tables.Table]]:
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    app = app.resolve()
    folders = (app, *app.parents)
    for file in (
        *(config / "uv" / "uv.toml", Path("/etc/uv/uv.toml")),
        *(folder / "uv.toml" for folder in folders),
    ):
        if file.is_file():
            yield file, tables.toml(file)
    for file in (folder / "pyproject.toml" for folder in folders):
        if file.is_file():
            yield file, tables.subtable(tables.toml(file), "tool", "uv")


def _named(folder: Path, words: Iterable[str]) -> Iterator[str]:
    """Yield the states of the files that `words` name, and of those in the folders they name."""
    for word in filter(None, words):
        place = folder / word.removeprefix("file://")
        with_contents = sorted(place.glob("*")) if place.is_dir() else []
        for path in (place, *with_contents):
            if path.is_file():
                status = path.stat()
                yield f"{path} {status.st_size} {status.st_mtime_ns}"
