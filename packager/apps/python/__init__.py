"""A Python app: a folder with a list of dependencies, or a single module."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from packager.apps.members import Members
from packager.apps.python import lists
from packager.apps.signs import Sign, Strength, single_file
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager.apps.files import Selections
    from packager.apps.python import dependencies, other_lists
    from packager.config.settings import Settings
else:
    dependencies = lazy("packager.apps.python.dependencies")
    other_lists = lazy("packager.apps.python.other_lists")

_SINGLE_FILES = tuple(
    f"{name}.py" for name in ("lambda_function", "app", "main", "handler", "index", "function")
)


@dataclass(frozen=True)
class Python:
    """The app in `folder`, for a function of `runtime` and `architecture`.

    The file `requirements` lists its dependencies; None means the only file that lists any. That
    file may use the variables `requirements_env` as credentials.
    """

    folder: Path
    runtime: str | None = None
    architecture: str | None = None
    requirements: Path | None = None
    requirements_env: tuple[str, ...] = ()

    kind: Literal["python"] = "python"
    language: Literal["python"] = "python"
    description = "Python app"
    needs_runtime = True
    install_command = ""
    properties_readers: ClassVar[Mapping[str, str]] = {}
    local_runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"

    @staticmethod
    def sign(folder: Path) -> Sign | None:
        """Return the sign that `folder` holds a Python app; None without one."""
        if file := next(lists.names(folder), None):
            return Sign(Strength.PROJECT, file)
        if module := single_file(folder, _SINGLE_FILES):
            return module
        for name in (*lists.FILES, "setup.py"):
            if (folder / name).is_file():
                return Sign(Strength.EMPTY_PROJECT, name)
        return None

    @classmethod
    def of(cls, folder: Path, settings: Settings) -> Python:
        """Return the app in `folder`, with the settings that concern its dependencies."""
        return cls(
            folder,
            requirements=settings.requirements,
            requirements_env=settings.requirements_env,
        )

    def on(self, runtime: str | None, architecture: str | None) -> Python:
        """Return the app for a function of that runtime and architecture."""
        return replace(self, runtime=runtime, architecture=architecture)

    def fits(self, runtime: str | None) -> bool:
        """Return whether a function of that runtime can run it; a custom runtime can."""
        return (runtime or "provided").startswith(("python", "provided"))

    def members(self, selections: Selections, leave_out: tuple[Path, ...] = ()) -> Members:
        """Return the members to package, except the files `leave_out` (also through links).

        Raises PackageError (see `packager.apps.files`), also for a dependency that cannot be
        installed for the runtime.
        """
        selection = selections.of(self.folder, leave_out=leave_out)
        own = selection.members()
        if not self.requirements and not any(lists.names(self.folder)):
            other_lists.refuse(self.folder)
            return Members([], own, selection.events())
        found, kept = dependencies.members(self)
        return Members(found, own, selection.events(), kept=kept)
