"""Read the lock files of uv: `uv.lock` and `pylock.toml`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.apps.python import freshness, installer, lists, pins, places, tables, uv_sources
from packager.apps.python.pins import Pin
from packager.apps.python.places import Place
from packager.apps.python.platform import Platform
from packager.apps.python.requirements import canonical
from packager.apps.python.wanted import Options, Wanted
from packager.errors import PackageError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packaging import requirements, specifiers
    from packaging.specifiers import SpecifierSet
else:
    requirements = lazy("packaging.requirements")  # A dyno does not have it.
    specifiers = lazy("packaging.specifiers")


def pylock(file: Path) -> Wanted | None:
    """Read a `pylock.toml`; None if it has no packages.

    Raises PackageError if it takes a package from a folder, because uv would build in that folder.
    """
    table = tables.toml(file)
    packages = _packages(table, "packages", file)
    for package in packages:
        if "directory" in package:
            raise PackageError(
                f"{file} takes {_shown(package)} from a folder.",
                "Write the file without it (`uv export --no-emit-project`), and list a wheel that"
                " is built from the folder.",
            )
    project = file.parent / lists.PROJECT
    # A file of another name may be for a part of the project only.
    is_of_project = file.name == lists.PYLOCK and project.is_file()
    declared = lists.declared(tables.toml(project)) if is_of_project else []
    if not packages and not declared and str(table.get("lock-version", "")).startswith("1."):
        return None
    pinned: dict[str, freshness.Pinned] = {}
    for package in packages:
        found = pinned.setdefault(canonical(_shown(package)), freshness.Pinned([], []))
        found.versions.extend([str(package["version"])] if "version" in package else [])
        found.places.append(_pylock_place(package, file.parent))

    def prepare(folder: Path, platform: Platform) -> list[Options]:
        pins.check_python(table.get("requires-python"), file, platform)
        freshness.check(
            file,
            project,
            # Where the project names no place, its workspace or a setting may.
            (
                one if one.place else one._replace(place=freshness.UNKNOWN)
                for one in uv_sources.declared(declared, project, file)
            ),
            pinned,
        )
        if any(map(_has_files, packages)):  # Their paths are relative to this file.
            return [("--requirements", str(file.resolve()))]
        return [_for_any_python(tables.read(file), folder / "pylock.toml")]

    inputs = (tables.read(file), *map(str.encode, declared))
    return Wanted(file=file, inputs=inputs, prepare=prepare)


def _pylock_place(package: dict[str, Any], folder: Path) -> Place:
    vcs, archive = tables.subtable(package, "vcs"), tables.subtable(package, "archive")
    if place := vcs or archive:
        if "path" in place:
            return places.path(folder, place["path"])
        url = str(place.get("url", ""))
        return places.git(url, vcs.get("requested-revision")) if vcs else places.archive(url)
    return places.index_at(str(package["index"])) if "index" in package else Place()


def _has_files(package: dict[str, Any]) -> bool:
    wheels = package.get("wheels", [])
    sources = [package.get("archive"), package.get("sdist")]
    found = [*(wheels if isinstance(wheels, list) else []), *sources]
    return any(isinstance(place, dict) and "path" in place for place in found)


def _for_any_python(content: bytes, copy: Path) -> Options:
    """Write a copy of a `pylock.toml` without `requires-python`, and return uv's options for it.

    uv would compare it with the Python that it runs on instead of the function's.
    """
    head, table, packages = content.partition(b"\n[[packages]]")
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(re.sub(rb"(?m)^requires-python\s*=.*$", b"", head) + table + packages)
    return ("--requirements", str(copy))


def uv_lock(file: Path, app: Path) -> Wanted:
    """Read a `uv.lock` for the project in `app`, which can be a member of a workspace.

    Raises PackageError if the lock lacks a dependency of the project.
    """
    table = tables.toml(file)
    packages = _packages(table, "package", file)
    project = tables.toml(app / "pyproject.toml")
    root = _root(packages, file, app)
    folders = [*_folders(packages, root, file)]

    def prepare(making: Path, platform: Platform) -> list[Options]:
        pins.check_python(table.get("requires-python"), file, platform)
        _check_is_current(project, root, app / "pyproject.toml", file)
        return _export(app, making, platform)

    return Wanted(
        file=file,
        inputs=(
            tables.read(file),
            tables.read(app / "pyproject.toml"),
            tables.read(file.with_name("pyproject.toml")),  # of the workspace
            *pins.contents([Pin("", path=folder) for folder in folders]),
        ),
        prepare=prepare,
    )


def _packages(table: tables.Table, name: str, file: Path) -> list[dict[str, Any]]:
    packages = table.get(name, [])
    if not isinstance(packages, list) or not all(isinstance(found, dict) for found in packages):
        raise PackageError(f"{file} has no list of packages.", "Write the file again.")
    return packages


def _shown(package: dict[str, Any]) -> str:
    return str(package.get("name", "a package"))[:100]


def _place(package: dict[str, Any], file: Path) -> Path | None:
    """Return the folder that a package of a `uv.lock` comes from, if any."""
    source = tables.subtable(package, "source")
    for kind in ("directory", "editable", "virtual"):
        if kind in source:
            return (file.parent / str(source[kind])).resolve()
    return None


def _root(packages: list[dict[str, Any]], file: Path, app: Path) -> dict[str, Any]:
    for package in packages:
        if _place(package, file) == app.resolve():
            return package
    raise PackageError(f"{file} does not have the project in {app}.", "Write it again: `uv lock`.")


def _check_is_current(
    project: tables.Table, root: dict[str, Any], project_file: Path, file: Path
) -> None:
    """Compare the project's requirements with the copy of them that uv keeps in the lock."""
    metadata = tables.subtable(root, "metadata").get("requires-dist", [])
    entries = [entry for entry in metadata if isinstance(entry, dict)]
    copies = [_copied_requirement(entry) for entry in entries]
    locked = [(entry.get("name"), uv_sources.locked(entry, file.parent)) for entry in entries]
    names = {name for name, _, _ in copies}
    missing, outdated = [], []
    for line in tables.subtable(project, "project").get("dependencies", []):
        try:
            wanted = requirements.Requirement(str(line))
        except ValueError:  # uv reports it.
            continue
        name = canonical(wanted.name)
        if name not in names:
            missing.append(name)
            continue
        copy = (name, wanted.specifier, frozenset(map(canonical, wanted.extras)))
        found = {place for locked_name, place in locked if locked_name == name}
        if copy not in copies or uv_sources.differ(wanted, project_file, file, found):
            outdated.append(name)
    freshness.refuse(file, project_file, sorted(missing), sorted(outdated))


def _copied_requirement(entry: dict[str, Any]) -> tuple[str, SpecifierSet, frozenset[str]]:
    extras = frozenset(canonical(str(extra)) for extra in entry.get("extras", []))
    try:
        specifier = specifiers.SpecifierSet(str(entry.get("specifier", "")))
    except ValueError:
        specifier = specifiers.SpecifierSet()
    return str(entry.get("name")), specifier, extras


def _folders(packages: list[dict[str, Any]], root: dict[str, Any], file: Path) -> Iterator[Path]:
    """Yield the folders of the local packages that `root` needs."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in packages:
        by_name.setdefault(str(package.get("name")), []).append(package)
    seen: set[str] = set()
    left = _needs(root)
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        for package in by_name.get(name, []):
            left += _needs(package)
            if folder := _place(package, file):
                yield folder


def _needs(package: dict[str, Any]) -> list[str]:
    needs = package.get("dependencies", [])
    return [str(entry.get("name")) for entry in needs if isinstance(entry, dict)]


def _export(app: Path, making: Path, platform: Platform) -> list[Options]:
    """Export the lock's pins as a `pylock.toml`, and local packages as a separate project."""
    command = ["export", "--quiet", "--frozen", "--no-default-groups", "--no-emit-project"]
    command += ["--no-header", "--format", "pylock.toml", "--python", sys.executable]
    content = installer.output_of(command, app)
    whole = making / "whole" / "pylock.toml"
    options = _for_any_python(content, whole)
    local = [
        _pin(package, place, app)
        for package in _packages(tables.toml(whole), "packages", whole)
        if (place := _local(package))
    ]
    if not local:
        return [options]
    content = installer.output_of([*command, "--no-emit-local"], app)
    return [
        _for_any_python(content, making / "pylock.toml"),
        *pins.prepare(local, app / "uv.lock", app, making, platform),
    ]


def _local(package: dict[str, Any]) -> dict[str, Any] | None:
    for kind in ("directory", "archive"):
        place = tables.subtable(package, kind)
        if "path" in place:
            return place
    return None


def _pin(package: dict[str, Any], place: dict[str, Any], app: Path) -> Pin:
    hashes = tables.subtable(place, "hashes")
    return Pin(
        str(package.get("name", "")),
        path=app / str(place["path"]),
        marker=str(package.get("marker", "")),
        hashes=tuple(f"{name}:{value}" for name, value in hashes.items()),
    )
