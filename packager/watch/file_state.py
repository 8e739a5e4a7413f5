"""The state of a file: whether it has changed, and the content that a package takes from it."""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH115, PTH123

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileState:
    """The state of a file when it was last examined.

    `content` is the part of it that a package contains. If it is `reliable`, `identity` changes
    with any modification.
    """

    content: tuple[object, ...]
    identity: tuple[object, ...]
    reliable: bool


def identity_of(status: os.stat_result) -> tuple[int, ...]:
    """Return numbers of which any modification changes at least one."""
    return (
        *(status.st_ino, status.st_mode, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )


def content_of(path: str) -> tuple[object, ...]:
    """The part of the file at `path` that a package contains: data or link, and executability."""
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            return ("link", os.readlink(path))
        if stat.S_ISREG(status.st_mode):
            return ("file", _digest(path), bool(status.st_mode & stat.S_IXUSR))
    except OSError as error:
        return ("unreadable", error.errno)
    return ("special", stat.S_IFMT(status.st_mode))


def _digest(path: str) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()
