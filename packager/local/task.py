"""Unpack a deployment package into a task root, as Lambda does."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from packager.errors import ArchiveError

# Entries made on Unix have their mode in the external attributes: APPNOTE.TXT 4.4.2.2.
_UNIX = 3

# PATH_MAX of Linux, with the NUL at the end: no longer path can be made, nor a link to one.
_LONGEST_PATH = 4096

# The exceptions of zipfile for a malformed archive, or one that it cannot read.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,  # UnicodeDecodeError is one, too.
)


def unpack(package: IO[bytes], folder: Path) -> None:
    """Unpack `package` into the new folder `folder`; keep modes and links.

    Raises ArchiveError if it is broken or has an entry outside of `folder`.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(package) as archive:
            entries = [(entry, _target(entry, folder)) for entry in archive.infolist()]
            files = [(entry, target) for entry, target in entries if not _is_link(entry)]
            # An entry such as `./.` is the folder itself, whose parent exists as well.
            made = {folder, *folder.parents}
            for _, target in entries:
                _make_folders(target.parent, made)
            for entry, target in files:
                _unpack_file(archive, entry, target)
            # Last, so that nothing is written through a link.
            for entry, target in entries:
                if _is_link(entry):
                    with archive.open(entry) as link:
                        target.symlink_to(os.fsdecode(link.read(_LONGEST_PATH + 1)))
    except _UNREADABLE as error:
        raise ArchiveError(
            f"The package cannot be unpacked: {error!s}",
            "Build it again. Lambda could not unpack it, either.",
        ) from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        # For a link, the first name is its target.
        name = os.path.relpath(error.filename2 or error.filename, folder)
        raise ArchiveError(
            f"The package has more than one entry {name}, of different kinds.",
            "List them with `unzip -l`, and remove all but one.",
        ) from error
    except OSError as error:
        raise ArchiveError(
            f"The package cannot be unpacked: {error.strerror or error}.",
            "Check its names with `unzip -l`, and the free space on the disk.",
        ) from error


def _make_folders(folder: Path, made: set[Path]) -> None:
    """Create a folder and its parents; not recursively, because an entry may be nested deeply."""
    missing = []
    while folder not in made:
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
    made.update(missing)


def _target(entry: zipfile.ZipInfo, folder: Path) -> Path:
    if not entry.filename:
        raise ArchiveError("The package has an entry without a name.", "Remove it.")
    path = os.path.normpath(os.path.join(folder, entry.filename))  # noqa: PTH118 - it may be long
    if len(os.fsencode(path)) >= _LONGEST_PATH:
        raise ArchiveError(
            f"The package has an entry with a path of {len(entry.filename)} characters, which is"
            " longer than Linux allows.",
            "Shorten it, or remove the entry.",
        )
    target = Path(path)
    if not target.is_relative_to(folder):
        raise ArchiveError(
            f"The package has the entry {entry.filename!r}, which is outside of it.",
            "Remove it, because Lambda does not unpack it.",
        )
    return target


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(_mode(entry))


def _mode(entry: zipfile.ZipInfo) -> int:
    return entry.external_attr >> 16 if entry.create_system == _UNIX else 0


def _unpack_file(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    if entry.is_dir():
        target.mkdir(exist_ok=True)
        return
    with archive.open(entry) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
    # An entry without a mode, as the JDK's `jar` writes it, becomes readable for everybody. The
    # setuid, setgid and sticky bits are dropped: others could run the file as this user.
    target.chmod(_mode(entry) & 0o777 or 0o644)
