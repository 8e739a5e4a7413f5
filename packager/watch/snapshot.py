"""Keep a snapshot of the watched files, and find those that have changed.

`packager.apps.rules` decides which files are packaged, and what replaces a link.
"""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH112, PTH115, PTH118, PTH120

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from packager.apps.links import is_within, links_on_the_way
from packager.apps.members import TICK_NS
from packager.apps.rules import Entry, File, Folder, LeftOut, Link, LinkLimit, Refused
from packager.errors import PackageError
from packager.watch.file_state import FileState, content_of, identity_of
from packager.watch.filter import Filter, Selected
from packager.watch.notify import Watcher

# From this many paths on, one walk over everything is faster.
_MANY = 500


@dataclass(slots=True)
class _Folder:
    """The state of a folder when it was last listed: its watched files, by name.

    `selected` is None if only named files in it are watched.
    """

    selected: Selected | None
    files: dict[str, FileState] = field(default_factory=dict)


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
    """One look at some or all files: `suspects` are read even if they look unchanged.

    It has listed `folders`, and `found` changes.
    """

    suspects: frozenset[str]
    folders: set[str] = field(default_factory=set)
    limit: LinkLimit = field(default_factory=LinkLimit)
    found: Difference = field(default_factory=Difference)


class Snapshot:
    """The state of the watched files, and the folders that the watcher watches for them."""

    def __init__(self, watched: Filter, watcher: Watcher) -> None:
        """Begin without files; the first `scan` finds those that are `watched`."""
        self.filter = watched
        self.watcher = watcher
        self._folders: dict[str, _Folder] = {}
        # By target: the links whose targets are packaged in their place.
        self._links_to: dict[str, set[str]] = {}

    def scan(self, suspects: Iterable[str] = ()) -> Difference:
        """Examine everything, and read `suspects` even if they look unchanged."""
        look = _Look(self._with_links(suspects))
        for root in self.filter.roots:
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
        return self.filter.concerns(path) or path in self._links_to

    def missing_roots(self) -> list[str]:
        """Return the folders that should be watched and do not exist."""
        return [root for root in self.filter.roots if root not in self._folders]

    def _with_links(self, paths: Iterable[str]) -> frozenset[str]:
        return frozenset(link for path in paths for link in (path, *self._links_to.get(path, ())))

    def _look_at(self, path: str, look: _Look) -> None:
        """Examine the file or folder at `path`."""
        folder, name = os.path.split(path)
        parent = self._folders.get(folder)
        selected = parent.selected if parent else None
        entry = selected.entry(name) if selected else None
        if selected and entry and isinstance(entry.found, Folder):
            self._look_into(path, Selected(selected.rules, entry.found), look)
        elif self.filter.is_start(path) and os.path.isdir(path):
            self._look_into(path, self.filter.start(path), look)
        else:
            self._drop_folders(self._below(path), look)
        if parent:
            self._examine(folder, name, entry, look)

    def _look_into(self, top: str, selected: Selected | None, look: _Look) -> None:
        """Examine the folder `top` and everything below it."""
        left = [(top, selected)]
        while left:
            path, selected = left.pop()
            try:
                if selected:
                    look.limit.check(selected.folder)
            except PackageError:
                continue  # Packaging it raises the error.
            look.folders.add(path)
            # The watcher watches the folder before it is listed, so that nothing is missed.
            self.watcher.watch(path, deep=selected is not None)
            folder = self._folders.setdefault(path, _Folder(selected))
            folder.selected = selected
            left += self._look_over(path, folder, look).items()
        self._drop_folders(self._below(top) - look.folders, look)

    def _look_over(self, path: str, folder: _Folder, look: _Look) -> dict[str, Selected | None]:
        """Examine the files of the folder at `path`, and return the folders in it to look into."""
        files: dict[str, Entry | None] = dict.fromkeys(self.filter.named_in(path))
        subfolders: dict[str, Selected | None] = {
            start: self.filter.start(start)
            for start in self.filter.starts_in(path)
            if os.path.isdir(start)
        }
        selected = folder.selected
        # If the folder is gone again, or unreadable, packaging it raises the error.
        with contextlib.suppress(OSError):
            for entry in selected.entries() if selected else ():
                if selected and isinstance(entry.found, Folder):
                    subfolder = Selected(selected.rules, entry.found)
                    subfolders[os.path.join(path, entry.name)] = subfolder
                elif entry.name in files or not isinstance(entry.found, LeftOut):
                    files[entry.name] = entry
        for name in folder.files.keys() - files.keys():
            self._drop_file(path, name, look)
        for name, file in files.items():
            self._examine(path, name, file, look)
        return subfolders

    def _examine(self, folder: str, name: str, entry: Entry | None, look: _Look) -> None:
        """Compare the file or link `name` with its last state. The rules of the folder, if it has
        any, have found the `entry`.
        """
        path = os.path.join(folder, name)
        files = self._folders[folder].files
        before = files.get(name)
        watched = self._watched(path, entry)
        if watched is None:
            self._drop_file(folder, name, look)
            return
        source, status = watched
        now = time.time_ns()
        identity = (source, *identity_of(status))
        if before and before.identity == identity and before.reliable and path not in look.suspects:
            return
        if entry and isinstance(entry.found, Link):
            # Another link on the way to its target may have changed.
            file = FileState(("link", entry.found.target), identity, reliable=False)
        else:
            file = FileState(
                content_of(source), identity, reliable=now - status.st_ctime_ns > TICK_NS
            )
        files[name] = file
        if before is None:
            look.found.created.add(path)
        elif before.content != file.content:
            look.found.changed.add(path)
        elif before.identity != file.identity:
            look.found.rewritten.add(path)

    def _watched(self, path: str, entry: Entry | None) -> tuple[str, os.stat_result] | None:
        """Return the path of the file or link whose content counts for `path`, and its status; None
        if nothing there is watched.
        """
        found = entry.found if entry else None
        if entry and entry.is_link:
            self._watch_links_on_the_way(path, entry)
        if isinstance(found, File):
            if entry and entry.is_link:
                self._watch_target(found.path, path)
            return found.path, found.status
        if isinstance(found, Refused) and found.target:
            self._watch_target(found.target, path)
        elif not isinstance(found, Link | Refused) and not self.filter.is_named(path):
            return None
        try:
            status = os.lstat(path)
        except OSError:
            return None
        return None if stat.S_ISDIR(status.st_mode) else (path, status)

    def _watch_links_on_the_way(self, path: str, entry: Entry) -> None:
        """Examine the link at `path` whenever another link changes through which it leads."""
        with contextlib.suppress(OSError):  # It was removed in the meantime.
            # A link that is packaged unchanged leads only through what is packaged, and watched.
            if isinstance(entry.found, Link) and entry.found.target == os.readlink(path):
                return
            for link in links_on_the_way(path):
                self._watch_target(link, path)

    def _watch_target(self, target: str, link: str) -> None:
        """Examine `link` whenever the file `target` is changed, created or removed."""
        self._links_to.setdefault(self._watch_for(target), set()).add(link)
        self._links_to.setdefault(target, set()).add(link)

    def _watch_for(self, path: str) -> str:
        """Watch the file at `path`; return it, or the path that must be created before it."""
        while True:
            folder, first = os.path.dirname(path), path
            while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
                folder, first = os.path.dirname(folder), folder
            self.watcher.watch(folder, deep=False)
            # Otherwise it was created before the watcher watched its folder.
            if first == path or not os.path.lexists(first):
                return first

    def _drop_file(self, folder: str, name: str, look: _Look) -> None:
        if self._folders[folder].files.pop(name, None):
            look.found.removed.add(os.path.join(folder, name))

    def _drop_folders(self, folders: Iterable[str], look: _Look) -> None:
        for folder in folders:
            self.watcher.unwatch(folder)
            for name in self._folders.pop(folder).files:
                look.found.removed.add(os.path.join(folder, name))

    def _below(self, path: str) -> set[str]:
        return {folder for folder in self._folders if is_within(folder, path)}
