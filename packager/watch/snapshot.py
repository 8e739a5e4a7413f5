"""Keep a snapshot of the watched files, and find those that have changed."""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH112, PTH114, PTH115, PTH118, PTH120, PTH123

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from packager.apps.links import is_within, may_stand_in, work_tree
from packager.apps.walk import MOST_FOLDERS_BY_LINKS
from packager.watch.filter import Relevance
from packager.watch.notify import Watcher

# From this many paths on, one walk over everything is faster.
_MANY = 500

# The coarsest clock of a file system, FAT's. A file that was read sooner after its last change can
# be changed again and look the same to `stat`.
_TICK_NS = 2_000_000_000

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was last looked at: `content` is what a package would take over from it, and
    `identity` is another one after any change, if it is `reliable`.
    """

    content: tuple[object, ...]
    identity: tuple[int, ...]
    reliable: bool


@dataclass
class Difference:
    """Paths of changed files; `rewritten` ones have the same content as before."""

    created: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    rewritten: set[str] = field(default_factory=set)

    @property
    def contents(self) -> set[str]:
        """The paths of files with new content."""
        return self.created | self.changed | self.removed

    def add(self, later: Difference) -> None:
        """Add changes that were found later."""
        self.created |= later.created
        self.changed |= later.changed
        self.removed |= later.removed
        self.rewritten |= later.rewritten


@dataclass
class _Look:
    """One look at some or all files: what is to be read again, what was seen, what was found."""

    suspects: frozenset[str]
    folders: set[str] = field(default_factory=set)
    folders_by_links: int = 0
    found: Difference = field(default_factory=Difference)


class Tree:
    """The watched files, and the folders that the watcher watches for them."""

    def __init__(self, relevance: Relevance, watcher: Watcher) -> None:
        """Begin without files; the first `scan` finds them."""
        self.relevance = relevance
        self.watcher = watcher
        self._folders: dict[str, dict[str, _File]] = {}
        # The links by which files that are not watched themselves go into the package.
        self._links_to: dict[str, set[str]] = {}

    def scan(self, suspects: Iterable[str] = ()) -> Difference:
        """Examine everything, and read `suspects` even if they look unchanged."""
        look = _Look(self._with_links(suspects))
        for root in self.relevance.roots:
            self._look_at(root, look)
        self._drop_folders(set(self._folders) - look.folders, look)
        return look.found

    def refresh(self, paths: Iterable[str]) -> Difference:
        """Examine `paths`, where something happened, and everything below them."""
        suspects = self._with_links(paths)
        if len(suspects) > _MANY:
            return self.scan(suspects)
        look = _Look(suspects)
        for path in sorted(suspects):
            if os.path.dirname(path) not in look.folders:
                self._look_at(path, look)
        return look.found

    def concerns(self, path: str) -> bool:
        """Return whether a change at `path` can matter."""
        return self.relevance.concerns(path) or path in self._links_to

    def missing_roots(self) -> list[str]:
        """Return the folders that should be watched and do not exist."""
        return [root for root in self.relevance.roots if root not in self._folders]

    def _with_links(self, paths: Iterable[str]) -> frozenset[str]:
        return frozenset(link for path in paths for link in (path, *self._links_to.get(path, ())))

    def _look_at(self, path: str, look: _Look) -> None:
        folder, name = os.path.split(path)
        is_folder = self._is_folder(path)
        if is_folder and self.relevance.folder(path):
            self._look_into(path, look)
        else:
            self._drop_folders(self._below(path), look)
        if is_folder or not self.relevance.file(path):
            self._drop_file(folder, name, look)
        elif folder in self._folders:
            self._examine(folder, name, look)

    def _look_into(self, top: str, look: _Look) -> None:
        left = [(top, False)]
        while left:
            folder, is_by_link = left.pop()
            look.folders_by_links += is_by_link
            if look.folders_by_links > MOST_FOLDERS_BY_LINKS:
                continue  # Packaging it raises the error.
            look.folders.add(folder)
            # Before its files are listed: what comes later is an event.
            self.watcher.watch(folder, deep=self.relevance.whole(folder))
            known = self._folders.setdefault(folder, {})
            subfolders: list[tuple[str, bool]] = []
            for name in known.keys() - self._look_over(folder, subfolders, look):
                self._drop_file(folder, name, look)
            left += [(path, is_by_link or is_link) for path, is_link in subfolders]
        self._drop_folders(self._below(top) - look.folders, look)

    def _look_over(self, folder: str, subfolders: list[tuple[str, bool]], look: _Look) -> set[str]:
        """Examine the files of `folder`, and return their names. Add its folders to `subfolders`,
        each with whether a link leads to it.
        """
        names = set()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if self._is_folder(entry.path, entry):
                        if self.relevance.folder(entry.path):
                            subfolders.append((entry.path, entry.is_symlink()))
                    elif self.relevance.file(entry.path):
                        names.add(entry.name)
                        self._examine(folder, entry.name, look)
        except OSError:
            # Gone again, or unreadable; then packaging it raises the error.
            return set()
        return names

    def _is_folder(self, path: str, entry: os.DirEntry[str] | None = None) -> bool:
        """Whether there is a folder at `path`, or a symbolic link in whose place a package holds
        the folder that it leads to.
        """
        if entry and not entry.is_symlink():
            return entry.is_dir()
        if not os.path.islink(path):
            return os.path.isdir(path)
        target = self._held_in_place_of(path)
        # Not for a loop: packaging it raises the error.
        is_loop = is_within(os.path.realpath(os.path.dirname(path)), target)
        return target != path and os.path.isdir(target) and not is_loop

    def _held_in_place_of(self, link: str) -> str:
        """What a package holds in the place of a symbolic link: the link itself only if it leads to
        what is in the package, too.
        """
        target = os.path.realpath(link)
        is_known = self.relevance.folder if os.path.isdir(target) else self.relevance.file
        # If it may not be packaged, packaging it raises the error.
        is_kept = is_known(target) or not may_stand_in(target, link, work_tree(self.relevance.app))
        return link if is_kept else target

    def _examine(self, folder: str, name: str, look: _Look) -> None:
        path = os.path.join(folder, name)
        before = self._folders[folder].get(name)
        now = time.time_ns()
        try:
            statuses = [os.lstat(path)]
        except OSError:
            self._drop_file(folder, name, look)
            return
        source = path
        if stat.S_ISLNK(statuses[0].st_mode):
            source = self._held_in_place_of(path)
        if source != path:
            self._links_to.setdefault(self._watch_for(source), set()).add(path)
            self._links_to.setdefault(source, set()).add(path)
            with contextlib.suppress(OSError):
                statuses.append(os.lstat(source))
        identity = _identity(statuses)
        if before and before.identity == identity and before.reliable and path not in look.suspects:
            return
        changed_at = max(status.st_ctime_ns for status in statuses)
        file = _File(_content(source), identity, reliable=now - changed_at > _TICK_NS)
        self._folders[folder][name] = file
        if before is None:
            look.found.created.add(path)
        elif before.content != file.content:
            look.found.changed.add(path)
        elif before.identity != file.identity:
            look.found.rewritten.add(path)

    def _watch_for(self, path: str) -> str:
        """Watch the file at `path`; return it, or the path that must be created before it."""
        while True:
            folder, first = os.path.dirname(path), path
            while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
                folder, first = os.path.dirname(folder), folder
            self.watcher.watch(folder, deep=False)
            # Otherwise it was made before the watcher could hear of it.
            if first == path or not os.path.lexists(first):
                return first

    def _drop_file(self, folder: str, name: str, look: _Look) -> None:
        if self._folders.get(folder, {}).pop(name, None):
            look.found.removed.add(os.path.join(folder, name))

    def _drop_folders(self, folders: Iterable[str], look: _Look) -> None:
        for folder in folders:
            self.watcher.unwatch(folder)
            for name in self._folders.pop(folder):
                look.found.removed.add(os.path.join(folder, name))

    def _below(self, path: str) -> set[str]:
        return {folder for folder in self._folders if is_within(folder, path)}


def _identity(statuses: list[os.stat_result]) -> tuple[int, ...]:
    return tuple(
        number
        for status in statuses
        for number in (
            *(status.st_ino, status.st_mode, status.st_size),
            *(status.st_mtime_ns, status.st_ctime_ns),
        )
    )


def _content(path: str) -> tuple[object, ...]:
    """The part of the file at `path` that a package contains: data or link, and executability."""
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            return ("link", os.readlink(path))
        if stat.S_ISREG(status.st_mode):
            return ("file", _digest(path), bool(status.st_mode & stat.S_IXUSR))
    except OSError as error:
        return ("unreadable", error.errno)
    return ("special", stat.S_IFMT(status.st_mode))


def _digest(path: str) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()
