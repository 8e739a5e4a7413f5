"""A Python app: a folder with a list of dependencies, or a single module."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from packager.apps.signs import Sign, Strength, single_file

if TYPE_CHECKING:
    from packager.apps.files import Selections
    from packager.apps.members import Members

_SINGLE_FILES = tuple(
    f"{name}.py" for name in ("lambda_function", "app", "main", "handler", "index", "function")
)

# A lock of uv or Poetry belongs to pyproject.toml, which says whether there is anything to lock.
_LOCKS_WITHOUT_PROJECT = ("uv.lock", "poetry.lock")
_PROJECTS = ("Pipfile.lock", "Pipfile", "pylock.toml", "setup.py")

_REQUIREMENT = re.compile(r"^\s*[^\s#]", re.MULTILINE)


@dataclass(frozen=True)
class Python:
    """The app in `folder`, for a function of `runtime` and `architecture`."""

    folder: Path
    runtime: str | None = None
    architecture: str | None = None

    kind: Literal["python"] = "python"
    language: Literal["python"] = "python"
    description = "Python app"
    needs_runtime = True
    local_runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"

    @staticmethod
    def sign(folder: Path) -> Sign | None:
        """Find what shows that the app in `folder` is one of Python."""
        if file := _list_of_dependencies(folder):
            return Sign(Strength.PROJECT, file)
        if module := single_file(folder, _SINGLE_FILES):
            return module
        for name in ("requirements.txt", "pyproject.toml"):
            if (folder / name).is_file():
                return Sign(Strength.EMPTY_PROJECT, name)
        return None

    def on(self, runtime: str | None, architecture: str | None) -> Python:
        """Return the app for a function of that runtime and architecture."""
        return replace(self, runtime=runtime, architecture=architecture)

    def fits(self, runtime: str | None) -> bool:
        """Say whether a function of that runtime can run it; one with its own runtime can."""
        return (runtime or "provided").startswith(("python", "provided"))

    def members(self, selections: Selections, ignore_patterns: tuple[str, ...]) -> Members:
        """Select what is packaged, but for what the gitignore patterns match.

        Raises PackageError as `packager.apps.files` says, and for a dependency that cannot be
        installed for the runtime.
        """
        from packager.apps.members import Members

        own = selections.of(self.folder, ignore_patterns).members()
        if not _list_of_dependencies(self.folder):
            return Members([], own)
        from packager.apps.python import dependencies

        return Members(dependencies.members(self.folder, self.runtime, self.architecture), own)


def _list_of_dependencies(folder: Path) -> str | None:
    """Find the file that lists the app's dependencies, if it lists any."""
    requirements = folder / "requirements.txt"
    if requirements.is_file() and _REQUIREMENT.search(_text(requirements)):
        return requirements.name
    project = folder / "pyproject.toml"
    if project.is_file():
        if _has_dependencies(project):
            return project.name
    elif lock := _first(folder, _LOCKS_WITHOUT_PROJECT):
        return lock
    setup = folder / "setup.cfg"
    if setup.is_file() and "install_requires" in _text(setup):
        return setup.name
    return _first(folder, _PROJECTS)


def _has_dependencies(project: Path) -> bool:
    """Say whether a pyproject.toml has dependencies; one that cannot be read may have."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        table = tomllib.loads(_text(project))
    except (ValueError, RecursionError):
        return True
    declared = _at(table, "project")
    dynamic = "dependencies" in str(_at(declared, "dynamic"))
    of_poetry = _at(table, "tool", "poetry", "dependencies")
    return bool(_at(declared, "dependencies") or dynamic or set(of_poetry or ()) - {"python"})


def _at(table: Any, *names: str) -> Any:
    for name in names:
        table = table.get(name) if isinstance(table, dict) else None
    return table


def _first(folder: Path, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if (folder / name).is_file()), None)


def _text(path: Path) -> str:
    # A file that cannot be read is an error later, where it is read for its dependencies.
    try:
        return path.read_text("utf-8-sig", errors="replace")
    except OSError:
        return "unreadable"
