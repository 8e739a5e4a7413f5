"""Open only regular files: a pipe cannot block the packager, and a planted link is not followed."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO, NamedTuple

_CHUNK = 1 << 20


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
    descriptor, _ = _open(path, expected, follow_link=follow_link)
    return open(descriptor, "rb", buffering=0)  # noqa: PTH123 - a descriptor


def read_regular(path: str, *, expected: Identity | None = None) -> bytes:
    """Return the contents of the regular file at `path`, faster than by a file object.

    Raises OSError as `open_regular` does.
    """
    descriptor, size = _open(path, expected)
    try:
        # One byte more shows whether this is all; otherwise the file changes while it is read.
        data = os.read(descriptor, size + 1)
        chunk = data if len(data) != size else b""
        while chunk:
            chunk = os.read(descriptor, _CHUNK)
            data += chunk
        return data
    finally:
        os.close(descriptor)


def _open(path: str, expected: Identity | None, *, follow_link: bool = False) -> tuple[int, int]:
    """Return the descriptor of the regular file at `path`, and its size."""
    # A pipe would block until somebody writes to it, and a device may block as well.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_link else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        if expected and identity(status) != expected:
            raise OSError(errno.ESTALE, "it was replaced while the package was built", path)
        return descriptor, status.st_size
    except BaseException:
        os.close(descriptor)
        raise
