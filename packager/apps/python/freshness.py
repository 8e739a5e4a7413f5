"""Check that a lock file still pins everything that its project declares.

Installers of locks do not look at the project: a dependency that was added after the lock was
written would be left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from packager.apps.python import tables
from packager.apps.python.requirements import canonical
from packager.errors import PackageError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packaging import requirements, specifiers
else:
    requirements = lazy("packaging.requirements")  # A dyno does not have it.
    specifiers = lazy("packaging.specifiers")

# Keys of a dependency in a Pipfile or a Poetry project after which every platform needs it.
_UNCONDITIONAL = {"version", "extras", "index", "source", "allow-prereleases", "allows-prereleases"}

_ANY_VERSION = ("", "*")


def check(
    lock: Path, project: Path, declared: Iterable[str], versions: Mapping[str, Collection[str]]
) -> None:
    """Raise PackageError if the `lock` lacks a requirement that is `declared` in the `project`.

    `versions` are those that it pins, by canonical name. Requirements with a marker are not
    compared, because a lock leaves out what none of its platforms needs.
    """
    missing, outdated = [], []
    for line in declared:
        try:
            wanted = requirements.Requirement(line)
            pinned = versions.get(canonical(wanted.name))
            if wanted.marker:
                continue
            if pinned is None:
                missing.append(wanted.name)
            elif pinned and not any(
                wanted.specifier.contains(version, prereleases=True) for version in pinned
            ):
                outdated.append(wanted.name)
        except ValueError:  # The reader of the file reports this.
            continue
    refuse(lock, project, missing, outdated)


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


def in_tool_table(entries: tables.Table) -> Iterator[str]:
    """Write the dependencies of a Pipfile or a Poetry project as requirements.

    Those that only some platforms need are skipped. A version in Poetry's own notation is dropped.
    """
    for name, entry in entries.items():
        table = {"version": entry} if isinstance(entry, str) else entry
        if not isinstance(table, dict) or table.keys() - _UNCONDITIONAL:
            continue
        yield f"{name}{_specifier(str(table.get('version', '')))}"


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
