"""Read the lock file of Pipenv."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packager.apps.python import freshness, lists, pins, tables
from packager.apps.python.pins import Index, Pin
from packager.apps.python.requirements import canonical
from packager.apps.python.wanted import Wanted
from packager.errors import PackageError

_FORMAT = 6

# Keys of a dependency in a Pipfile that are markers:
# https://pipenv.pypa.io/en/latest/specifiers.html#specifying-basically-anything
_MARKERS = (
    *("os_name", "sys_platform", "platform_machine", "platform_python_implementation"),
    *("platform_release", "platform_system", "platform_version", "python_version"),
    *("python_full_version", "implementation_name", "implementation_version"),
)

# Pipenv's name for its default source. A user can set a mirror of it.
_DEFAULT_SOURCE = "pypi"
_MIRRORS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")


def read(file: Path, app: Path) -> Wanted | None:
    """Read the default packages of a `Pipfile.lock`; None if neither it nor its Pipfile has some.

    Raises PackageError for another format.
    """
    lock = tables.json_object(file)
    about = tables.subtable(lock, "_meta")
    if about.get("pipfile-spec") != _FORMAT:
        raise PackageError(
            f"{file} has the format {str(about.get('pipfile-spec'))[:20]!r}, but the packager reads"
            f" format {_FORMAT}.",
            "Write it again: `pipenv lock`. Or export it: `pipenv requirements --hash`.",
        )
    sources = [
        Index(str(source.get("name", "")), str(source.get("url", "")))
        for source in about.get("sources", [])
        if isinstance(source, dict)
    ]
    project = file.parent / lists.PIPFILE
    table = tables.toml(project) if project.is_file() else {}
    default = tables.subtable(lock, "default")
    declared_markers = {canonical(name): _marker(entry) for name, entry in _packages(table).items()}
    found = [
        _pin(name, _with_marker(tables.subtable(default, name), marker), file, sources)
        for name in default
        for marker in [declared_markers.get(canonical(name), "")]
    ]
    if not (found or table.get("packages")):
        return None

    def declared() -> Iterator[freshness.Declared]:
        return freshness.in_tool_table(_packages(table), file.parent)

    return pins.wanted(found, file, app, project, declared)


def _packages(pipfile: tables.Table) -> tables.Table:
    return tables.subtable(pipfile, "packages")


def _marker(entry: object) -> str:
    """Return the marker of a dependency in a Pipfile."""
    table = entry if isinstance(entry, dict) else {}
    parts = [str(table["markers"])] if "markers" in table else []
    parts += [f"{key} {table[key]}" for key in _MARKERS if key in table]
    return " and ".join(f"({part})" for part in parts)


def _with_marker(entry: tables.Table, marker: str) -> tables.Table:
    """Return an entry of the lock with the `marker` of the Pipfile if it has no version.

    Pipenv pins neither the version nor the marker of what its own machine does not need.
    """
    return {"markers": marker} | entry if entry.get("version") == "*" else entry


def _pin(name: str, entry: dict[str, Any], file: Path, sources: list[Index]) -> Pin:
    marker = str(entry.get("markers", ""))
    hashes = tuple(map(str, entry.get("hashes", [])))
    if "git" in entry:
        url = pins.git_url(str(entry["git"]), str(entry.get("ref", "")), entry.get("subdirectory"))
        return Pin(name, url=url, marker=marker)
    if place := entry.get("path", entry.get("file")):
        if "://" in str(place):
            return Pin(name, url=str(place), marker=marker, hashes=hashes)
        return Pin(name, path=file.parent / str(place), marker=marker, hashes=hashes)
    version = str(entry.get("version", "")).removeprefix("==")
    return Pin(
        name, version, index=_index(name, entry, file, sources), marker=marker, hashes=hashes
    )


def _index(name: str, entry: dict[str, Any], file: Path, sources: list[Index]) -> Index | None:
    wanted = entry.get("index")
    named = [source for source in sources if source.name == wanted] if wanted else sources[:1]
    if wanted and not named:
        raise PackageError(
            f"{file} takes {name} from a source that it does not list.",
            "Write it again: `pipenv lock`.",
        )
    has_mirror = any(os.environ.get(variable) for variable in _MIRRORS)
    return next(
        (source for source in named if source.name != _DEFAULT_SOURCE or not has_mirror), None
    )
