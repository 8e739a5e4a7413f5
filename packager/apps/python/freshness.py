"""Check that a lock file still pins everything that its project declares.

Installers of locks do not look at the project: a dependency that was added after the lock was
written would be left out, and one with a new source would come from the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packager.apps.python import tables
from packager.apps.python.requirements import canonical, kind_of_url
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

# Kinds of places that are not an index.
_DIRECT = {"git", "path", "url"}


class Declared(NamedTuple):
    """A dependency that a project declares, and the place that it names for it, if any: `git`,
    `path`, `url`, or the name of an index. If it is `conditional`, only some platforms need it.
    """

    requirement: str
    place: str = ""
    conditional: bool = False


class Pinned(NamedTuple):
    """The versions of a package in a lock, and their places; None if those are not compared."""

    versions: Collection[str]
    places: Collection[str] | None = None


def check(
    lock: Path, project: Path, declared: Iterable[Declared], pinned: Mapping[str, Pinned]
) -> None:
    """Raise PackageError if the `lock` lacks a requirement that is `declared` in the `project`.

    `pinned` has the packages of the lock by canonical name. Conditional requirements are not
    compared, because a lock leaves out what none of its platforms needs.
    """
    missing, outdated = [], []
    wanted = [*_parsed(declared)]
    places = {canonical(requirement.name): place for requirement, place, _ in wanted if place}
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
            name in conditional or _is_from(places.get(name, ""), found)
        ):
            outdated.append(requirement.name)
    refuse(lock, project, missing, sorted(set(outdated)))


def _parsed(declared: Iterable[Declared]) -> Iterator[tuple[requirements.Requirement, str, bool]]:
    for line, place, conditional in declared:
        try:
            requirement = requirements.Requirement(line)
        except ValueError:  # The reader of the file reports this.
            continue
        place = kind_of_url(requirement.url) if requirement.url else place
        yield requirement, place, conditional or requirement.marker is not None


def _fits(requirement: requirements.Requirement, pinned: Pinned) -> bool:
    return not pinned.versions or any(
        requirement.specifier.contains(version, prereleases=True) for version in pinned.versions
    )


def _is_from(place: str, pinned: Pinned) -> bool:
    """Return whether a package is pinned from `place`; without one, from any index."""
    if pinned.places is None or "://" in place:
        return True
    places = {found.lower() for found in pinned.places}
    if not place:
        return not places <= _DIRECT
    return place.lower() in places or (place.lower() == "pypi" and "" in places)


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


def in_tool_table(entries: tables.Table) -> Iterator[Declared]:
    """Return the dependencies of a Pipfile or a Poetry project.

    A version in Poetry's own notation is dropped.
    """
    for name, entry in entries.items():
        table = {"version": entry} if isinstance(entry, str) else entry
        if not isinstance(table, dict) or table.keys() - _UNCONDITIONAL:
            yield Declared(name, conditional=True)
            continue
        yield Declared(f"{name}{_specifier(str(table.get('version', '')))}", _place(table))


def _place(entry: tables.Table) -> str:
    if "git" in entry:
        return "git"
    for key in ("path", "file", "url"):
        if key in entry:
            place = str(entry[key])
            return kind_of_url(place) if "://" in place else "path"
    return str(entry.get("source", entry.get("index", "")))


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
