"""The private temporary folder that a package is made in."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from packager.names import PRIVATE_FOLDER

try:
    import fcntl
except ImportError:  # Windows: stale folders are left to the system's own cleaning.
    fcntl = None  # type: ignore[assignment]

_LOCK = "lock"

# Between the making of a folder and of its lock another run sees it unlocked.
_SECONDS_TO_LOCK = 60


@contextlib.contextmanager
def private_folder(within: Path | None = None) -> Iterator[Path]:
    """Give a new folder that only this user can read, removed at the end with all it holds.

    It is made `within` that folder, or the system's for temporary files. A run that was killed
    leaves its own; the next one removes it. Whether a run is still alive is told by its lock, which
    the system lets go of at any end of the process.
    """
    within = within or Path(tempfile.gettempdir())
    _remove_stale_folders(within)
    # Named here and not by mkdtemp: a signal between its return and a `try` would leave the folder.
    folder = within / (PRIVATE_FOLDER + secrets.token_hex(8))
    try:
        folder.mkdir(mode=0o700)
        with _locked(folder):
            yield folder
    finally:
        _remove(folder)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except BaseException:  # What a signal raises: there is more to remove.
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _remove_stale_folders(within: Path) -> None:
    if fcntl is None:
        return
    for folder in within.glob(f"{PRIVATE_FOLDER}*"):
        with contextlib.suppress(OSError):
            if _is_ours(folder) and _is_stale(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    # Not through a link: in a shared folder anybody can plant one under our prefix.
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _is_stale(folder: Path) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > _SECONDS_TO_LOCK
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)
