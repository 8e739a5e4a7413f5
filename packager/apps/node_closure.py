"""The production dependencies of a Node.js app: what its code can load when it runs.

What `dependencies` and `optionalDependencies` reach goes in, as Node.js itself finds it. What only
`devDependencies` reach stays out. What nothing declares stays in, because code may load it all the
same, except in pnpm's store, which keeps everything that was ever installed.
"""

# Paths by the thousand are strings here, which are much faster than Path.
# ruff: noqa: PTH118

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from packager.apps.node_resolution import MODULES, Found, Resolution, package_name

_PNPM_STORE = f"{MODULES}/.pnpm"

# Names that code gets from Node.js itself, whether or not a package of that name is installed.
_BUILT_IN_NAMES = """
    assert async_hooks buffer child_process cluster console constants crypto dgram dns domain events
    fs http http2 https inspector module net os path perf_hooks process punycode querystring
    readline repl stream string_decoder sys timers tls tty url util v8 vm wasi worker_threads zlib
"""
_BUILT_IN = frozenset(_BUILT_IN_NAMES.split())


class Missing(NamedTuple):
    """A package that is declared and not installed; `needed_by` is empty for the app itself."""

    name: str
    needed_by: str


class Edge(NamedTuple):
    """The real path of the package that needs another one, and where Node.js finds that."""

    user: str
    found: Found


@dataclass
class Closure:
    """The packages that go in, by their real paths; and the places that stay out."""

    packages: set[str] = field(default_factory=set)
    edges: list[Edge] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)


def find_closure(app: str, resolution: Resolution, *, development: bool) -> Closure:
    """Find the packages of the app in the folder with the real path `app`.

    With `development`, everything that is installed goes in.
    """
    declared = resolution.manifest(app)
    # A package of a workspace may need the app itself, which goes in anyway.
    closure = Closure(packages={app})
    _reach(app, declared.used, resolution, closure)
    only_development = Closure()
    if development:
        _reach(app, sorted(declared.development), resolution, closure)
    else:
        # Of a package in a workspace, its own development dependencies are installed as well.
        for package in sorted(package for package in closure.packages if _is_own(package)):
            names = sorted(resolution.manifest(package).development)
            _reach(package, names, resolution, only_development)
    for place, found in _installed(app, resolution, closure.dropped):
        if found.real in closure.packages:
            continue
        if found.real in only_development.packages or place.startswith(f"{_PNPM_STORE}/"):
            closure.dropped.add(place)
        else:
            undeclared = Closure(closure.packages, closure.edges)
            closure.packages.add(found.real)
            closure.edges.append(Edge(app, found))
            _reach(found.real, resolution.manifest(found.real).used, resolution, undeclared)
    closure.packages.remove(app)
    return closure


def is_within(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _reach(package: str, names: Iterable[str], resolution: Resolution, closure: Closure) -> None:
    """Add to `closure` what `package` needs by `names`, and what that needs in turn."""
    left = [(package, name) for name in names]
    while left:
        user, name = left.pop()
        found = resolution.find(name, user)
        if found is None:
            if name in resolution.manifest(user).required - _BUILT_IN:
                closure.missing.append(Missing(name, "" if user == package else package_name(user)))
            continue
        closure.edges.append(Edge(user, found))
        if found.real not in closure.packages:
            closure.packages.add(found.real)
            left += [(found.real, needed) for needed in resolution.manifest(found.real).used]


def _installed(
    app: str, resolution: Resolution, dropped: Container[str]
) -> Iterator[tuple[str, Found]]:
    """List what is in the app's `node_modules`, each package before those inside it.

    Packages inside one that the caller has `dropped` meanwhile are skipped.
    """
    left = [f"{folder}/{MODULES}" for folder in _store_folders(app)]
    left += [f"{_PNPM_STORE}/{MODULES}", MODULES]
    while left:
        folder = left.pop()
        for name, found in resolution.installed(os.path.join(app, folder)).items():
            place = f"{folder}/{name}"
            yield place, found
            if place not in dropped and found.real == os.path.join(app, place):
                left.append(f"{place}/{MODULES}")


def _store_folders(app: str) -> list[str]:
    try:
        names = os.listdir(os.path.join(app, _PNPM_STORE))  # noqa: PTH208
    except OSError:
        return []
    return [f"{_PNPM_STORE}/{name}" for name in sorted(names, reverse=True)]


def _is_own(package: str) -> bool:
    return f"{os.sep}{MODULES}{os.sep}" not in package
