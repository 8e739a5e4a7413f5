"""Find npm packages as Node.js does: upwards from the real path of the package that needs them.

The algorithm is "Loading from node_modules folders" in https://nodejs.org/api/modules.html. npm,
Yarn and pnpm lay out packages differently, and all rely on it.
"""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packager.apps.members import TICK_NS, Version
from packager.errors import PackageError

MODULES = "node_modules"
MANIFEST = "package.json"

# A name with or without a scope, but not one such as `..` that leads to another folder.
_PACKAGE_NAME = re.compile(r"(?:@[^/\\@.\0][^/\\\0]*/)?[^/\\@.\0][^/\\\0]*")
# npm's `alias@npm:name@range`: https://docs.npmjs.com/cli/commands/npm-install
_ALIASED = re.compile(r"npm:(@?[^@]+)")


@dataclass(frozen=True)
class Manifest:
    """The names of packages that a package.json declares."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    development: frozenset[str] = frozenset()
    platform: Mapping[str, Any] = field(default_factory=dict)  # its `os`, `cpu` and `libc`
    version: str = ""
    ranges: Mapping[str, str] = field(default_factory=dict)  # by the names that it needs

    @property
    def used(self) -> list[str]:
        """The packages that its code may load when it runs, in a fixed order."""
        return sorted(self.required | self.optional)

    def package(self, name: str) -> str:
        """Return the package that is installed by `name`, which may be an alias."""
        aliased = _ALIASED.match(self.ranges.get(name, ""))
        return aliased[1] if aliased else name


@dataclass(frozen=True)
class Found:
    """A package as it was found: at `path`, which may be a link, and at its real path."""

    path: str
    real: str


class Resolution:
    """Finds packages; it reads each folder and each package.json once."""

    def __init__(self) -> None:
        """Begin with empty caches."""
        self._started_ns = time.time_ns()
        self._folders: dict[str, dict[str, Found]] = {}
        self._manifests: dict[str, Manifest] = {}
        self._versions: dict[str, Version | None] = {}

    def is_current(self) -> bool:
        """Return whether nothing that was read has changed since."""
        latest = self._started_ns - TICK_NS
        links = (found for folder in self._folders.values() for found in folder.values())
        return all(
            version == _version(path)
            and (version is None or max(version.modified_ns, version.changed_ns) < latest)
            for path, version in self._versions.items()
        ) and all(
            os.path.realpath(link.path) == link.real for link in links if link.path != link.real
        )

    def find(self, name: str, real_path: str) -> Found | None:
        """Return the package that code in the folder `real_path` loads by `name`."""
        folder = real_path
        while True:
            if not folder.endswith(os.sep + MODULES):
                found = self.installed(os.path.join(folder, MODULES)).get(name)
                if found and self._is_package(found.real):
                    return found
            parent = os.path.dirname(folder)
            if parent == folder:
                return None
            folder = parent

    def installed(self, folder: str) -> dict[str, Found]:
        """Return the packages in a `node_modules` folder by name; none if it does not exist."""
        if folder not in self._folders:
            self._versions[folder] = _version(folder)
            self._folders[folder] = dict(self._packages(folder))
        return self._folders[folder]

    def manifest(self, real_path: str) -> Manifest:
        """Read the package.json of a package; a package without one needs nothing."""
        if real_path not in self._manifests:
            path = os.path.join(real_path, MANIFEST)
            self._versions[path] = _version(path)
            self._manifests[real_path] = read_manifest(real_path)
        return self._manifests[real_path]

    def _is_package(self, real_path: str) -> bool:
        """Return whether Node.js can load the folder; in place of another, it looks further up."""
        self.manifest(real_path)
        if self._versions[os.path.join(real_path, MANIFEST)]:
            return True
        self._versions[real_path] = _version(real_path)
        return any(entry.name.startswith("index.") for entry in _entries(real_path))

    def _packages(self, folder: str) -> Iterator[tuple[str, Found]]:
        for entry in _entries(folder):
            if entry.name.startswith("@"):
                self._versions[entry.path] = _version(entry.path)
                for scoped in _entries(entry.path):
                    if found := _package(scoped):
                        yield f"{entry.name}/{scoped.name}", found
            elif not entry.name.startswith(".") and (found := _package(entry)):
                yield entry.name, found


def _version(path: str) -> Version | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return Version(status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _package(entry: os.DirEntry[str]) -> Found | None:
    try:
        if not entry.is_dir():
            return None
    except OSError:  # a link that leads back to itself
        return None
    # The folder that holds the entry can be reached through a link as well.
    return Found(entry.path, os.path.realpath(entry.path))


def package_name(path: str) -> str:
    """Return the name of the package in the folder `path`, with its scope."""
    return path.rpartition(f"{os.sep}{MODULES}{os.sep}")[2] or path.rpartition(os.sep)[2]


def read_manifest(folder: str) -> Manifest:
    """Read the package.json in `folder`; raise PackageError if it is not a JSON object."""
    path = os.path.join(folder, MANIFEST)
    try:
        with open(path, "rb") as file:
            content = json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return Manifest()
    except OSError as error:
        raise PackageError(f"{path} cannot be read: {error.strerror}.", "Check its mode.") from None
    except (ValueError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise PackageError(f"{path}{where}: not valid JSON.", "Fix or reinstall it.") from None
    if not isinstance(content, dict):
        raise PackageError(f"{path}: not a JSON object.", "Fix or reinstall it.")
    return _manifest(path, content)


def _manifest(path: str, content: dict[str, Any]) -> Manifest:
    optional = _names(path, content, "optionalDependencies")
    peers = _names(path, content, "peerDependencies")
    return Manifest(
        # npm: an entry in optionalDependencies overrides one of that name in dependencies.
        required=_names(path, content, "dependencies") - optional,
        # Only the code that uses a peer knows whether it needs it.
        optional=optional | peers,
        development=_names(path, content, "devDependencies"),
        platform={key: content[key] for key in ("os", "cpu", "libc") if key in content},
        version=str(content.get("version", "")),
        ranges={
            name: str(wanted)
            for key in ("dependencies", "optionalDependencies")
            if isinstance(declared := content.get(key), dict)
            for name, wanted in declared.items()
        },
    )


def _names(path: str, content: dict[str, Any], key: str) -> frozenset[str]:
    declared = content.get(key)
    if not isinstance(declared, dict):
        return frozenset()  # npm ignores it, too
    for name in declared:
        if not _PACKAGE_NAME.fullmatch(name):
            raise PackageError(
                f"{path}: {name} in {key} is not the name of a package.",
                "Fix the name, or remove the line.",
            )
    return frozenset(declared)
