"""The private temporary folder in which a package is built."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from packager import signals
from packager.names import PRIVATE_FOLDER
from packager.removal import opened, remove

# Until a new folder is locked, another run sees it empty and unlocked.
_SECONDS_TO_LOCK = 60


def _ignored(_: Path) -> None:
    """Ignore a folder that could not be removed."""


@contextlib.contextmanager
def private_folder(
    within: Path | None = None, *, left: Callable[[Path], None] = _ignored
) -> Iterator[Path]:
    """Create a folder that only this user can read; remove it and its contents at the end.

    It is created `within` the given folder, or the system's temporary folder. A killed run leaves
    its folder, and the next run removes it. Each run holds a lock on its folder, which the system
    releases however the process ends. `left` is called with each folder that could not be removed.
    """
    with signals.held():  # Python creates and removes a file there, to see whether it can.
        within = within or Path(tempfile.gettempdir())
    _remove_stale_folders(within, left)
    # Not mkdtemp, because a signal between its return and the `try` would leave the folder.
    folder = within / (PRIVATE_FOLDER + secrets.token_hex(8))
    with signals.at_forced_end(partial(_remove_at_once, folder)):
        try:
            folder.mkdir(mode=0o700)
            with _locked(folder):
                yield folder
        finally:
            _remove(folder, left)


def _remove_at_once(folder: Path) -> str | None:
    return None if remove(folder) else f"{folder} could not be removed. It may hold config."


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with opened(str(folder)) as lock:
        # Some network file systems cannot lock folders; there, a killed run's folder stays.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove(folder: Path, left: Callable[[Path], None]) -> None:
    try:
        gone = remove(folder)
    except BaseException:  # A signal interrupted the removal, so there is more to remove.
        remove(folder)
        raise
    if not gone:
        left(folder)


def _remove_stale_folders(within: Path, left: Callable[[Path], None]) -> None:
    for folder in within.glob(f"{PRIVATE_FOLDER}*"):
        with contextlib.suppress(OSError):
            if _is_ours(folder) and _is_stale(folder) and not remove(folder):
                left(folder)


def _is_ours(folder: Path) -> bool:
    # In a shared folder, anybody can plant a link with our prefix, or a folder that all may write.
    status = folder.lstat()
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.getuid()
        and not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    )


def _is_stale(folder: Path) -> bool:
    """Return whether no run holds the lock of the folder or is about to take it."""
    with opened(str(folder)) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        with os.scandir(lock) as entries:
            is_empty = next(entries, None) is None
        return not is_empty or time.time() - os.fstat(lock).st_mtime > _SECONDS_TO_LOCK
