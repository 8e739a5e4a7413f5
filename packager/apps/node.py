"""A Node.js app: a folder with `package.json`, or a single module."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packager.apps.signs import Sign, Strength, single_file
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager.apps import node_modules
    from packager.apps.files import Selections
    from packager.apps.members import Members
    from packager.config.settings import Settings
else:
    node_modules = lazy("packager.apps.node_modules")

_SINGLE_FILES = tuple(
    f"{name}{suffix}"
    for name in ("index", "app", "main", "handler", "lambda", "function")
    for suffix in (".mjs", ".js", ".cjs")
)
_INSTALLED = "node_modules/"


@dataclass(frozen=True)
class Node:
    """The app in `folder`."""

    folder: Path

    kind: Literal["node"] = "node"
    language: Literal["node"] = "node"
    description = "Node.js app"
    needs_runtime = False
    local_runtime = "nodejs22.x"

    @property
    def install_command(self) -> str:
        """The command that installs the app's dependencies."""
        return node_modules.install_command(os.path.realpath(self.folder))

    @staticmethod
    def sign(folder: Path) -> Sign | None:
        """Find what shows that the app in `folder` is one of Node.js."""
        if (folder / "package.json").is_file():
            return Sign(Strength.PROJECT, "package.json")
        return single_file(folder, _SINGLE_FILES)

    @classmethod
    def of(cls, folder: Path, settings: Settings) -> Node:  # noqa: ARG003
        """Take what the settings say about the app."""
        return cls(folder)

    def on(self, runtime: str | None, architecture: str | None) -> Node:  # noqa: ARG002
        """Return the app for a function of that runtime and architecture."""
        return self

    def fits(self, runtime: str | None) -> bool:
        """Say whether a function of that runtime can run it; one with its own runtime can."""
        return (runtime or "provided").startswith(("nodejs", "provided"))

    def members(self, selections: Selections, leave_out: tuple[Path, ...] = ()) -> Members:
        """Select what is packaged, but for the files `leave_out`, whatever leads to them.

        Raises PackageError as `packager.apps.files` says.
        """
        from packager.apps.members import Members

        selection = selections.of(self.folder, leave_out=leave_out)
        found = selection.members()
        own = [member for member in found if not member.name.startswith(_INSTALLED)]
        dependencies = [member for member in found if member.name.startswith(_INSTALLED)]
        return Members(dependencies, own, selection.events())
