"""Check that a lock file still pins everything that its project declares.

Installers of locks do not look at the project: a dependency that was added after the lock was
written would be left out, and one with a new source would come from the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packager.apps.python import places, tables
from packager.apps.python.places import Place
from packager.apps.python.requirements import canonical
from packager.errors import PackageError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packaging import requirements, specifiers
else:
    requirements = lazy("packaging.requirements")  # A dyno does not have it.
    specifiers = lazy("packaging.specifiers")

# Keys of a dependency in a Pipfile or a Poetry project after which every platform needs it.
_UNCONDITIONAL = {
    *("version", "extras", "index", "source", "allow-prereleases", "allows-prereleases"),
    *("git", "ref", "rev", "tag", "branch", "subdirectory"),
    *("path", "file", "url", "develop", "editable"),
}

_ANY_VERSION = ("", "*")

# A place that depends on what the packager does not know; it is not compared.
UNKNOWN = Place("unknown")


class Declared(NamedTuple):
    """A dependency that a project declares, and the place that it names for it, if any. If it is
    `conditional`, only some platforms need it.
    """

    requirement: str
    place: Place | None = None
    conditional: bool = False


class Pinned(NamedTuple):
    """The versions of a package in a lock, and its places."""

    versions: list[str]
    places: list[Place]


def check(
    lock: Path, project: Path, declared: Iterable[Declared], pinned: Mapping[str, Pinned]
) -> None:
    """Raise PackageError if the `lock` lacks a requirement that is `declared` in the `project`.

    `pinned` has the packages of the lock by canonical name. Conditional requirements are not
    compared, because a lock leaves out what none of its platforms needs.
    """
    missing, outdated = [], []
    wanted = [*_parsed(declared, project.parent)]
    named = {canonical(requirement.name): place for requirement, place, _ in wanted if place}
    conditional = {canonical(requirement.name) for requirement, _, condition in wanted if condition}
    for requirement, _, condition in wanted:
        name = canonical(requirement.name)
        found = pinned.get(name)
        if condition:
            continue
        if found is None:
            missing.append(requirement.name)
        elif not _fits(requirement, found) or not (
            # The place may depend on the same condition.
            name in conditional or _is_from(named.get(name), found)
        ):
            outdated.append(requirement.name)
    refuse(lock, project, missing, sorted(set(outdated)))


def _parsed(
    declared: Iterable[Declared], folder: Path
) -> Iterator[tuple[requirements.Requirement, Place | None, bool]]:
    for line, place, conditional in declared:
        try:
            requirement = requirements.Requirement(line)
        except ValueError:  # The reader of the file reports this.
            continue
        place = places.of_requirement(requirement.url, folder) if requirement.url else place
        yield requirement, place, conditional or requirement.marker is not None


def _fits(requirement: requirements.Requirement, pinned: Pinned) -> bool:
    return not pinned.versions or any(
        requirement.specifier.contains(version, prereleases=True) for version in pinned.versions
    )


def _is_from(wanted: Place | None, pinned: Pinned) -> bool:
    """Return whether a package is pinned from the place that is `wanted`; without one, from any
    index.
    """
    if not wanted:
        return any(place.kind == "index" for place in pinned.places)
    return wanted == UNKNOWN or any(
        (place.kind, place.address) == (wanted.kind, wanted.address)
        # Not every lock has the reference.
        and (not wanted.reference or place.reference in ("", wanted.reference))
        for place in pinned.places
    )


def refuse(lock: Path, project: Path, missing: list[str], outdated: list[str]) -> None:
    """Raise PackageError if there are names of `missing` or `outdated` dependencies."""
    problems = [
        f"it does not have {', '.join(missing)}" * bool(missing),
        f"{project.name} now declares {', '.join(outdated)} differently" * bool(outdated),
    ]
    if any(problems):
        raise PackageError(
            f"{lock} is older than {project.name}: {'; '.join(filter(None, problems))}.",
            f"Write it again: `{_command(lock)}`.",
        )


def in_tool_table(entries: tables.Table, folder: Path) -> Iterator[Declared]:
    """Return the dependencies of a Pipfile or a Poetry project in `folder`.

    A version in Poetry's own notation is dropped.
    """
    for name, entry in entries.items():
        table = {"version": entry} if isinstance(entry, str) else entry
        if not isinstance(table, dict) or table.keys() - _UNCONDITIONAL:
            yield Declared(name, conditional=True)
            continue
        yield Declared(f"{name}{_specifier(str(table.get('version', '')))}", _place(table, folder))


def _place(entry: tables.Table, folder: Path) -> Place | None:
    if "git" in entry:
        references = [entry[key] for key in ("branch", "tag", "rev", "ref") if key in entry]
        return places.git(str(entry["git"]), next(iter(references), None))
    for key in ("path", "file", "url"):
        if key in entry:
            place = str(entry[key])
            is_url = "://" in place
            return places.of_requirement(place, folder) if is_url else places.path(folder, place)
    name = str(entry.get("source", entry.get("index", "")))
    return places.index(name) if name and "://" not in name else None


def _specifier(version: str) -> str:
    if version in _ANY_VERSION:
        return ""
    try:
        return str(specifiers.SpecifierSet(version))
    except ValueError:
        return ""


def _command(lock: Path) -> str:
    return {
        "uv.lock": "uv lock",
        "poetry.lock": "poetry lock",
        "Pipfile.lock": "pipenv lock",
    }.get(lock.name, f"uv export --format pylock.toml -o {lock.name}")
