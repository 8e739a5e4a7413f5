"""A Node.js app: a folder with `package.json`, or a single module."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packager.apps import ignore
from packager.apps.members import SYMBOLIC_LINK, Member, Members
from packager.apps.signs import Sign, Strength, single_file
from packager.config.settings import Settings
from packager.function import NotInstalled
from packager.lazy import lazy
from packager.progress import Warning

if TYPE_CHECKING:
    from packager.apps import node_closure, node_modules, node_resolution, rules
    from packager.apps.files import Selections
else:
    node_modules = lazy("packager.apps.node_modules")
    node_resolution = lazy("packager.apps.node_resolution")
    rules = lazy("packager.apps.rules")

_SINGLE_FILES = tuple(
    f"{name}{suffix}"
    for name in ("index", "app", "main", "handler", "lambda", "function")
    for suffix in (".mjs", ".js", ".cjs")
)
_INSTALLED = "node_modules/"
_READERS = frozenset({"env-properties", "properties-reader"})

# Lambda's runtimes include these: https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
IN_THE_RUNTIME = ("@aws-sdk/", "@smithy/", "aws-sdk")


@dataclass(frozen=True)
class Node:
    """The app in `folder`."""

    folder: Path
    dev_dependencies: bool = False
    checks: str = "error"
    """The effect of a dependency that is not installed: `error`, `warn` or `off`."""

    kind: Literal["node"] = "node"
    language: Literal["node"] = "node"
    description = "Node.js app"
    needs_runtime = False
    local_runtime = "nodejs22.x"

    @property
    def install_command(self) -> str:
        """The command that installs the app's dependencies."""
        return node_modules.install_command(os.path.realpath(self.folder))

    @property
    def properties_readers(self) -> Mapping[str, str]:
        """The packages with which the app reads `env.properties`, as package.json declares them.

        They are mapped to the installed version, which is empty if it is not known.
        """
        app = os.path.realpath(self.folder)
        resolution = node_resolution.Resolution()
        declared = resolution.manifest(app)
        readers = {}
        for name in declared.used:
            if (package := declared.package(name)) in _READERS:
                found = resolution.find(name, app)
                readers[package] = resolution.manifest(found.real).version if found else ""
        return readers

    @staticmethod
    def sign(folder: Path) -> Sign | None:
        """Return the sign that `folder` holds a Node.js app; None without one."""
        if (folder / "package.json").is_file():
            return Sign(Strength.PROJECT, "package.json")
        return single_file(folder, _SINGLE_FILES)

    @classmethod
    def of(cls, folder: Path, settings: Settings) -> Node:
        """Return the app in `folder`, with the settings that concern its dependencies."""
        return cls(folder, settings.dev_dependencies, settings.checks)

    def on(self, runtime: str | None, architecture: str | None) -> Node:  # noqa: ARG002
        """Return the app for a function of that runtime and architecture."""
        return self

    def fits(self, runtime: str | None) -> bool:
        """Return whether a function of that runtime can run it; a custom runtime can."""
        return (runtime or "provided").startswith(("nodejs", "provided"))

    def members(self, selections: Selections, leave_out: tuple[Path, ...] = ()) -> Members:
        """Return the members to package, except the files `leave_out` (also through links).

        Raises PackageError (see `packager.apps.files`).
        """
        selection = selections.of(self.folder, leave_out=leave_out)
        if not self._has_dependencies():
            return Members([], selection.members(), selection.events())
        app = os.path.realpath(self.folder)
        layout = selections.layout(app, development=self.dev_dependencies)
        missing, warnings = self._missing(layout)
        outside = [rules.Root(package.real, f"{package.place}/") for package in layout.outside]
        own_modules = {f"{package.place}/node_modules" for package in layout.outside}
        found = selection.members(layout.left_out | own_modules, outside)
        found += [
            Member(place, target.encode(), SYMBOLIC_LINK) for place, target in layout.links.items()
        ]
        own = [member for member in found if not member.name.startswith(_INSTALLED)]
        dependencies = [member for member in found if member.name.startswith(_INSTALLED)]
        warnings += self._outdated(layout)
        return Members(dependencies, own, [*selection.events(), *warnings], missing)

    def _has_dependencies(self) -> bool:
        """Return whether `node_modules` is packaged: a bundled app ignores it."""
        is_project = (self.folder / "package.json").is_file()
        return is_project and not ignore.read(self.folder)("node_modules", is_folder=True)

    def _missing(self, layout: node_modules.Layout) -> tuple[NotInstalled | None, list[Warning]]:
        """Return the dependencies of the app, and of the project's other packages, that are not
        installed; and a warning that names those of installed packages.
        """
        missing = [one for one in layout.missing if not one.name.startswith(IN_THE_RUNTIME)]
        own = [one for one in missing if (one.needed_by or "/").startswith("/")]
        others = [one for one in missing if one not in own]
        warning = Warning(f"Not installed: {_listed(others)}. Run `{self.install_command}`.")
        folders = sorted({one.needed_by for one in own if one.needed_by})
        commands = [f"`{self.install_command}`"] if any(not one.needed_by for one in own) else []
        commands += [f"`{node_modules.install_command(path)}` in {path}" for path in folders]
        return (
            NotInstalled(
                f"In package.json but not installed: {_listed(own)}.",
                f"Run {' and '.join(commands)}.",
            )
            if own
            else None,
            [warning] if others and self.checks != "off" else [],
        )

    def _outdated(self, layout: node_modules.Layout) -> list[Warning]:
        if not layout.outdated or self.checks == "off":
            return []
        found = ", ".join(
            f"{one.name} {one.version} (package.json: {one.wanted})" for one in layout.outdated
        )
        return [Warning(f"Other versions are installed: {found}. Run `{self.install_command}`.")]


def _listed(missing: Iterable[node_closure.Missing]) -> str:
    return ", ".join(
        f"{one.name} (needed by {one.needed_by})" if one.needed_by else one.name for one in missing
    )
