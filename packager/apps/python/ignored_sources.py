"""Refuse sources of packages that a project configures for another tool than uv, which installs.

uv would take a package of the same name from its own index.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from packager.apps.python import freshness, lists, pip_settings, tables, uv_settings, uv_sources
from packager.apps.python.freshness import UNKNOWN
from packager.apps.python.places import Place
from packager.apps.python.requirements import name_of
from packager.errors import PackageError

# Tables of pyproject.toml, and their keys for indexes.
_INDEXES = {
    "Poetry": (("poetry",), ("source",)),
    "PDM": (("pdm",), ("source",)),
    "Rye": (("rye",), ("sources",)),
    "Pixi": (("pixi", "pypi-options"), ("index-url", "extra-index-urls", "find-links")),
    "pip-tools": (("pip-tools",), ("index-url", "extra-index-url", "find-links")),
}
_LOCKS = {
    "Poetry": "Write a lock: `poetry lock`.",
    "PDM": f"Write a lock: `pdm export -f pylock -o {lists.PYLOCK}`.",
}

_INDEX_OPTION = re.compile(r"(?:-i|--index-url|--extra-index-url|--no-index)\b")
_VARIABLES = ("INDEX", "DEFAULT_INDEX", "INDEX_URL", "EXTRA_INDEX_URL")

# A requirement that is not by name alone: it has a place, or a hash says which file it is.
_PLACED = re.compile(r"[\w.-]+\s*(?:\[[^\]]*\])?\s*@|.*--hash")


def refuse_of_project(file: Path) -> None:
    """Raise PackageError if the `pyproject.toml`, which has no lock, has a source unknown to uv."""
    table = tables.toml(file)
    for tool in _tools(table):
        raise PackageError(
            f"{file} configures sources of packages for {tool}, which uv does not read.",
            _LOCKS.get(tool, f"Write them as [[tool.uv.index]] into {file.name} instead."),
        )
    for name, source in tables.subtable(table, "tool", "uv", "sources").items():
        kinds = [*source] if isinstance(source, dict) else str(source)
        if "path" in kinds or "workspace" in kinds:
            raise PackageError(
                f"{file} takes {name} from a folder, but {lists.UV} does not exist.",
                "Write one: `uv lock`.",
            )


def refuse_beside(file: Path, listed: Iterable[str], app: Path) -> None:
    """Raise PackageError if a project beside the requirements in `file` takes one that is `listed`
    by its name alone from elsewhere.
    """
    listed = [*listed]
    names = [name for line in listed if (name := name_of(line)) and not _PLACED.match(line)]
    if not names:
        return
    names_index = any(map(_INDEX_OPTION.match, listed)) or _settings_name_an_index(app)
    for project, name, place in _places(app, names):
        if place.kind != "index" or not (names_index or _uv_asks_an_index_of(project)):
            raise PackageError(
                f"{project} says where {name} comes from, but {file} lists only its name.",
                f"List its URL, file or index in {file.name} too, or remove the source.",
            )
    if not names_index and not uv_settings.name_an_index(app):
        for project, tool in _tools_beside(app):
            raise PackageError(
                f"{project} configures sources of packages for {tool}, but {file} has none.",
                f"Begin {file.name} with the index, as in `--index-url URL`, or list hashes.",
            )


def configured(app: Path) -> bytes:
    """Return the sources that projects in `app` configure, to notice a change."""
    project, pipfile = _table(app / lists.PROJECT), _table(app / lists.PIPFILE)
    uv = tables.subtable(project, "tool", "uv")
    found = (
        *(uv.get("sources"), uv.get("no-sources"), [*_tools(project)]),
        *(lists.poetry_dependencies(project), pipfile.get("source"), pipfile.get("packages")),
    )
    return repr(found).encode() if any(found) else b""


def _tools(table: tables.Table) -> Iterator[str]:
    for tool, (path, keys) in _INDEXES.items():
        found = tables.subtable(table, "tool", *path)
        if any(found.get(key) or found.get(key.replace("-", "_")) for key in keys):
            yield tool
    if not lists.declared(table):
        return
    for entry in lists.poetry_dependencies(table).values():
        if isinstance(entry, dict) and {"source", "path", "git", "url"} & entry.keys():
            yield "Poetry"


def _tools_beside(app: Path) -> Iterator[tuple[Path, str]]:
    project = _table(app / lists.PROJECT)
    of_poetry = tables.subtable(project, "tool", "poetry").get("source", [])
    for tool in _tools(project):
        if tool != "Poetry" or any(map(_is_private, of_poetry)):
            yield app / lists.PROJECT, tool
    if any(map(_is_private, _table(app / lists.PIPFILE).get("source", []))):
        yield app / lists.PIPFILE, "Pipenv"


def _is_private(source: object) -> bool:
    """Return whether a source of Poetry or Pipenv is not PyPI, and counts for all packages."""
    table = source if isinstance(source, dict) else {}
    name = str(table.get("name", "")).lower()
    return name != "pypi" and table.get("priority") != "explicit"


def _places(app: Path, names: list[str]) -> Iterator[tuple[Path, str, Place]]:
    """Yield the places, other than PyPI, from which projects in `app` take packages."""
    project, pipfile = app / lists.PROJECT, app / lists.PIPFILE
    found = [
        (project, uv_sources.declared(names, project, lists.uv_lock(app) or app / lists.UV)),
        (project, freshness.in_tool_table(lists.poetry_dependencies(_table(project)), app)),
        (pipfile, freshness.in_tool_table(tables.subtable(_table(pipfile), "packages"), app)),
    ]
    for file, declared in found:
        for requirement, place, _ in declared:
            name = name_of(requirement)
            if name in names and place and place not in (UNKNOWN, Place()):
                yield file, name, place


def _uv_asks_an_index_of(project: Path) -> bool:
    indexes = tables.subtable(_table(project), "tool", "uv").get("index", [])
    return any(isinstance(index, dict) and not index.get("explicit") for index in indexes)


def _settings_name_an_index(app: Path) -> bool:
    settings = pip_settings.for_uv(app)
    variables = {f"UV_{name}" for name in _VARIABLES}
    named = {*settings.environment, *(name for name in variables if os.environ.get(name))}
    return bool(named & variables) or "--no-index" in settings.options


def _table(file: Path) -> tables.Table:
    return tables.toml(file) if file.is_file() else {}
