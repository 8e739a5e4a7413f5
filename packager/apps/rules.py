"""Decide for each entry of an app's folders whether it, its target or nothing is packaged.

Packaging and watch both list folders by these rules.
"""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH112, PTH115, PTH116, PTH117, PTH118

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from packager.apps import ignore, left_out, links
from packager.apps.ignore import Ignored
from packager.apps.left_out import Reason
from packager.apps.links import is_within
from packager.apps.regular_files import Identity, identity
from packager.errors import PackageError

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
    """A folder to package; it is in the last of `roots`."""

    path: str
    prefix: str
    roots: tuple[Root, ...]


class File(NamedTuple):
    """A regular file to package: the entry itself, or the target of a link."""

    name: str
    path: str
    status: os.stat_result


class Link(NamedTuple):
    """A symbolic link to package as a link."""

    name: str
    target: str


class LeftOut(NamedTuple):
    """An entry that is not packaged."""

    name: str
    is_secret: bool = False


class Refused(NamedTuple):
    """An entry that cannot be packaged, and why.

    `target` is the path of a file that may be packaged in its place once it can be read.
    """

    name: str
    error: PackageError
    target: str | None = None


Found: TypeAlias = File | Link | Folder | LeftOut | Refused


class Entry(NamedTuple):
    """An entry of a folder, by its name there, with the decision about it."""

    name: str
    found: Found
    is_link: bool


@dataclass(frozen=True)
class Rules:
    """The rules for the folder `app`, a real path.

    Entries that are `ignored`, the files `never` (also through links), and the places `without` are
    left out.
    """

    app: str
    ignored: Ignored
    never: frozenset[Identity] = frozenset()
    without: frozenset[str] = frozenset()

    def entries(self, folder: Folder) -> Iterator[Entry]:
        """List `folder`. Raises OSError if it cannot be read."""
        with os.scandir(folder.path) as entries:
            for entry in entries:
                is_link = entry.is_symlink()
                is_folder = entry.is_dir(follow_symlinks=False)
                found = self._find(entry.path, folder, is_folder=is_folder, is_link=is_link)
                yield Entry(entry.name, found, is_link)

    def entry(self, name: str, folder: Folder) -> Entry | None:
        """Return one entry of `folder`; None if it does not exist."""
        path = os.path.join(folder.path, name)
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return None
        is_folder, is_link = stat.S_ISDIR(mode), stat.S_ISLNK(mode)
        return Entry(name, self._find(path, folder, is_folder=is_folder, is_link=is_link), is_link)

    def why_left_out(self, path: str, name: str, *, is_folder: bool) -> Reason | None:
        """Return why the file or folder at `path` is left out under its `name` in the package.

        Callers go from the top down, because everything in a folder that is left out is left out.
        """
        if name in self.without:
            return Reason.ELSEWHERE
        reason = self.ignored.why(name, is_folder=is_folder)
        if reason or not is_folder or not self.ignored.is_virtual_environment(path, name):
            return reason
        return Reason.USELESS

    def _find(self, path: str, folder: Folder, *, is_folder: bool, is_link: bool) -> Found:
        name = folder.prefix + path.rpartition(os.sep)[2]
        reason = self.why_left_out(path, name, is_folder=is_folder)
        if reason:
            return LeftOut(name, is_secret=reason is Reason.SECRET)
        try:
            _check_encoding(name)
            if is_folder:
                return Folder(path, name + "/", folder.roots)
            if is_link:
                return self._follow(path, name, folder)
            return self._file(path, name, os.lstat(path))
        except OSError as error:
            return Refused(name, links.unreadable(name, error))
        except PackageError as error:
            return Refused(name, error, self._awaited(path, name) if is_link else None)

    def _file(self, path: str, name: str, status: os.stat_result) -> File | LeftOut:
        if not stat.S_ISREG(status.st_mode):
            raise PackageError(
                f"{name} is neither a file nor a folder: a socket, pipe or device.",
                links.HINT,
            )
        is_out = self.never and identity(status) in self.never
        return LeftOut(name) if is_out else File(name, path, status)

    def _follow(self, path: str, name: str, folder: Folder) -> Found:
        """Keep a symbolic link if its target is packaged, too; otherwise package the target, a file
        or a folder, in its place.
        """
        text = os.readlink(path)
        target = links.resolve(path, name, text)
        if target is None:
            return LeftOut(name)
        status = os.stat(target)
        if identity(status) in self.never:
            return LeftOut(name)
        is_folder = stat.S_ISDIR(status.st_mode)
        if place := self._place(target, folder.roots, is_folder=is_folder):
            if not self._leads_there(text, folder, is_folder=is_folder):
                text = posixpath.relpath(place, posixpath.dirname(name) or ".")
            _check_encoding(text)
            return Link(name, text)
        if is_folder and is_within(folder.path, target):
            raise PackageError(
                f"The symbolic link {name} is a loop: it leads to {text}, a folder that contains"
                " the link.",
                links.HINT,
            )
        if links.is_program(name) or (not self.ignored.is_own(name) and self._is_without(target)):
            return LeftOut(name)  # Its package is left out, or packaged elsewhere.
        links.check_target(target, name, text, links.work_tree(self.app))
        if out := self._left_out_by_target(target, name, is_folder=is_folder):
            return out
        if not is_folder:
            return self._file(target, name, status)
        return Folder(target, name + "/", (*folder.roots, Root(target, name + "/")))

    def _awaited(self, link: str, name: str) -> str | None:
        target = os.path.realpath(link)
        is_allowed = links.may_stand_in(target, name, links.work_tree(self.app))
        return target if is_allowed and target != link and not os.path.isdir(target) else None

    def _left_out_by_target(self, target: str, name: str, *, is_folder: bool) -> LeftOut | None:
        """Return why a target outside the app is left out, whatever the name of its link."""
        if is_folder and self.ignored(name, is_folder=True):
            return LeftOut(name)
        reason = left_out.reason(posixpath.basename(target), is_folder=is_folder)
        is_secret = reason is Reason.SECRET and self.ignored.is_own(name)
        if not is_secret or self.ignored.brings_back(name, is_folder=is_folder):
            return None
        return LeftOut(name, is_secret=True)

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


class LinkLimit:
    """Counts the folders that symbolic links lead to, in one walk."""

    def __init__(self) -> None:
        """Begin without any."""
        self._folders = 0

    def check(self, folder: Folder) -> None:
        """Raise PackageError if links to folders multiply the packaged folders beyond a limit."""
        on_the_way = folder.roots[1:]
        self._folders += bool(on_the_way)
        if self._folders > MOST_FOLDERS_BY_LINKS or len(on_the_way) > _MOST_LINKS_ON_THE_WAY:
            names = ", ".join(root.prefix.rstrip("/") for root in on_the_way[:5])
            raise PackageError(
                f"Symbolic links lead to over {MOST_FOLDERS_BY_LINKS} folders outside of the app,"
                f" or from one to the next over {_MOST_LINKS_ON_THE_WAY} times; the way to one is"
                f" {names}.",
                links.HINT,
            )


def _check_encoding(name: str) -> None:
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise PackageError(f"The name {name} is not UTF-8.", links.HINT) from error
