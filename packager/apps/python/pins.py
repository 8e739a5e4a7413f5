"""Packages that a lock file pins, each with its version, hashes and source."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packager.apps.python import freshness, places, tables, variables
from packager.apps.python.places import Place
from packager.apps.python.platform import Platform
from packager.apps.python.requirements import canonical, name_of
from packager.apps.python.wanted import Options, Wanted
from packager.errors import PackageError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packaging import markers, specifiers
else:
    markers = lazy("packaging.markers")  # A dyno does not have it.
    specifiers = lazy("packaging.specifiers")

_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][\w.!+-]*")
_HASH = re.compile(r"[a-z0-9]+:[0-9a-f]+")

# Folders that do not contain sources.
_NOT_SOURCES = (".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox")
_NOT_COPIED = shutil.ignore_patterns(*_NOT_SOURCES)


@dataclass(frozen=True)
class Index:
    """A package index, with the name that the project gives it."""

    name: str
    url: str


@dataclass(frozen=True)
class Pin:
    """One package: a `version` from an index (PyPI if it is None), a `url`, or a `path`.

    `reference` is the branch or tag by which a commit in `url` was found, if the lock has it.
    """

    name: str
    version: str = ""
    url: str = ""
    path: Path | None = None
    index: Index | None = None
    marker: str = ""
    hashes: tuple[str, ...] = ()
    reference: str = ""


def _needed(pins: Sequence[Pin], file: Path, platform: Platform) -> Iterator[Pin]:
    """Yield the pins that the platform needs; raise PackageError for an invalid marker."""
    for pin in pins:
        try:
            if not pin.marker or markers.Marker(pin.marker).evaluate(platform.markers()):
                yield pin
        except (markers.InvalidMarker, markers.UndefinedEnvironmentName, ValueError) as error:
            raise PackageError(
                f"{file} has a marker for {pin.name} that cannot be read.",
                "Write the lock file again.",
            ) from error


def _check(pins: Sequence[Pin], file: Path, app: Path) -> None:
    """Raise PackageError for an invalid pin."""
    for pin in pins:
        well_formed = _NAME.fullmatch(pin.name) and all(map(_HASH.fullmatch, pin.hashes))
        if not well_formed or not (pin.url or pin.path or _VERSION.fullmatch(pin.version)):
            raise PackageError(
                f"{file} has no version or place for {pin.name or 'a package'}.",
                "Write the lock file again.",
            )
        if pin.path and not pin.path.exists():
            raise PackageError(
                f"{file} takes {pin.name} from {pin.path!s}, which does not exist.",
                "Write the lock file again.",
            )
        if pin.path and app.resolve().is_relative_to(pin.path.resolve()):
            raise PackageError(
                f"{file} takes {pin.name} from {pin.path!s}, the app's own folder.",
                "Remove it from the dependencies: the app's own files are packaged anyway.",
            )


def check_python(requires: object, file: Path, platform: Platform) -> None:
    """Raise PackageError if a file is not for the platform's Python.

    Only Lambda knows the patch release, so one that fits is enough.
    """
    try:
        wanted = specifiers.SpecifierSet(str(requires or ""))
        fits = any(wanted.contains(f"{platform.version}.{patch}") for patch in range(100))
    except ValueError:
        fits = False
    if not fits:
        raise PackageError(
            f"{file} is for Python {str(requires)[:50]}, but the function has {platform.runtime}.",
            "Choose another runtime, or change requires-python and write any lock file again.",
        )


def contents(pins: Sequence[Pin]) -> Iterator[bytes]:
    """Yield the names and contents of all sources in the folders of pins."""
    for folder in sorted({pin.path for pin in pins if pin.path and pin.path.is_dir()}):
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if not set(name.parts) & set(_NOT_SOURCES) and path.is_file():
                yield str(name).encode("utf-8", "surrogateescape")
                yield path.read_bytes()


def _pinned(pins: Sequence[Pin]) -> dict[str, freshness.Pinned]:
    """Return what is pinned, by name; a package from a URL or path has no version."""
    found: dict[str, tuple[list[str], list[Place]]] = {}
    for pin in pins:
        versions, places = found.setdefault(canonical(pin.name), ([], []))
        versions += [pin.version] if pin.version else []
        places.append(_place(pin))
    return {name: freshness.Pinned(*pinned) for name, pinned in found.items()}


def _place(pin: Pin) -> Place:
    if pin.url:
        return places.of_requirement(pin.url, Path())._replace(reference=pin.reference)
    if pin.path:
        return places.path(Path(), pin.path)
    return places.index(pin.index.name if pin.index else "")


def urls(pin: Pin) -> Iterator[str]:
    """Yield the URLs of a pin, which may contain variables."""
    yield pin.url
    if pin.index:
        yield pin.index.url


def wanted(
    pins: Sequence[Pin],
    file: Path,
    app: Path,
    project: Path,
    declared: Callable[[], Iterable[freshness.Declared]],
) -> Wanted:
    """Return the dependencies that the lock `file` pins.

    When they are installed, PackageError is raised if the lock lacks a requirement that is
    `declared` in the file `project`.
    """

    def prepare_current(folder: Path, platform: Platform) -> list[Options]:
        freshness.check(file, project, declared(), _pinned(pins))
        return prepare(pins, file, app, folder, platform)

    inputs = [tables.read(file), *contents(pins)]
    if project.is_file():
        inputs.append(tables.read(project))
    texts = tuple((file.name, text) for pin in pins for text in urls(pin))
    return Wanted(file, tuple(inputs), prepare_current, texts=texts)


def git_url(repository: str, commit: str, subdirectory: object = None) -> str:
    """Return the URL of a commit in uv's format."""
    within = f"#subdirectory={subdirectory}" if subdirectory else ""
    return f"git+{places.git_url(repository)}@{commit}{within}"


def prepare(
    pins: Sequence[Pin], file: Path, app: Path, folder: Path, platform: Platform
) -> list[Options]:
    """Write projects into `folder` with the `pins` of the lock `file` that the platform needs, and
    return uv's options to install each.

    Raises PackageError for an invalid pin.
    """
    pins = [*_needed(pins, file, platform)]
    _check(pins, file, app)
    local = [pin for pin in pins if pin.path and pin.path.is_dir()]
    others = [pin for pin in pins if pin not in local]
    options = [_project_of(others, folder / "project", folder)] if others or not local else []
    if local:
        without_sources = [*_without_sources(local)]
        options.append((*_project_of(local, folder / "local-project", folder), *without_sources))
    return options


def _without_sources(local: Sequence[Pin]) -> Iterator[str]:
    """Yield the options by which uv ignores where local packages say that others come from.

    The lock has decided that already, and the copy of a package is not in its workspace. Raises
    PackageError if a package is built with one of the others.
    """
    for pin in local:
        project = (pin.path or Path()) / "pyproject.toml"
        table = tables.toml(project) if project.is_file() else {}
        names = tables.subtable(table, "tool", "uv", "sources").keys()
        requires = tables.subtable(table, "build-system").get("requires", [])
        needed = {name_of(str(line)) for line in requires if isinstance(requires, list)}
        if used := sorted(needed & {*map(canonical, names)}):
            raise PackageError(
                f"{project} takes {used[0]}, with which it is built, from a source of its own.",
                "Build a wheel of the package, and list its path instead of the folder.",
            )
        yield from (f"--no-sources-package={name}" for name in sorted(names))


def _project_of(pins: Sequence[Pin], project: Path, folder: Path) -> Options:
    """Write a project with `pins`, and return uv's options; copies of sources go to `folder`."""
    project.mkdir()
    # A project cannot contain hashes, but constraints can.
    (project / "hashes.txt").write_text("".join(map(_constraint, pins)), "utf-8")
    (project / "pyproject.toml").write_text(_project(pins, folder), "utf-8")
    return (
        *("--requirements", str(project / "pyproject.toml"), "--no-deps"),
        *("--constraints", str(project / "hashes.txt")),
    )


def _constraint(pin: Pin) -> str:
    if not pin.version or pin.url or pin.path or not pin.hashes:
        return ""
    return f"{pin.name}=={pin.version} {' '.join(f'--hash={h}' for h in pin.hashes)}\n"


def _project(pins: Sequence[Pin], folder: Path) -> str:
    # Strings and lists of strings have the same syntax in TOML and JSON.
    requirements = json.dumps([_requirement(pin, folder) for pin in pins])
    lines = ["[project]", 'name = "dependencies-of-the-app"', 'version = "0"']
    lines += [f"dependencies = {requirements}", "[tool.uv.workspace]", "[tool.uv.sources]"]
    indexes = {pin.name: pin.index for pin in pins if pin.index}
    for name, index in indexes.items():
        lines.append(f"{json.dumps(name)} = {{ index = {json.dumps(_plain(index))} }}")
    for index in {index.name: index for index in indexes.values()}.values():
        lines += ["[[tool.uv.index]]", f"name = {json.dumps(_plain(index))}", "explicit = true"]
        lines += [f"url = {json.dumps(variables.filled(index.url))}"]
    return "\n".join(lines) + "\n"


def _plain(index: Index) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", index.name) or "index"


def _requirement(pin: Pin, folder: Path) -> str:
    if pin.path:
        path = pin.path.resolve()
        place = (_copied(path, folder) if path.is_dir() else path).as_uri()
        return f"{pin.name} @ {place}{_fragment(pin)}"
    if pin.url:
        return f"{pin.name} @ {variables.filled(pin.url)}{_fragment(pin)}"
    return f"{pin.name}=={pin.version}"


def _fragment(pin: Pin) -> str:
    is_file = pin.url.startswith(("http:", "https:")) or (pin.path and pin.path.is_file())
    if not is_file or "#" in pin.url or len(pin.hashes) != 1:
        return ""
    return "#" + pin.hashes[0].replace(":", "=")


def _copied(sources: Path, folder: Path) -> Path:
    """Copy sources, because a build may write into their folder, and the app must not change."""
    copies = folder / "local"
    copies.mkdir(exist_ok=True)
    copy = copies / str(len([*copies.iterdir()])) / sources.name
    shutil.copytree(sources, copy, symlinks=True, ignore=_NOT_COPIED)
    return copy
