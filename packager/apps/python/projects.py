"""Read the file that lists the dependencies of a Python app."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from packager.apps.python import (
    ignored_sources,
    lists,
    locks,
    other_lists,
    pins,
    pipfile,
    poetry,
    requirements,
    tables,
)
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
from packager.apps.python.platform import Platform
from packager.apps.python.wanted import Options, Wanted
from packager.errors import PackageError

_SETTING = "_LAMBDA_REQUIREMENTS (--requirements)"
_LISTABLE = f"{REQUIREMENTS}, {PROJECT}, {UV}, {POETRY}, {PIPENV} or {PYLOCK}"


def read(app: Path, named: Path | None = None) -> Wanted | None:
    """Read the file `named`, or else the one in the app's folder that lists dependencies.

    Return None without dependencies. Raises PackageError if several files list some, or if the
    packager cannot read a file that lists some.
    """
    if named is not None:
        return _read_named(app, app / named)
    found = [*lists.names(app)]
    found += other_lists.locks(app) if found else ()
    if len(found) > 1:
        raise PackageError(
            f"{app} has {len(found)} lists of dependencies: {' and '.join(found)}.",
            f"Set {_SETTING} to the right one, or remove the others.",
        )
    if found:
        return _read(app, app / found[0])
    other_lists.refuse(app)
    return None


def _read_named(app: Path, file: Path) -> Wanted | None:
    if not file.is_file():
        raise PackageError(
            f"The file {file} ({_SETTING}) does not exist.", "Pass its path relative to APP_DIR."
        )
    if not file.resolve().is_relative_to(app.resolve()):
        raise PackageError(
            f"The file {file} ({_SETTING}) is not in the app's folder.",
            "Pass the path of a file in APP_DIR.",
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
        return _of_project(file)
    if file.name in (PIPFILE, "setup.py", "setup.cfg", PDM):
        raise _unreadable(file)
    return _of_requirements(file, app)


def _of_requirements(file: Path, app: Path) -> Wanted | None:
    wanted = requirements.read(file, app)
    listed = [line for _, text in wanted.texts for line in requirements.lines(text)]
    if not any(requirements.lines(text) for _, text in wanted.texts[:1]):
        return None

    def prepare(folder: Path, platform: Platform) -> Iterable[Options]:
        ignored_sources.refuse_beside(file, listed, app)
        return wanted.prepare(folder, platform)

    sources = ignored_sources.configured(app)
    inputs = (*wanted.inputs, sources) if sources else wanted.inputs
    return wanted._replace(prepare=prepare, inputs=inputs)


def _of_project(file: Path) -> Wanted | None:
    table = tables.toml(file)
    if not lists.declared(table):
        return None
    wanted = requirements.of_project(file)

    def prepare(folder: Path, platform: Platform) -> Iterable[Options]:
        pins.check_python(tables.subtable(table, "project").get("requires-python"), file, platform)
        return wanted.prepare(folder, platform)

    return wanted._replace(prepare=prepare)


def _check_project(file: Path) -> None:
    """Raise PackageError for a project that only a lock describes."""
    table = tables.toml(file)
    if lists.dynamic(table):
        raise _unreadable(file)
    if lists.poetry_dependencies(table) and not lists.declared(table):
        raise PackageError(
            f"{file} lists dependencies in Poetry's format, which is read only from {POETRY}.",
            "Write it with Poetry 2: `poetry lock`.",
        )
    ignored_sources.refuse_of_project(file)


def _unreadable(file: Path) -> PackageError:
    commands = {
        PIPFILE: "Write a lock: `pipenv lock`.",
        PDM: f"Export it: `pdm export -f pylock -o {PYLOCK}`, and set {_SETTING} to that file.",
    }
    return PackageError(
        f"The packager cannot read the dependencies that {file} lists.",
        commands.get(file.name, f"List them in {_LISTABLE}."),
    )
