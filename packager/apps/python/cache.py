"""The cache of installed dependencies: private, and verified before each use.

Its contents run in functions next to their secrets. So other users must not be able to write it,
and each entry is named by the hash of its contents.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import grp
import hashlib
import os
import pwd
import re
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from packager import atomic_file, workspace
from packager.apps.regular_files import read_regular
from packager.removal import remove

_SECONDS_KEPT_UNUSED = 30 * 24 * 3600
_HASH = re.compile(r"[0-9a-f]{64}")

# A thread hashes this many files at a time, because handing over one takes longer than hashing it.
_BATCH = 64


def folder(name: str) -> Path:
    """Return the folder `name` of the cache, which exists and which only this user can write.

    If others could write the cache, for example in a shared home, use a temporary folder instead.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute()
    path = _root(base) / name
    path.mkdir(mode=0o700, exist_ok=True)
    return path


@functools.cache
def _root(base: Path) -> Path:
    root = base / "heroku-lambda-packager"
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.mkdir(mode=0o700, exist_ok=True)
        if _is_private(root):
            return root
    except OSError:
        pass  # The home is read-only, for example.
    held = contextlib.ExitStack()
    atexit.register(held.close)
    return held.enter_context(workspace.private_folder())


def _is_private(root: Path) -> bool:
    """Return whether only this user and root can write `root` or replace it or its parents."""
    status = root.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return False
    if _others_write(status):
        return False  # They may already have written into it.
    root.chmod(0o700)
    return all(map(_is_safe, {*root.parents, *root.resolve().parents}))


def _is_safe(parent: Path) -> bool:
    """Return whether no other user can replace the contents of `parent`."""
    status = parent.lstat()
    if status.st_uid not in (0, os.getuid()):
        return False
    # In a sticky folder such as /tmp, others can remove only their own files. A link has no mode.
    is_sticky = bool(status.st_mode & stat.S_ISVTX)
    return stat.S_ISLNK(status.st_mode) or is_sticky or not _others_write(status)


def _others_write(status: os.stat_result) -> bool:
    """Return whether other users can write into a folder.

    On many systems each user has a group of their own, and folders that this group can write.
    """
    if not status.st_mode & stat.S_IWGRP or status.st_mode & stat.S_IWOTH:
        return bool(status.st_mode & stat.S_IWOTH)
    try:
        group = grp.getgrgid(status.st_gid)
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return True
    return group.gr_name != user or not {*group.gr_mem} <= {user}


# The files of an installation: relative name, path and status.
Files = list[tuple[str, str, os.stat_result]]


class Installation(NamedTuple):
    """A folder with installed dependencies, and its files."""

    folder: Path
    files: Files


def files(installed: Path) -> Files:
    """List the files in a folder.

    Raises OSError for anything but files and folders: an installation contains nothing else.
    """
    found = []
    left = [(str(installed), "")]
    while left:
        folder, prefix = left.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    left.append((entry.path, f"{prefix}{entry.name}/"))
                elif stat.S_ISREG(status.st_mode):
                    found.append((prefix + entry.name, entry.path, status))
                else:
                    raise OSError(errno.EINVAL, "neither a file nor a folder", entry.path)
    return sorted(found, key=lambda file: file[0])


def digest(installed: Path) -> str:
    """Hash the names, modes and contents of all files in a folder; raise OSError like `files`."""
    listed = files(installed)
    batches = [listed[start : start + _BATCH] for start in range(0, len(listed), _BATCH)]
    whole = hashlib.sha256()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashes = chain.from_iterable(pool.map(_hashes, batches))
        for (name, _, status), found in zip(listed, hashes, strict=True):
            is_executable = bool(status.st_mode & stat.S_IXUSR)
            whole.update(f"{len(name)} {name} {is_executable} ".encode("utf-8", "surrogateescape"))
            whole.update(found)
    return whole.hexdigest()


def _hashes(batch: Files) -> list[bytes]:
    return [hashlib.sha256(read_regular(path)).digest() for _, path, _ in batch]


def _seal(listed: Files) -> str:
    """Hash the status of all files, which any change to a file also changes.

    Hashing the contents of 60 dependencies takes ten times as long. `ctime` cannot be set back.
    """
    lines = [
        f"{status.st_ino} {status.st_size} {status.st_mode} {status.st_ctime_ns} {name}\0"
        for name, _, status in listed
    ]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def find(key: str) -> Installation | None:
    """Return what was kept under `key`, if it is unchanged."""
    pointer = folder("wheels") / f"{key}.entry"
    try:
        name, _, seal = pointer.read_text("ascii").partition(" ")
        if not _HASH.fullmatch(name):
            return None
        entry = folder("wheels") / name
        found = Installation(entry, files(entry))
        if _seal(found.files) != seal:
            if digest(entry) != name:
                remove(entry)
                return None
            _point(key, found)
        for path in (pointer, entry):
            os.utime(path)
    except (OSError, ValueError):
        return None
    return found


def keep(installed: Path, key: str | None) -> Installation:
    """Move a folder to the cache; `find` finds it by `key`, if given."""
    name = digest(installed)
    entry = folder("wheels") / name
    try:
        installed.rename(entry)
    except OSError:  # The entry exists already, and may have changed.
        if digest(entry) != name:
            remove(entry)
            installed.rename(entry)
    os.utime(entry)
    kept = Installation(entry, files(entry))
    if key:
        _point(key, kept)
    return kept


def _point(key: str, installation: Installation) -> None:
    """Let `find` find an installation by its `key`."""
    with atomic_file.replaced(folder("wheels") / f"{key}.entry") as part:
        part.write_text(f"{installation.folder.name} {_seal(installation.files)}", "ascii")


def remove_unused() -> None:
    """Remove entries that were not used for a month."""
    for path in folder("wheels").iterdir():
        with contextlib.suppress(OSError):
            if time.time() - path.lstat().st_mtime > _SECONDS_KEPT_UNUSED:
                if stat.S_ISDIR(path.lstat().st_mode):
                    remove(path)
                else:
                    path.unlink()


def is_old(name: str) -> bool:
    """Return whether the folder `name` should be emptied, once a month; restart its period then."""
    began = folder(name).with_name(f"{name}-began")
    with contextlib.suppress(FileNotFoundError):
        if time.time() - began.lstat().st_mtime <= _SECONDS_KEPT_UNUSED:
            return False
        began.unlink()
        began.touch(0o600)
        return True
    began.touch(0o600)
    return False
