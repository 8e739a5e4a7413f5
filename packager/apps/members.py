"""What goes into a package: its members, in two groups."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from packager.apps.regular_files import Identity
from packager.progress import Note, Warning

# The modes of entries: the same whatever the umask of the machine, so that builds are reproducible.
REGULAR_FILE = stat.S_IFREG | 0o644
EXECUTABLE_FILE = stat.S_IFREG | 0o755
SYMBOLIC_LINK = stat.S_IFLNK | 0o777


# The coarsest clock of a file system, FAT's. What was looked at sooner after its last change can be
# changed again and look the same.
TICK_NS = 2_000_000_000


class Version(NamedTuple):
    """Identity of a file or folder that changes with any modification."""

    inode: int
    modified_ns: int
    changed_ns: int


class Member(NamedTuple):
    """What becomes one entry: `content` is the bytes themselves, or the path of their file."""

    name: str
    content: bytes | str
    mode: int = REGULAR_FILE
    size: int = 0  # the file's, when it was looked at
    version: Version | None = None  # the file's; None if a later change might not show
    identity: Identity | None = None  # the file's, when it was looked at


class Members(NamedTuple):
    """The members of an app's package, but for `env.properties`, and what users are told of them.

    If a dependency and the app itself have a file of one name, the app's own is packaged.
    """

    dependencies: list[Member]
    own: list[Member]
    events: Sequence[Note | Warning] = ()
    missing: tuple[str, ...] = ()  # dependencies of the app that are not installed
    kept: Path | None = None  # where the dependencies may be kept as they are packed
