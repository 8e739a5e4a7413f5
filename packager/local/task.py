"""Unpacks a deployment package into a task root, as Lambda does."""

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

# The system that made an entry, whose modes its external attributes hold: APPNOTE.TXT 4.4.2.2.
_UNIX = 3

# PATH_MAX of Linux: a link to a longer path cannot be made.
_LONGEST_LINK = 4096

# What zipfile raises where an archive is not what it says, or has what it cannot read.
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
    """Unpack `package` into the new folder `folder`: modes are kept, and links are links.

    Raises ArchiveError if it is broken or has an entry outside of `folder`.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(package) as archive:
            entries = [(entry, _target(entry, folder)) for entry in archive.infolist()]
            files = [(entry, target) for entry, target in entries if not _is_link(entry)]
            made = {folder}
            for _, target in entries:
                _make_folders(target.parent, made)
            for entry, target in files:
                _unpack_file(archive, entry, target)
            # Last, so that nothing is written through a link.
            for entry, target in entries:
                if _is_link(entry):
                    with archive.open(entry) as link:
                        target.symlink_to(os.fsdecode(link.read(_LONGEST_LINK + 1)))
    except _UNREADABLE as error:
        raise ArchiveError(
            f"The package cannot be unpacked: {error!s}",
            "Lambda could not, either: build it again.",
        ) from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        # Of a link that cannot be made, the first name is what it points to.
        name = os.path.relpath(error.filename2 or error.filename, folder)
        raise ArchiveError(
            f"The package has more than one entry {name}, of different kinds.",
            "Look at them by `unzip -l`, and leave out all but one.",
        ) from error
    except OSError as error:
        raise ArchiveError(
            f"The package cannot be unpacked: {error.strerror or error}.",
            "Look at its names by `unzip -l`, and whether there is room for it on the disk.",
        ) from error


def _make_folders(folder: Path, made: set[Path]) -> None:
    """Create a folder and those around it; not by recursion, as an entry can be nested deeply."""
    missing = []
    while folder not in made:
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
    made.update(missing)


def _target(entry: zipfile.ZipInfo, folder: Path) -> Path:
    if not entry.filename:
        raise ArchiveError("The package has an entry without a name.", "Leave it out.")
    target = Path(os.path.normpath(folder / entry.filename))
    if not target.is_relative_to(folder):
        raise ArchiveError(
            f"The package has the entry {entry.filename!r}, which is outside of it.",
            "Leave it out: Lambda does not unpack it.",
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
    # An entry without one, as the JDK's `jar` writes it, can be read by everybody. Its setuid,
    # setgid and sticky bits are dropped, as they would let others run it as this user.
    target.chmod(_mode(entry) & 0o777 or 0o644)
