"""Compare where a project takes its dependencies from with where its `uv.lock` does.

A source that was added or changed after the lock was written would be ignored: another package of
that name would be installed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlsplit

from packager.apps.python import tables
from packager.apps.python.requirements import canonical, kind_of_url
from packager.lazy import lazy

if TYPE_CHECKING:
    from packaging import requirements
else:
    requirements = lazy("packaging.requirements")  # A dyno does not have it.

_REFERENCES = ("rev", "tag", "branch")
_IN_LOCK = ("directory", "editable", "virtual", "path")


class _Source(NamedTuple):
    """A kind of source, and its place if it can be compared."""

    kind: str = "index"
    place: tuple[str, ...] = ()


def differ(
    dependency: requirements.Requirement, project: Path, lock: Path, copies: Sequence[tables.Table]
) -> bool:
    """Return whether a `dependency` of the file `project` now has another source than in the `lock`
    with these `copies` of it, as far as both can be compared.
    """
    name = canonical(dependency.name)
    entries = [*_entries(name, project, lock)]
    if any({"extra", "group"} & entry.keys() for entry, _ in entries):
        return False
    declared = {_declared(entry, folder) for entry, folder in entries} or {_Source()}
    locked = {_locked(copy, lock.parent) for copy in copies if copy.get("name") == name}
    if dependency.url:
        return {source.kind for source in locked} != {kind_of_url(dependency.url)}
    if any(source.kind == "workspace" for source in declared):
        return not all(source.kind == "path" for source in locked)
    if not any("marker" in entry for entry, _ in entries):
        return declared != locked
    # Where no marker fits, the package comes from the default index.
    is_lost = locked == {_Source()} and not dependency.marker
    return is_lost or not locked <= declared | {_Source()}


def _entries(name: str, project: Path, lock: Path) -> Iterator[tuple[tables.Table, Path]]:
    """Yield the sources of a dependency, and the folder to which their paths are relative.

    Those of a workspace count for its members, too.
    """
    for file in (project, lock.with_name(project.name)):
        uv = tables.subtable(tables.toml(file) if file.is_file() else {}, "tool", "uv")
        if uv.get("no-sources"):
            return
        sources = {canonical(key): value for key, value in tables.subtable(uv, "sources").items()}
        if name in sources:
            found = sources[name] if isinstance(sources[name], list) else [sources[name]]
            yield from ((entry, file.parent) for entry in found if isinstance(entry, dict))
            return


def _declared(entry: tables.Table, folder: Path) -> _Source:
    if "git" in entry:
        references = tuple(f"{key}={entry[key]}" for key in _REFERENCES if key in entry)
        return _Source("git", (*_address(str(entry["git"])), *references))
    if "url" in entry:
        return _Source("url", _address(str(entry["url"])))
    if "path" in entry:
        return _Source("path", _path(folder, entry["path"]))
    if entry.get("workspace"):
        return _Source("workspace")
    return _Source("named index") if "index" in entry else _Source()


def _locked(copy: Mapping[str, object], folder: Path) -> _Source:
    if "git" in copy:
        url = str(copy["git"])
        found = parse_qs(urlsplit(url).query)
        references = tuple(f"{key}={found[key][0]}" for key in _REFERENCES if key in found)
        return _Source("git", (*_address(url), *references))
    if "url" in copy:
        return _Source("url", _address(str(copy["url"])))
    for kind in _IN_LOCK:
        if kind in copy:
            return _Source("path", _path(folder, copy[kind]))
    return _Source("named index") if "index" in copy else _Source()


def _address(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:  # uv reports it.
        return "", url
    return parts.hostname or "", parts.path.rstrip("/").removesuffix(".git")


def _path(folder: Path, place: object) -> tuple[str]:
    return (os.path.realpath(folder / str(place)),)
