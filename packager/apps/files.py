"""What of an app's folder goes into its package: its files and links, by one walk."""

# Paths by the thousand are strings here, which are much faster than Path.
# ruff: noqa: PTH100, PTH115, PTH116, PTH117, PTH118, PTH120

from __future__ import annotations

import errno
import os
import posixpath
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from packager.apps import ignore
from packager.apps.ignore import IGNORE_FILE, Ignored
from packager.apps.members import EXECUTABLE_FILE, REGULAR_FILE, SYMBOLIC_LINK, Version
from packager.apps.members import Member as Member
from packager.errors import PackageError

# The coarsest clock of a file system, FAT's. What was looked at sooner after its last change can be
# changed again and look the same.
_TICK_NS = 2_000_000_000

_DEPENDENCIES = "node_modules/"

_HINT = f"Mend it, or leave it out by a line in {IGNORE_FILE}."


class _Root(NamedTuple):
    """A folder without a link in its path, and what its contents' names begin with in the package:
    the app itself, or a folder elsewhere that stands in for the link to it.
    """

    path: str
    prefix: str


class _Folder(NamedTuple):
    """A folder that is walked: the last of `roots` is the one that it is in."""

    path: str
    prefix: str
    roots: tuple[_Root, ...]


class _Listing(NamedTuple):
    """What a folder was seen to hold; `version` is None if that has to be looked at each time."""

    path: str
    version: Version | None
    members: list[Member]
    subfolders: list[_Folder]


class Selection:
    """The members that an app's folder gives, now and after changes."""

    def __init__(self, app: Path, patterns: Iterable[str] = ()) -> None:
        """Leave out what `packager.ignore` says, and what the gitignore `patterns` match."""
        self._app = app
        self._patterns = tuple(patterns)
        self._ignored = Ignored()
        self._listings: dict[str, _Listing] = {}

    def members(self) -> list[Member]:
        """Walk the app's folder, and give its members, sorted by name.

        After the first time, only folders that are not the same are listed again. In those that
        are, files are looked at, but not in `node_modules`: there are too many.

        Raises PackageError for a broken link or a link loop, what cannot be read, what is neither
        file, folder nor link, and a name that is not UTF-8.
        """
        ignored = ignore.read(self._app, self._patterns)
        known = self._listings if ignored.patterns == self._ignored.patterns else {}
        self._ignored, self._listings = ignored, {}
        walk = _Walk(ignored, time.time_ns())
        members: list[Member] = []
        root = os.path.realpath(self._app)
        left = [_Folder(root, "", (_Root(root, ""),))]
        while left:
            folder = left.pop()
            listing = walk.look_into(folder, known.get(folder.prefix))
            self._listings[folder.prefix] = listing
            members += listing.members
            left += listing.subfolders
        members.sort(key=lambda member: member.name)
        return members

    def forget(self, paths: Iterable[str]) -> None:
        """Look again at what is at or below `paths`, which are `normal`."""
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
        self._selections: dict[tuple[Path, tuple[str, ...]], Selection] = {}

    def of(self, folder: Path, patterns: tuple[str, ...] = ()) -> Selection:
        """Return the selection of `folder` but for the gitignore `patterns`, as it was kept."""
        return self._selections.setdefault((folder, patterns), Selection(folder, patterns))

    def forget(self, paths: Iterable[str]) -> None:
        """Look again at what is at or below `paths`, which are `normal`."""
        suspects = list(paths)
        for selection in self._selections.values():
            selection.forget(suspects)


def normal(path: str) -> str:
    """Write `path` as members have it: without a link on the way."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


@dataclass(frozen=True)
class _Walk:
    """One walk over an app's folder."""

    ignored: Ignored
    started_ns: int

    def look_into(self, folder: _Folder, known: _Listing | None) -> _Listing:
        """Say what is in `folder`; what is `known` of it may still be so."""
        try:
            version = self._version(os.stat(folder.path))
            if known and version and self._still_holds(known, folder, version):
                return known
            with os.scandir(folder.path) as entries:
                return self._list(folder, version, entries)
        except OSError as error:
            raise unreadable(folder.prefix or folder.path, error) from error

    def _still_holds(self, known: _Listing, folder: _Folder, version: Version) -> bool:
        if (known.path, known.version) != (folder.path, version):
            return False
        return _DEPENDENCIES in folder.prefix or all(map(self._is_same, known.members))

    def _is_same(self, member: Member) -> bool:
        status = os.lstat(member.content)
        return (status.st_ino, status.st_mtime_ns, status.st_ctime_ns) == member.version

    def _list(
        self, folder: _Folder, version: Version | None, entries: Iterable[os.DirEntry[str]]
    ) -> _Listing:
        members: list[Member] = []
        subfolders: list[_Folder] = []
        for entry in entries:
            name = folder.prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if self.ignored(name, is_folder=is_folder):
                continue
            _check_encoding(name)
            if is_folder:
                subfolders.append(_Folder(entry.path, name + "/", folder.roots))
                continue
            if entry.is_symlink():
                # What it is depends on what is elsewhere.
                version = None
                found = self._follow(entry.path, name, folder)
            else:
                found = self._file(entry.path, name, entry.stat(follow_symlinks=False))
            if isinstance(found, Member):
                members.append(found)
                version = version if found.version else None
            elif found:
                subfolders.append(found)
        return _Listing(folder.path, version, members, subfolders)

    def _file(self, path: str, name: str, status: os.stat_result) -> Member:
        if not stat.S_ISREG(status.st_mode):
            raise PackageError(
                f"{name} is neither file nor folder: a socket, pipe or device.", _HINT
            )
        mode = EXECUTABLE_FILE if status.st_mode & stat.S_IXUSR else REGULAR_FILE
        return Member(name, path, mode, status.st_size, self._version(status))

    def _version(self, status: os.stat_result) -> Version | None:
        # On Windows, st_ctime is when a file was made.
        if max(status.st_mtime_ns, status.st_ctime_ns) > self.started_ns - _TICK_NS:
            return None
        return Version(status.st_ino, status.st_mtime_ns, status.st_ctime_ns)

    def _follow(self, path: str, name: str, folder: _Folder) -> Member | _Folder | None:
        """Keep a symbolic link if what it points to goes into the package, too; else take that in
        its place, be it a file or a folder.
        """
        text = os.readlink(path)
        target = _resolve(path, name, text)
        status = os.stat(target)
        is_folder = stat.S_ISDIR(status.st_mode)
        if place := self._place(target, folder.roots, is_folder=is_folder):
            if not self._leads_there(text, folder, is_folder=is_folder):
                text = posixpath.relpath(place, posixpath.dirname(name) or ".")
            return _link(name, text)
        if not is_folder:
            return self._file(target, name, status)
        if self.ignored(name, is_folder=True):
            return None
        if _is_within(folder.path, target):
            raise PackageError(
                f"The symbolic link {name} is a loop: it leads to {text},"
                " a folder that it is itself in.",
                _HINT,
            )
        return _Folder(target, name + "/", (*folder.roots, _Root(target, name + "/")))

    def _leads_there(self, text: str, folder: _Folder, *, is_folder: bool) -> bool:
        """Say whether a link in `folder` can be kept as it is: not if it names a folder of this
        machine, or leads out of the package or through what is not in it.
        """
        if os.path.isabs(text) or os.path.normpath(text) != text:
            return False
        root = folder.roots[-1]
        place = posixpath.normpath(folder.prefix.removeprefix(root.prefix) + text)
        return place.split("/")[0] != ".." and not self._is_left_out(
            posixpath.normpath(root.prefix + place), is_folder=is_folder
        )

    def _place(self, path: str, roots: tuple[_Root, ...], *, is_folder: bool) -> str | None:
        """Say under what name the file or folder `path` goes into the package, if it does."""
        for root in reversed(roots):
            if _is_within(path, root.path):
                below = os.path.relpath(path, root.path).replace(os.sep, "/")
                place = posixpath.normpath(root.prefix + below)
                return None if self._is_left_out(place, is_folder=is_folder) else place
        return None

    def _is_left_out(self, place: str, *, is_folder: bool) -> bool:
        # The app's own env.properties has another one in its place.
        if place in (".", ignore.ENV_PROPERTIES):
            return False
        return self.ignored(place, is_folder=is_folder) or any(
            self.ignored(folder, is_folder=True) for folder in _parents(place)
        )


def unreadable(name: str, error: OSError) -> PackageError:
    """Make the error for a member that the system does not give."""
    return PackageError(f"{name} cannot be read: {error.strerror}.", _HINT)


def _resolve(path: str, name: str, text: str) -> str:
    """Find what a symbolic link leads to, over however many more."""
    try:
        return os.path.realpath(path, strict=True)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            problem = f"is broken: there is no {text}"
        elif error.errno == errno.ELOOP:
            problem = f"is a loop: {text} leads back to it"
        else:
            raise unreadable(name, error) from error
        raise PackageError(f"The symbolic link {name} {problem}.", _HINT) from error


def _link(name: str, target: str) -> Member:
    _check_encoding(target)
    return Member(name, target.encode(), SYMBOLIC_LINK)


def _check_encoding(name: str) -> None:
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise PackageError(f"The name {name} is not UTF-8.", _HINT) from error


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path
