"""Reads the file that lists what a Python app depends on."""

from __future__ import annotations

from pathlib import Path

from packager.apps.python import lists, locks, pipfile, poetry, requirements, tables
from packager.apps.python.lists import (
    PDM,
    PIPENV,
    PIPFILE,
    POETRY,
    PROJECT,
    PYLOCK,
    REQUIREMENTS,
    UV,
)
from packager.apps.python.wanted import Wanted
from packager.errors import PackageError

_SETTING = "_LAMBDA_REQUIREMENTS (--requirements)"
_LISTABLE = f"{REQUIREMENTS}, {PROJECT}, {UV}, {POETRY}, {PIPENV} or {PYLOCK}"


def read(app: Path, named: Path | None = None) -> Wanted | None:
    """Read the file `named`, or else the one in the app's folder that lists dependencies.

    None if there are no dependencies. Raises PackageError if several files list some, and if the
    dependencies that a file lists cannot be read.
    """
    if named is not None:
        return _read_named(app, app / named)
    found = [*lists.names(app)]
    if len(found) > 1:
        raise PackageError(
            f"{app} has {len(found)} lists of dependencies: {' and '.join(found)}.",
            f"Set {_SETTING} to the one that is right, or remove the others.",
        )
    return _read(app, app / found[0]) if found else None


def _read_named(app: Path, file: Path) -> Wanted | None:
    if not file.is_file():
        raise PackageError(
            f"There is no file {file}, which {_SETTING} names.", "Name it relative to APP_DIR."
        )
    if not file.resolve().is_relative_to(app.resolve()):
        raise PackageError(
            f"{file}, which {_SETTING} names, is not in the app's folder.",
            "Name a file below APP_DIR.",
        )
    return _read(app, file)


def _read(app: Path, file: Path) -> Wanted | None:
    if file.name == UV:
        return locks.uv_lock(lists.uv_lock(app) or file, app)
    if file.name == POETRY:
        return poetry.read(file, app)
    if file.name == PIPENV:
        return pipfile.read(file, app)
    if file.name.startswith("pylock.") and file.suffix == ".toml":
        return locks.pylock(file)
    if file.name == PROJECT:
        _check_project(file)
        return requirements.of_project(file) if lists.declared(tables.toml(file)) else None
    if file.name in (PIPFILE, "setup.py", "setup.cfg", PDM):
        raise _unreadable(file)
    wanted = requirements.read(file, app)
    return wanted if any(requirements.lines(text) for _, text in wanted.texts[:1]) else None


def _check_project(file: Path) -> None:
    """Raise PackageError for what only a lock can say."""
    table = tables.toml(file)
    if lists.dynamic(table) or (lists.has_poetry_dependencies(table) and not lists.declared(table)):
        raise _unreadable(file)
    if tables.subtable(table, "tool", "poetry").get("source") or _has_poetry_source(table):
        raise PackageError(
            f"{file} says for Poetry where packages come from, and there is no {POETRY}.",
            "Write one: `poetry lock`.",
        )
    if tables.subtable(table, "tool", "pdm").get("source"):
        raise PackageError(
            f"{file} says for PDM where packages come from.",
            f"Write a lock: `pdm export -f pylock -o {PYLOCK}`.",
        )
    for name, source in tables.subtable(table, "tool", "uv", "sources").items():
        kinds = [*source] if isinstance(source, dict) else str(source)
        if "path" in kinds or "workspace" in kinds:
            raise PackageError(
                f"{file} takes {name} from a folder, and there is no {UV}.",
                "Write one: `uv lock`.",
            )


def _has_poetry_source(table: tables.Table) -> bool:
    found = tables.subtable(table, "tool", "poetry", "dependencies").values()
    return any(
        isinstance(entry, dict) and {"source", "path", "git", "url"} & entry.keys()
        for entry in found
    )


def _unreadable(file: Path) -> PackageError:
    commands = {
        PIPFILE: "Write a lock: `pipenv lock`.",
        PDM: f"Export it: `pdm export -f pylock -o {PYLOCK}`, and set {_SETTING} to that file.",
    }
    return PackageError(
        f"The packager cannot read the dependencies that {file} lists.",
        commands.get(file.name, f"List them in {_LISTABLE}."),
    )
