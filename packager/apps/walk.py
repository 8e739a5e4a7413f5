"""One walk over an app's folder, and the member of the package for each file and link in it."""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH115, PTH116, PTH117, PTH118

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from packager.apps import ignore, left_out, links, remarks
from packager.apps.ignore import Ignored
from packager.apps.left_out import Reason
from packager.apps.links import is_within
from packager.apps.members import (
    EXECUTABLE_FILE,
    REGULAR_FILE,
    SYMBOLIC_LINK,
    TICK_NS,
    Member,
    Version,
)
from packager.apps.regular_files import Identity, identity
from packager.apps.remarks import Kind, Remark
from packager.errors import PackageError

_DEPENDENCIES = "node_modules/"

# Links to folders multiply: 16 folders with 3 links each to the next make 3 ** 16 folders.
MOST_FOLDERS_BY_LINKS = 10_000
_MOST_LINKS_ON_THE_WAY = 16


class Root(NamedTuple):
    """A folder without a link in its path, and the prefix of its contents' names in the package:
    the app itself, or a folder elsewhere that is packaged in place of the link to it.
    """

    path: str
    prefix: str


class Folder(NamedTuple):
    """A folder to walk; it is in the last of `roots`."""

    path: str
    prefix: str
    roots: tuple[Root, ...]


class Listing(NamedTuple):
    """The contents of a folder; `version` is None if each walk must list it again."""

    path: str
    version: Version | None
    members: list[Member]
    subfolders: list[Folder]
    remarks: list[Remark]


@dataclass
class Walk:
    """One walk over the folder `app`, a real path."""

    ignored: Ignored
    never: frozenset[Identity]
    without: frozenset[str]
    app: str
    started_ns: int
    folders_by_links: int = 0
    remarks: list[Remark] = field(default_factory=list)  # of the folder that is being listed

    def check_links_on_the_way(self, folder: Folder) -> None:
        """Raise PackageError if links to folders would multiply what is packaged without bound."""
        on_the_way = folder.roots[1:]
        self.folders_by_links += bool(on_the_way)
        too_many = self.folders_by_links > MOST_FOLDERS_BY_LINKS
        if too_many or len(on_the_way) > _MOST_LINKS_ON_THE_WAY:
            names = ", ".join(root.prefix.rstrip("/") for root in on_the_way[:5])
            raise PackageError(
                f"Symbolic links lead to over {MOST_FOLDERS_BY_LINKS} folders outside of the app,"
                f" or from one to the next over {_MOST_LINKS_ON_THE_WAY} times; the way to one is"
                f" {names}.",
                links.HINT,
            )

    def look_into(self, folder: Folder, known: Listing | None) -> Listing:
        """Return the contents of `folder`: those already `known` if they are unchanged."""
        try:
            version = self._version(os.stat(folder.path))
            if known and version and self._still_holds(known, folder, version):
                return known
            with os.scandir(folder.path) as entries:
                return self._list(folder, version, entries)
        except OSError as error:
            raise links.unreadable(folder.prefix or folder.path, error) from error

    def _still_holds(self, known: Listing, folder: Folder, version: Version) -> bool:
        if (known.path, known.version) != (folder.path, version):
            return False
        return _DEPENDENCIES in folder.prefix or all(map(self._is_same, known.members))

    def _is_same(self, member: Member) -> bool:
        status = os.lstat(member.content)
        return (status.st_ino, status.st_mtime_ns, status.st_ctime_ns) == member.version

    def _list(
        self, folder: Folder, version: Version | None, entries: Iterable[os.DirEntry[str]]
    ) -> Listing:
        members: list[Member] = []
        subfolders: list[Folder] = []
        self.remarks = []
        for entry in entries:
            name = folder.prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if self._stays_out(entry.path, name, is_folder=is_folder):
                continue
            _check_encoding(name)
            if is_folder:
                subfolders.append(Folder(entry.path, name + "/", folder.roots))
                continue
            if entry.is_symlink():
                # Its target may change without the folder changing.
                version = None
                found = self._follow(entry.path, name, folder)
            else:
                found = self._file(entry.path, name, entry.stat(follow_symlinks=False))
            if isinstance(found, Member):
                members.append(found)
                version = version if found.version else None
            elif found:
                subfolders.append(found)
        return Listing(folder.path, version, members, subfolders, self.remarks)

    def _stays_out(self, path: str, name: str, *, is_folder: bool) -> bool:
        """Return whether the file or folder at `path` is left out; remark it if it is secret."""
        if name in self.without:
            return True
        reason = self.ignored.why(name, is_folder=is_folder)
        if reason is Reason.SECRET:
            self.remarks.append(Remark(Kind.SECRET, name))
        if reason or not is_folder:
            return reason is not None
        return self.ignored.is_virtual_environment(path, name)

    def _file(self, path: str, name: str, status: os.stat_result) -> Member | None:
        if not stat.S_ISREG(status.st_mode):
            raise PackageError(
                f"{name} is neither file nor folder: a socket, pipe or device.",
                links.HINT,
            )
        found = identity(status)
        if found in self.never:
            return None
        if self.ignored.is_own(name):
            kind = remarks.kind_of_contents(path, name, status.st_size, found)
            if kind is Kind.EARLIER_PACKAGE and self.ignored.brings_back(name, is_folder=False):
                kind = None
            if kind:
                self.remarks.append(Remark(kind, name))
            if kind is Kind.EARLIER_PACKAGE:
                return None
        mode = EXECUTABLE_FILE if status.st_mode & stat.S_IXUSR else REGULAR_FILE
        return Member(name, path, mode, status.st_size, self._version(status), found)

    def _version(self, status: os.stat_result) -> Version | None:
        if max(status.st_mtime_ns, status.st_ctime_ns) > self.started_ns - TICK_NS:
            return None
        return Version(status.st_ino, status.st_mtime_ns, status.st_ctime_ns)

    def _follow(self, path: str, name: str, folder: Folder) -> Member | Folder | None:
        """Keep a symbolic link if its target is packaged, too; otherwise package the target, a file
        or a folder, in its place.
        """
        text = os.readlink(path)
        target = links.resolve(path, name, text)
        if target is None:
            return None
        status = os.stat(target)
        if identity(status) in self.never:
            return None
        is_folder = stat.S_ISDIR(status.st_mode)
        if place := self._place(target, folder.roots, is_folder=is_folder):
            if not self._leads_there(text, folder, is_folder=is_folder):
                text = posixpath.relpath(place, posixpath.dirname(name) or ".")
            return _link(name, text)
        if is_folder and is_within(folder.path, target):
            raise PackageError(
                f"The symbolic link {name} is a loop: it leads to {text}, a folder that contains"
                " the link.",
                links.HINT,
            )
        if links.is_program(name) or (not self.ignored.is_own(name) and self._is_without(target)):
            return None  # Its package is left out, or packaged elsewhere.
        links.check_target(target, name, text, links.work_tree(self.app))
        if self._stays_out_by_its_own_name(target, name, is_folder=is_folder):
            return None
        if not is_folder:
            return self._file(target, name, status)
        return Folder(target, name + "/", (*folder.roots, Root(target, name + "/")))

    def _stays_out_by_its_own_name(self, target: str, name: str, *, is_folder: bool) -> bool:
        """Return whether a target outside is left out, whatever the name of the link to it."""
        if is_folder and self.ignored(name, is_folder=True):
            return True
        reason = left_out.reason(posixpath.basename(target), is_folder=is_folder)
        is_secret = reason is Reason.SECRET and self.ignored.is_own(name)
        if not is_secret or self.ignored.brings_back(name, is_folder=is_folder):
            return False
        self.remarks.append(Remark(Kind.SECRET, name))
        return True

    def _leads_there(self, text: str, folder: Folder, *, is_folder: bool) -> bool:
        """Return whether a link in `folder` also works in the package: it is relative, stays within
        the package, and passes only through folders that are packaged.
        """
        if os.path.isabs(text) or os.path.normpath(text) != text:
            return False
        root = folder.roots[-1]
        place = posixpath.normpath(folder.prefix.removeprefix(root.prefix) + text)
        return place.split("/")[0] != ".." and not self._is_left_out(
            posixpath.normpath(root.prefix + place), is_folder=is_folder
        )

    def _place(self, path: str, roots: tuple[Root, ...], *, is_folder: bool) -> str | None:
        """Return the name of the file or folder `path` in the package; None if it is left out."""
        for root in reversed(roots):
            if is_within(path, root.path):
                below = os.path.relpath(path, root.path)
                place = posixpath.normpath(root.prefix + below)
                out = self._is_left_out(place, is_folder=is_folder) or any(
                    self.ignored.is_virtual_environment(os.path.join(root.path, above), above)
                    for above in links.parents(below)
                )
                return None if out else place
        return None

    def _is_left_out(self, place: str, *, is_folder: bool) -> bool:
        # The app's own env.properties is left out, but the package has another in its place.
        if place in (".", ignore.ENV_PROPERTIES):
            return False
        if place in self.without or self.ignored(place, is_folder=is_folder):
            return True
        return any(
            folder in self.without or self.ignored(folder, is_folder=True)
            for folder in links.parents(place)
        )

    def _is_without(self, path: str) -> bool:
        """Return whether `path` is in one of the app's packages that are left out."""
        place = os.path.relpath(path, self.app)
        return place in self.without or any(f in self.without for f in links.parents(place))


def _link(name: str, target: str) -> Member:
    _check_encoding(target)
    return Member(name, target.encode(), SYMBOLIC_LINK)


def _check_encoding(name: str) -> None:
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise PackageError(f"The name {name} is not UTF-8.", links.HINT) from error
