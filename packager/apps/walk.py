"""One walk over an app's folder, and the member of the package for each file and link in it."""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH116

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import NamedTuple

from packager.apps import links, remarks
from packager.apps.members import (
    EXECUTABLE_FILE,
    REGULAR_FILE,
    SYMBOLIC_LINK,
    TICK_NS,
    Member,
    Version,
)
from packager.apps.regular_files import identity
from packager.apps.remarks import Kind, Remark
from packager.apps.rules import File, Folder, LeftOut, Link, LinkLimit, Refused, Rules

_DEPENDENCIES = "node_modules/"


class Listing(NamedTuple):
    """The contents of a folder; `version` is None if each walk must list it again."""

    path: str
    version: Version | None
    members: list[Member]
    subfolders: list[Folder]
    remarks: list[Remark]


@dataclass
class Walk:
    """One walk by `rules`, which began at `started_ns`."""

    rules: Rules
    started_ns: int
    limit: LinkLimit = field(default_factory=LinkLimit)
    remarks: list[Remark] = field(default_factory=list)  # of the folder that is being listed

    def look_into(self, folder: Folder, known: Listing | None) -> Listing:
        """Return the contents of `folder`: those already `known` if they are unchanged.

        Raises PackageError for an entry that cannot be packaged.
        """
        self.limit.check(folder)
        try:
            version = self._version(os.stat(folder.path))
            if known and version and self._still_holds(known, folder, version):
                return known
            return self._list(folder, version)
        except OSError as error:
            raise links.unreadable(folder.prefix or folder.path, error) from error

    def _still_holds(self, known: Listing, folder: Folder, version: Version) -> bool:
        if (known.path, known.version) != (folder.path, version):
            return False
        return _DEPENDENCIES in folder.prefix or all(map(self._is_same, known.members))

    def _is_same(self, member: Member) -> bool:
        status = os.lstat(member.content)
        return (status.st_ino, status.st_mtime_ns, status.st_ctime_ns) == member.version

    def _list(self, folder: Folder, version: Version | None) -> Listing:
        members: list[Member] = []
        subfolders: list[Folder] = []
        self.remarks = []
        for entry in self.rules.entries(folder):
            if entry.is_link:
                version = None  # Its target may change without the folder changing.
            match entry.found:
                case File() as file:
                    if member := self._member(file):
                        members.append(member)
                        version = version if member.version else None
                case Link(name, target):
                    members.append(Member(name, target.encode(), SYMBOLIC_LINK))
                case Folder() as subfolder:
                    subfolders.append(subfolder)
                case LeftOut(name, is_secret=True):
                    self.remarks.append(Remark(Kind.SECRET, name))
                case Refused(_, error):
                    raise error
        return Listing(folder.path, version, members, subfolders, self.remarks)

    def _member(self, file: File) -> Member | None:
        """Return the member for `file`; None, and a remark, if it is an earlier package."""
        name, path, status = file
        found = identity(status)
        ignored = self.rules.ignored
        if ignored.is_own(name):
            kind = remarks.kind_of_contents(path, name, status.st_size, found)
            if kind is Kind.EARLIER_PACKAGE and ignored.brings_back(name, is_folder=False):
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
