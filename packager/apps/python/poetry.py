"""Read the lock file of Poetry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packager.apps.python import freshness, lists, pins, tables
from packager.apps.python.pins import Index, Pin
from packager.apps.python.wanted import Wanted
from packager.errors import PackageError

# Since Poetry 2.0, a lock contains the groups and markers of each package.
_FORMAT = (2, 1)


def read(file: Path, app: Path) -> Wanted | None:
    """Read the main group of a `poetry.lock`; None if neither it nor its project has dependencies.

    Raises PackageError for a lock of an older Poetry or a newer format.
    """
    table = tables.toml(file)
    _check_format(file, table)
    packages = table.get("package", [])
    if not isinstance(packages, list) or not all(isinstance(package, dict) for package in packages):
        raise PackageError(f"{file} has no list of packages.", "Write it again: `poetry lock`.")
    found = [_pin(package, file) for package in packages if _is_needed(package)]
    project = file.parent / lists.PROJECT
    table = tables.toml(project) if project.is_file() else {}
    if not found and all(dependency.conditional for dependency in _declared(table, file.parent)):
        return None
    return pins.wanted(found, file, app, project, lambda: _declared(table, file.parent))


def _declared(project: tables.Table, folder: Path) -> Iterator[freshness.Declared]:
    yield from map(freshness.Declared, lists.declared(project))
    yield from freshness.in_tool_table(lists.poetry_dependencies(project), folder)


def _check_format(file: Path, table: tables.Table) -> None:
    written = str(tables.subtable(table, "metadata").get("lock-version", ""))
    parts = written.split(".")
    version = tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
    if version[:1] > _FORMAT[:1]:
        raise PackageError(
            f"{file} has the format {written}, which is newer than the packager can read.",
            "Export it: `poetry export -f pylock.toml -o pylock.toml`, and set"
            " _LAMBDA_REQUIREMENTS=pylock.toml.",
        )
    if version < _FORMAT:
        raise PackageError(
            f"{file} was written by a Poetry older than 2.0, or is damaged.",
            "Write it again with Poetry 2: `poetry lock`.",
        )


def _is_needed(package: dict[str, Any]) -> bool:
    """Return whether the main group needs the package, without any extra."""
    return "main" in package.get("groups", ["main"]) and not package.get("optional", False)


def _pin(package: dict[str, Any], file: Path) -> Pin:
    markers = package.get("markers", "")
    marker = str(markers.get("main", "") if isinstance(markers, dict) else markers)
    name, version = str(package.get("name", "")), str(package.get("version", ""))
    listed = package.get("files", [])
    hashes = tuple(str(entry.get("hash", "")) for entry in listed if isinstance(entry, dict))
    source = tables.subtable(package, "source")
    url, place = str(source.get("url", "")), file.parent / str(source.get("url", ""))
    match source.get("type", "pypi"):
        case "pypi":
            return Pin(name, version, marker=marker, hashes=hashes)
        case "legacy":
            index = Index(str(source.get("reference", "")), url)
            return Pin(name, version, index=index, marker=marker, hashes=hashes)
        case "git":
            within = source.get("subdirectory")
            address = pins.git_url(url, str(source.get("resolved_reference", "")), within)
            reference = str(source.get("reference", ""))
            return Pin(name, url=address, marker=marker, reference=reference)
        case "url":
            return Pin(name, url=url, marker=marker, hashes=hashes)
        case "file":
            return Pin(name, path=place, marker=marker, hashes=hashes)
        case "directory":
            return Pin(name, path=place, marker=marker)
    raise PackageError(
        f"{file} takes {name} from an unknown kind of source.",
        "Use a package index, a git repository, a URL or a path as its source.",
    )
