"""Watch without events: examine everything every second.

Some file systems do not report changes that another system makes: WSL's /mnt/c, Docker Desktop's
mounts, network drives.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Iterator
from pathlib import Path

from packager.watch.notify import Events

_SECONDS = 1.0

_MOUNTS = Path("/proc/self/mountinfo")

# These do not report changes by another machine, or by the host of a virtual machine. Not listed:
# overlay, the root of every container, whose lower layers do not change; fuseblk (NTFS).
_WITHOUT_EVENTS = re.compile(
    r"9p|drvfs|wslfs|virtiofs|vboxsf|vmhgfs|prl_fs|fakeowner|grpcfuse|osxfs"
    r"|nfs4?|cifs|smb3|smbfs|afs|ceph|fuse|fuse\.(?!fuse-overlayfs$).+"
)

# mountinfo has a space, tab, line end or backslash in a path as three octal digits.
_ESCAPE = re.compile(r"\\([0-7]{3})")


class Polling:
    """A watcher for any system: it reports again and again that anything may have changed."""

    limit = None

    def __init__(self, seconds: float = _SECONDS) -> None:
        """Report a possible change every `seconds`."""
        self._seconds = seconds
        self._last = time.monotonic()

    def watch(self, folder: str, *, deep: bool) -> None:
        """Do nothing: there are no registrations."""

    def unwatch(self, folder: str) -> None:
        """Do nothing: there are no registrations."""

    def wait(self, seconds: float | None, wake: int | None = None) -> Events:
        """Wait, then report that anything may have changed. With 0 `seconds`, report it only if the
        last report is long enough ago.
        """
        pause = self._seconds if seconds is None else min(seconds, self._seconds)
        select.select([] if wake is None else [wake], [], [], pause)
        now = time.monotonic()
        if pause == 0 and now - self._last < self._seconds:
            return Events()
        self._last = now
        return Events(lost=True)

    def close(self) -> None:
        """Do nothing: there are no resources."""


def file_system_without_events(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the type of the file system of `path` if that may not report changes.

    Return None if it does, or if the system has no list of `mounts`.
    """
    real = os.path.realpath(path)
    kind, longest = "", -1
    for mount_point, its_kind in _mounts(mounts):
        is_around = real == mount_point or real.startswith(mount_point.rstrip(os.sep) + os.sep)
        # Of several mounts at one place, the last covers the others.
        if is_around and len(mount_point) >= longest:
            kind, longest = its_kind, len(mount_point)
    return kind if _WITHOUT_EVENTS.fullmatch(kind) else None


def _mounts(file: Path) -> Iterator[tuple[str, str]]:
    """Yield each mount point, in order, with the kind of its file system: proc_pid_mountinfo(5)."""
    try:
        lines = os.fsdecode(file.read_bytes()).split("\n")
    except OSError:
        return
    for line in filter(None, lines):
        mount, _, system = line.partition(" - ")
        mount_point = _ESCAPE.sub(lambda code: chr(int(code[1], 8)), mount.split(" ")[4])
        yield mount_point, system.split(" ")[0]
