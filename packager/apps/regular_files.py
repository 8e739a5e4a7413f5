"""Open only regular files, so that a pipe cannot block and a planted link is not followed."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO, NamedTuple


class Identity(NamedTuple):
    """The identity of a file on this machine, independent of its path."""

    device: int
    inode: int


def identity(status: os.stat_result) -> Identity:
    """Return the identity of the file that has this status."""
    return Identity(status.st_dev, status.st_ino)


def open_regular(
    path: str, *, expected: Identity | None = None, follow_link: bool = False
) -> BinaryIO:
    """Open the regular file at `path` for reading, unbuffered.

    Raises OSError if it is not a regular file, or not the `expected` one because another file has
    replaced it.
    """
    # A pipe would block until somebody writes to it, and a device may block as well.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_link else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        if expected and identity(status) != expected:
            raise OSError(errno.ESTALE, "it was replaced while the package was built", path)
        return open(descriptor, "rb", buffering=0)  # noqa: PTH123 - a descriptor
    except BaseException:
        os.close(descriptor)
        raise
