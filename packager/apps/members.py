"""The members of a package, in two groups: dependencies, and the app's own files."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from packager.apps.regular_files import Identity
from packager.function import NotInstalled
from packager.progress import Note, Warning

# The modes of entries do not depend on the machine's umask, so that builds are reproducible.
REGULAR_FILE = stat.S_IFREG | 0o644
EXECUTABLE_FILE = stat.S_IFREG | 0o755
SYMBOLIC_LINK = stat.S_IFLNK | 0o777


# The coarsest clock of a file system, FAT's. If a file is examined sooner than this after a change,
# another change may leave its times as they are.
TICK_NS = 2_000_000_000


class Version(NamedTuple):
    """Identity of a file or folder that changes with any modification."""

    inode: int
    modified_ns: int
    changed_ns: int


class Member(NamedTuple):
    """The source of one entry: `content` is the bytes themselves, or the path of their file."""

    name: str
    content: bytes | str
    mode: int = REGULAR_FILE
    size: int = 0  # of the file, when the walk found it
    version: Version | None = None  # of the file; None if a later change might go undetected
    identity: Identity | None = None  # of the file, when the walk found it


class Members(NamedTuple):
    """The members of an app's package, except `env.properties`, and `events` about them.

    If a dependency and the app have a file of the same name, the app's own is packaged.
    """

    dependencies: list[Member]
    own: list[Member]
    events: Sequence[Note | Warning] = ()
    missing: NotInstalled | None = None
    kept: Path | None = None  # where the dependencies may be kept as they are packed
