"""Refuse lists of dependencies in places that the packager does not read by itself.

An app without any other list would be packaged without its dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packager.apps.python import lists, requirements, tables
from packager.errors import PackageError

_FILES = (
    *("*requirements*.txt", "*requirements*.in", "*requirements*.lock", "pylock.*.toml"),
    *("requirements/*.txt", "requirements/*.in"),
)

# Locks of Rye, Pixi and Conda, and names that people give to pinned lists.
_LOCKS = (
    *("*requirements*.lock", "*requirements[-_.]lock.txt", "*requirements[-_.]frozen.txt"),
    *("pixi.lock", "conda-lock.yml", "conda-lock.yaml"),
)

# An entry of the list, except the interpreter and pip:
# https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html
_IN_CONDA = re.compile(
    rb"^dependencies:.*?^[ \t]*-[ \t]+[\"']?(?!(?:python|pip)\b)\w", re.MULTILINE | re.DOTALL
)

# Words in names of files and groups that a function does not need when it runs.
_DEVELOPMENT = re.compile(
    r"dev|test|lint|doc|typ(?:e|ing)|format|style|check|\bci\b|build|tool|bench|release|debug|local"
    r"|notebook|jupyter|example|infra|cdk|deploy|coverage|mypy|ruff|nox|tox|pre-?commit|constraint",
    re.IGNORECASE,
)

# https://packaging.python.org/en/latest/specifications/inline-script-metadata/
_SCRIPT = re.compile(
    rb"^# /// script$(?:\n#.*)*?\n#\s*dependencies\s*=\s*\[(?:[\s#]*)[\"']", re.MULTILINE
)


class _List(NamedTuple):
    place: str
    hint: str


def refuse(app: Path) -> None:
    """Raise PackageError if an app without a list that the packager reads has another one.

    An empty `requirements.txt` says that the function needs no dependencies.
    """
    if (app / lists.REQUIREMENTS).is_file():
        return
    if found := [*_files(app), *_groups(app), *_scripts(app), *_environments(app)]:
        raise PackageError(
            f"{app} lists dependencies only in {' and '.join(one.place for one in found)}, which"
            " the packager does not read by itself.",
            f"{found[0].hint} If the function needs none of them, add an empty"
            f" {lists.REQUIREMENTS}.",
        )


def locks(app: Path) -> Iterator[str]:
    """Yield the names of locks that pin what another file lists: they must not be ignored.

    A lock that `requirements.txt` includes counts as a part of it.
    """
    file = app / lists.REQUIREMENTS
    included = [line for line in _lines(file) if line.startswith("-")] if file.is_file() else []
    for path in sorted({path for pattern in _LOCKS for path in app.glob(pattern)}):
        is_used = any(line.endswith(path.name) for line in included)
        if path.is_file() and not is_used and not _DEVELOPMENT.search(path.name) and _lines(path):
            yield path.name


def _files(app: Path) -> Iterator[_List]:
    for path in sorted(path for pattern in _FILES for path in app.glob(pattern)):
        name = str(path.relative_to(app))
        if path.is_file() and not _DEVELOPMENT.search(name) and _lines(path):
            hint = f"Set _LAMBDA_REQUIREMENTS={name} (--requirements)."
            if path.suffix == ".in":
                hint = f"Compile it: `uv pip compile {name} -o {lists.REQUIREMENTS}`."
            yield _List(name, hint)


def _lines(file: Path) -> list[str]:
    return requirements.lines(tables.read(file).decode("utf-8-sig", "replace"))


def _groups(app: Path) -> Iterator[_List]:
    if not (app / lists.PROJECT).is_file():
        return
    table = tables.toml(app / lists.PROJECT)
    if "dependencies" in tables.subtable(table, "project"):
        return
    poetry = tables.subtable(table, "tool", "poetry", "group")
    groups = {name: tables.subtable(poetry, name, "dependencies") for name in poetry}
    command = "poetry export --only"
    if not any(groups.values()):
        groups, command = tables.subtable(table, "dependency-groups"), "uv export --only-group"
    for name, entries in groups.items():
        if entries and not _DEVELOPMENT.search(name):
            yield _List(
                f"the group {name} of {lists.PROJECT}",
                "Move what the function needs to the project's own dependencies, or export it:"
                f" `{command} {name} -o {lists.REQUIREMENTS}`.",
            )


def _scripts(app: Path) -> Iterator[_List]:
    for path in sorted(app.glob("*.py")):
        if path.is_file() and _SCRIPT.search(tables.read(path).replace(b"\r\n", b"\n")):
            yield _List(
                f"the comment `script` of {path.name}",
                f"Export them: `uv export --script {path.name} -o {lists.REQUIREMENTS}`.",
            )


def _environments(app: Path) -> Iterator[_List]:
    hint = f"List what the function needs in {lists.REQUIREMENTS}."
    for name in ("environment.yml", "environment.yaml"):
        if (app / name).is_file() and _IN_CONDA.search(tables.read(app / name)):
            yield _List(name, hint)
    for name, path in (("pixi.toml", ()), (lists.PROJECT, ("tool", "pixi"))):
        if (app / name).is_file():
            table = tables.subtable(tables.toml(app / name), *path)
            found = tables.subtable(table, "dependencies") | tables.subtable(
                table, "pypi-dependencies"
            )
            if found.keys() - {"python"}:
                yield _List(f"Pixi's tables of {name}", hint)
