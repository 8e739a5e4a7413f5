"""Compare where `tool.uv.sources` takes a project's dependencies from with where its lock does.

A source that was added or changed after the lock was written would be ignored: another package of
that name would be installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from packager.apps.python import places, tables
from packager.apps.python.freshness import UNKNOWN, Declared
from packager.apps.python.places import Place
from packager.apps.python.requirements import canonical, name_of
from packager.lazy import lazy

if TYPE_CHECKING:
    from packaging import requirements
else:
    requirements = lazy("packaging.requirements")  # A dyno does not have it.

_REFERENCES = ("rev", "tag", "branch")
_IN_LOCK = ("directory", "editable", "virtual", "path")
_CONDITIONS = {"marker", "extra", "group"}
_DEFAULT = Place()
_WORKSPACE = Place("workspace")
_SOME_INDEX = Place("some index")  # Its address is not in the project.


def differ(
    dependency: requirements.Requirement, project: Path, lock: Path, locked: set[Place]
) -> bool:
    """Return whether a `dependency` of the file `project` now has other places than those that are
    `locked` in the `lock`, as far as both can be compared.
    """
    if dependency.url:
        return locked != {places.of_requirement(dependency.url, project.parent)}
    entries = [*_entries(canonical(dependency.name), project, lock)]
    if any({"extra", "group"} & entry.keys() for entry, _ in entries):
        return False
    declared = {_place(entry, file, lock) for entry, file in entries} or {_DEFAULT}
    if _WORKSPACE in declared:
        return not all(place.kind == "path" for place in locked)
    if _SOME_INDEX in declared:
        locked = {
            _SOME_INDEX if place.kind == "index" and place.address else place for place in locked
        }
    if not any("marker" in entry for entry, _ in entries):
        return declared != locked
    # Where no marker fits, the package comes from the default index.
    is_lost = locked == {_DEFAULT} and not dependency.marker
    return is_lost or not locked <= declared | {_DEFAULT}


def declared(lines: Iterable[str], project: Path, lock: Path) -> Iterator[Declared]:
    """Return the dependencies in the `lines` of the file `project`, with their places."""
    for line in lines:
        entries = [*_entries(name_of(line), project, lock)]
        found = {_place(entry, file, lock) for entry, file in entries} - {_SOME_INDEX}
        is_compared = not any(_CONDITIONS & entry.keys() for entry, _ in entries)
        yield Declared(line, next(iter(found), None) if is_compared else UNKNOWN)


def _entries(name: str, project: Path, lock: Path) -> Iterator[tuple[tables.Table, Path]]:
    """Yield the sources of a dependency, and the file that has them.

    Those of a workspace count for its members, too.
    """
    for file in _projects(project, lock):
        uv = tables.subtable(tables.toml(file), "tool", "uv")
        if uv.get("no-sources"):
            return
        sources = {canonical(key): value for key, value in tables.subtable(uv, "sources").items()}
        if name in sources:
            found = sources[name] if isinstance(sources[name], list) else [sources[name]]
            yield from ((entry, file) for entry in found if isinstance(entry, dict))
            return


def _place(entry: tables.Table, project: Path, lock: Path) -> Place:
    if "git" in entry:
        found = [entry[key] for key in _REFERENCES if key in entry]
        return places.git(str(entry["git"]), next(iter(found), None))
    if "url" in entry:
        return places.archive(str(entry["url"]))
    if "path" in entry:
        return places.path(project.parent, entry["path"])
    if entry.get("workspace"):
        return _WORKSPACE
    return _index(entry["index"], project, lock) if "index" in entry else _DEFAULT


def _index(name: object, project: Path, lock: Path) -> Place:
    """Return the index of a `name`; uv may know it from elsewhere, such as a variable."""
    for file in _projects(project, lock):
        listed = tables.subtable(tables.toml(file), "tool", "uv").get("index", [])
        for index in listed if isinstance(listed, list) else []:
            if isinstance(index, dict) and index.get("name") == name:
                url = str(index.get("url", ""))
                return places.index_at(url) if "://" in url else _SOME_INDEX
    return _SOME_INDEX


def _projects(project: Path, lock: Path) -> Iterator[Path]:
    """Yield the file `project` and that of its workspace, if it is in one."""
    yield from filter(Path.is_file, dict.fromkeys((project, lock.with_name(project.name))))


def locked(copy: Mapping[str, object], folder: Path) -> Place:
    """Return the place in a `copy` of a requirement that uv keeps in the `uv.lock` of `folder`."""
    if "git" in copy:
        url = str(copy["git"])
        found = parse_qs(urlsplit(url).query)
        references = [found[key][0] for key in _REFERENCES if key in found]
        return places.git(url, next(iter(references), None))
    if "url" in copy:
        return places.archive(str(copy["url"]))
    for kind in _IN_LOCK:
        if kind in copy:
            return places.path(folder, copy[kind])
    return places.index_at(str(copy["index"])) if "index" in copy else _DEFAULT
