"""The files and links of an app's folder that are packaged, found by one walk."""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH100, PTH118, PTH120

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from packager.apps import ignore, node_modules, remarks
from packager.apps.members import Member as Member
from packager.apps.node_modules import Layout
from packager.apps.node_resolution import Resolution
from packager.apps.regular_files import Identity, identity
from packager.apps.rules import Folder, Root, Rules
from packager.apps.walk import Listing, Walk
from packager.progress import Note, Warning


class Selection:
    """The members of an app's folder, now and after changes."""

    def __init__(
        self,
        app: Path,
        patterns: Iterable[str] = (),
        *,
        leave_out: Iterable[Path] = (),
    ) -> None:
        """Leave out the files that `packager.apps.ignore` excludes, those that match the gitignore
        `patterns`, and the files `leave_out`, also where a link leads to them.
        """
        self._app = app
        self._patterns = tuple(patterns)
        self._leave_out = tuple(leave_out)
        self._known_by: tuple[object, ...] = ()
        self._listings: dict[str, Listing] = {}

    def members(
        self, without: frozenset[str] = frozenset(), outside: Iterable[Root] = ()
    ) -> list[Member]:
        """Walk the app's folder, and return its members, sorted by name.

        The places `without` are left out; the folders `outside` are walked as well.

        Later walks list only changed folders again. In unchanged folders they still look at each
        file, except in `node_modules`, which holds too many.

        Raises PackageError for a link that is broken, a loop, or leads out of the app; for anything
        that cannot be read, or is not a file, folder or link; and for a name that is not UTF-8.
        """
        ignored = ignore.read(self._app, self._patterns)
        never = frozenset(filter(None, map(_identity_of, self._leave_out)))
        known_by = (ignored.patterns, never, without)
        known = self._listings if known_by == self._known_by else {}
        self._known_by, self._listings = known_by, {}
        root = os.path.realpath(self._app)
        walk = Walk(Rules(root, ignored, never, without), time.time_ns())
        members: list[Member] = []
        left = [Folder(top.path, top.prefix, (top,)) for top in (Root(root, ""), *outside)]
        while left:
            folder = left.pop()
            listing = walk.look_into(folder, known.get(folder.prefix))
            self._listings[folder.prefix] = listing
            members += listing.members
            left += listing.subfolders
        members.sort(key=lambda member: member.name)
        return members

    def events(self) -> list[Note | Warning]:
        """Return notes and warnings about the files that the last walk found."""
        found = (remark for listing in self._listings.values() for remark in listing.remarks)
        return list(remarks.events(found))

    def forget(self, paths: Iterable[str]) -> None:
        """Let the next walk read again everything at or below `paths`, which are `normal`."""
        suspects = set(paths)
        below = tuple(path + os.sep for path in suspects)
        suspects |= {os.path.dirname(path) for path in suspects}
        for prefix, listing in list(self._listings.items()):
            if listing.path in suspects or listing.path.startswith(below):
                del self._listings[prefix]


class Selections:
    """The selections of folders, kept from one package to the next."""

    def __init__(self) -> None:
        """Begin without any."""
        self._selections: dict[tuple[object, ...], Selection] = {}
        self._layouts: dict[tuple[str, bool], tuple[Resolution, Layout]] = {}

    def of(
        self, folder: Path, patterns: tuple[str, ...] = (), *, leave_out: tuple[Path, ...] = ()
    ) -> Selection:
        """Return the kept selection of `folder`, or a new one."""
        return self._selections.setdefault(
            (folder, patterns, leave_out), Selection(folder, patterns, leave_out=leave_out)
        )

    def layout(self, app: str, *, development: bool) -> Layout:
        """Return the layout of an app's packages: the previous one, if nothing has changed."""
        kept = self._layouts.get((app, development))
        if kept is None or not kept[0].is_current():
            resolution = Resolution()
            layout = node_modules.layout(app, development=development, resolution=resolution)
            kept = self._layouts[app, development] = resolution, layout
        return kept[1]

    def forget(self, paths: Iterable[str]) -> None:
        """Let the next walks read again everything at or below `paths`, which are `normal`."""
        suspects = list(paths)
        for selection in self._selections.values():
            selection.forget(suspects)


def normal(path: str) -> str:
    """Return `path` as members have it: absolute, without links to the folders in it."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _identity_of(path: Path) -> Identity | None:
    try:
        return identity(path.stat())
    except OSError:
        return None
