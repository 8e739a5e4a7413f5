"""Remove a folder and everything in it, even if a hostile program has filled it.

With deeply nested folders, shutil.rmtree exceeds Python's recursion limit or the limit of open
files, and it stops at unreadable folders. Here, nested folders are first moved up one level, so
that two open folders are enough for any depth.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

# A program that still runs may create files while the folder is emptied.
_TRIES = 3

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(folder: Path) -> bool:
    """Remove `folder` and everything in it, without following links. Return whether it is gone.

    It cannot be removed if another user owns a folder in it, or a file system is mounted there.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(OSError), opened(str(folder)) as top:
            _empty(top)
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            continue
        return True
    return False


def _empty(top: int) -> None:
    """Remove everything in the open folder `top` that can be removed."""
    here = os.fstat(top).st_dev
    folders = _unlink_files(top)
    while folders:
        name = folders.pop()
        with contextlib.suppress(OSError):
            with opened(name, top) as inner:
                if os.fstat(inner).st_dev != here:
                    continue  # Another file system is mounted there.
                for nested in _unlink_files(inner):
                    with contextlib.suppress(OSError):
                        folders.append(_move(nested, inner, top))
            os.rmdir(name, dir_fd=top)


def _move(name: str, source: int, target: int) -> str:
    """Move a folder to another one; return its name there."""
    moved = secrets.token_hex(8)
    _make_writable(name, source)  # Moving a folder requires it as well.
    os.rename(name, moved, src_dir_fd=source, dst_dir_fd=target)
    return moved


def _unlink_files(folder: int) -> list[str]:
    """Remove all files and links in an open folder; return the names of the folders in it."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders


@contextlib.contextmanager
def opened(name: str, within: int | None = None) -> Iterator[int]:
    """Open a folder of this user, whatever its mode; `within` is an open folder. Follow no link."""
    _make_writable(name, within)
    folder = os.open(name, _FOLDER, dir_fd=within)
    try:
        yield folder
    finally:
        os.close(folder)


def _make_writable(name: str, within: int | None) -> None:
    """Let the owner read and change a folder, without following a link."""
    mode = os.lstat(name, dir_fd=within).st_mode
    if mode & stat.S_IRWXU == stat.S_IRWXU or not stat.S_ISDIR(mode):
        return
    if sys.platform != "linux":
        os.chmod(name, stat.S_IRWXU, dir_fd=within, follow_symlinks=False)
        return
    # Before Linux 6.6, chmod always follows links, so this changes the mode of an open file.
    handle = os.open(name, os.O_PATH | _FOLDER, dir_fd=within)
    try:
        Path(f"/proc/self/fd/{handle}").chmod(stat.S_IRWXU)
    finally:
        os.close(handle)
