"""The production dependencies of a Node.js app: the packages that its code can load.

Packages that `dependencies` and `optionalDependencies` reach are packaged, resolved as Node.js
does. Packages that only `devDependencies` reach are left out. Undeclared packages are packaged,
because code may still load them, except from a store, which keeps old installations.
"""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH118

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from packager.apps import node_ranges
from packager.apps.node_resolution import (
    MANIFEST,
    MODULES,
    Found,
    Manifest,
    Resolution,
    package_name,
)

# The stores of pnpm, of npm's `--install-strategy=linked` and Yarn's `nodeLinker: pnpm`, of Bun and
# of Deno. Yarn puts each package into the folder `package` of its own one, the others into
# `node_modules`.
_STORES = tuple(f"{MODULES}/{name}" for name in (".pnpm", ".store", ".bun", ".deno"))
_IN_STORE = tuple(f"{store}/" for store in _STORES)

# Node.js itself provides these, even if a package of the same name is installed.
_BUILT_IN_NAMES = """
    assert async_hooks buffer child_process cluster console constants crypto dgram dns domain events
    fs http http2 https inspector module net os path perf_hooks process punycode querystring
    readline repl stream string_decoder sys timers tls tty url util v8 vm wasi worker_threads zlib
"""
_BUILT_IN = frozenset(_BUILT_IN_NAMES.split())


class Missing(NamedTuple):
    """A package that is declared but not installed, and the name of the package that needs it:
    empty for the app itself, a path for another package of the user's own.
    """

    name: str
    needed_by: str


class Outdated(NamedTuple):
    """A dependency of the app, of which another version is installed than it declares."""

    name: str
    version: str
    wanted: str


class Edge(NamedTuple):
    """The real path of a package that needs another one, and where Node.js finds the other."""

    user: str
    found: Found


@dataclass
class Closure:
    """The packages of `app` to package, by real path, and the places to leave out."""

    app: str
    packages: set[str] = field(default_factory=set)
    edges: list[Edge] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    outdated: list[Outdated] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)


def find_closure(app: str, resolution: Resolution, *, development: bool) -> Closure:
    """Find the packages of the app in the folder with the real path `app`.

    With `development`, everything that is installed is packaged.
    """
    declared = resolution.manifest(app)
    # A package of a workspace may need the app itself, which is packaged anyway.
    closure = Closure(app, packages={app})
    _reach(app, declared.used, resolution, closure)
    closure.outdated += _outdated(declared, closure.edges, resolution)
    only_development = Closure(app)
    if development:
        _reach(app, sorted(declared.development), resolution, closure)
    else:
        # Package managers also install the development dependencies of a workspace's packages.
        for package in sorted(closure.packages | _workspace(app, resolution)):
            if _is_own(package):
                names = sorted(resolution.manifest(package).development)
                _reach(package, names, resolution, only_development)

    def is_unused(place: str, found: Found) -> bool:
        if found.real in closure.packages:
            return False
        return found.real in only_development.packages or place.startswith(_IN_STORE)

    skipped: set[str] = set()
    for place, found in _installed(app, resolution, skipped):
        if is_unused(place, found):
            skipped.add(place)
        elif found.real not in closure.packages:
            undeclared = Closure(app, closure.packages, closure.edges)
            closure.packages.add(found.real)
            closure.edges.append(Edge(app, found))
            _reach(found.real, resolution.manifest(found.real).used, resolution, undeclared)
    # Only now, because an undeclared package may need one that also development dependencies need.
    for place, found in _installed(app, resolution, closure.dropped):
        if is_unused(place, found):
            closure.dropped.add(place)
    closure.packages.remove(app)
    return closure


def _reach(package: str, names: Iterable[str], resolution: Resolution, closure: Closure) -> None:
    """Add to `closure` the dependencies `names` of `package`, and their own dependencies."""
    left = [(package, name) for name in names]
    while left:
        user, name = left.pop()
        is_required = name in resolution.manifest(user).required - _BUILT_IN
        found = resolution.find(name, user)
        if found is None and is_required:
            # In its package, the app's node_modules is above every package from outside.
            found = resolution.find(name, closure.app)
            user = closure.app if found else user
        if found is None:
            if is_required:
                closure.missing.append(Missing(name, "" if user == package else package_name(user)))
            continue
        closure.edges.append(Edge(user, found))
        if found.real not in closure.packages:
            closure.packages.add(found.real)
            left += [(found.real, needed) for needed in resolution.manifest(found.real).used]


def _outdated(
    declared: Manifest, edges: Iterable[Edge], resolution: Resolution
) -> Iterator[Outdated]:
    """Yield the app's own dependencies whose installed version it does not declare."""
    for user, found in edges:
        name = package_name(found.path)
        wanted = declared.ranges.get(name)
        if resolution.manifest(user) is declared and wanted is not None:
            version = resolution.manifest(found.real).version
            if not node_ranges.fits(version, wanted):
                yield Outdated(name, version, wanted)


def _workspace(app: str, resolution: Resolution) -> set[str]:
    """Return the packages to which links at the top of the app's `node_modules` lead."""
    found = resolution.installed(os.path.join(app, MODULES)).values()
    return {package.real for package in found if package.real != package.path}


def _installed(
    app: str, resolution: Resolution, dropped: Container[str]
) -> Iterator[tuple[str, Found]]:
    """Yield the packages in the app's `node_modules`, each before those inside it.

    Packages inside one that the caller has `dropped` in the meantime are skipped.
    """
    left = [f"{store}/{MODULES}" for store in _STORES] + [MODULES]
    for folder in _store_folders(app):
        package = os.path.join(app, folder, "package")
        if os.path.isfile(os.path.join(package, MANIFEST)):  # noqa: PTH113
            yield folder, Found(package, package)
        if folder not in dropped:
            left.insert(0, f"{folder}/{MODULES}")
    while left:
        folder = left.pop()
        for name, found in resolution.installed(os.path.join(app, folder)).items():
            place = f"{folder}/{name}"
            yield place, found
            if place not in dropped and found.real == os.path.join(app, place):
                left.append(f"{place}/{MODULES}")


def _store_folders(app: str) -> Iterator[str]:
    for store in _STORES:
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(os.path.join(app, store))):  # noqa: PTH208
                yield f"{store}/{name}"


def _is_own(package: str) -> bool:
    return f"{os.sep}{MODULES}{os.sep}" not in package
