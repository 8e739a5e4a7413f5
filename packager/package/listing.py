"""List the contents of a package, by name and unpacked size, before it is built."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packager.apps import Archive, Node, Python
from packager.config.inputs import Config
from packager.errors import ArchiveError, PackageError
from packager.function import UNPACKED_LIMIT, NotInstalled
from packager.lazy import lazy
from packager.package import config_files
from packager.progress import Progress

if TYPE_CHECKING:
    from packager.apps import App, files, members
else:
    files = lazy("packager.apps.files")
    members = lazy("packager.apps.members")

_LARGEST_SHOWN = 5


class Entry(NamedTuple):
    """An entry of a package."""

    name: str
    size: int


class Folder(NamedTuple):
    """A top-level folder of a package, with its entries; a top-level file counts as one."""

    name: str
    size: int
    entries: list[Entry]


class Selected(NamedTuple):
    """The members of a package in their order; the first ones are `dependencies`, by their number.

    Those that are `missing` are not installed. The others may be kept, compressed, at `kept`.
    """

    members: list[members.Member]
    dependencies: int
    missing: NotInstalled | None
    kept: Path | None


def select(
    app: Node | Python,
    config: Config,
    selections: files.Selections,
    progress: Progress,
    *,
    output: Path | None = None,
) -> Selected:
    """Select the members of an app's package, in order: files that change often come last.

    The env file and the `output` are left out. Notes and warnings about files go to `progress`.
    Raises PackageError, also for a package larger than Lambda's limit.
    """
    found = app.members(selections, tuple(path for path in (config.env_file, output) if path))
    names = (member.name for group in found[:2] for member in group)
    ours = config_files.write(app, config, progress, names)
    for event in found.events:
        progress.sink(event)
    groups = (sorted(group, key=lambda member: member.name) for group in found[:2])
    selected = [*(member for group in groups for member in group)]
    selected += [members.Member(file.name, file.content, file.mode) for file in ours]
    check_size(Entry(member.name, _size(member)) for member in selected)
    return Selected(selected, len(found.dependencies), found.missing, found.kept)


def list_contents(app: App, config: Config, progress: Progress) -> list[Folder]:
    """List the contents of the package of `app`, the largest folder first."""
    if isinstance(app, Archive):
        path = app.path()
        try:
            with zipfile.ZipFile(path) as archive:
                held = [Entry(entry.filename, entry.file_size) for entry in archive.infolist()]
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise ArchiveError(f"{path} is not a jar or zip.", "Build it again.") from error
        ours = config_files.write(app, config, progress)
        names = {file.name for file in ours}
        entries = [entry for entry in held if entry.name not in names]
        entries += [Entry(file.name, len(file.content)) for file in ours]
    else:
        selected = select(app, config, files.Selections(), progress)
        entries = [Entry(member.name, _size(member)) for member in selected.members]
    return by_folder(entries)


def by_folder(entries: Iterable[Entry]) -> list[Folder]:
    """Group entries by their top-level folder, the largest folder first."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        top, slash, _ = entry.name.partition("/")
        groups.setdefault(top + slash, []).append(entry)
    folders = [
        Folder(name, sum(entry.size for entry in group), sorted(group, key=_largest_first))
        for name, group in groups.items()
    ]
    return sorted(folders, key=_largest_first)


def check_size(entries: Iterable[Entry]) -> None:
    """Raise PackageError if the unpacked size of all entries exceeds Lambda's limit."""
    entries = list(entries)
    size = sum(entry.size for entry in entries)
    if size > UNPACKED_LIMIT:
        raise too_large(size, by_folder(entries))


def too_large(size: int, folders: Sequence[Folder] | Sequence[Entry]) -> PackageError:
    """Return the error for a package of that size, which names its largest folders."""
    largest = sorted(folders, key=_largest_first)[:_LARGEST_SHOWN]
    shown = ", ".join(f"{each.name} {each.size / 2**20:.0f} MB" for each in largest)
    return PackageError(
        f"The unpacked package has {size / 2**20:.0f} MB, but Lambda accepts at most"
        f" {UNPACKED_LIMIT >> 20} MB.",
        "Exclude files that the function does not need with .lambdaignore in the app folder."
        f" Largest: {shown}.",
    )


def _largest_first(each: Folder | Entry) -> tuple[int, str]:
    return -each.size, each.name


def _size(member: members.Member) -> int:
    return len(member.content) if isinstance(member.content, bytes) else member.size
