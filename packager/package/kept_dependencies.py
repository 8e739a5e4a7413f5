"""Keep the dependencies of a package as a separate zip, so that later runs do not compress them.

Compressing 60 Python dependencies takes seconds; copying the compressed data takes a moment. The
zip is only used if nobody has changed it: its inode, size and times are stored next to it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from packager import atomic_file
from packager.apps.members import Member
from packager.errors import ArchiveError, PackagerError
from packager.package import zip_format
from packager.package.zip_directory import read_directory
from packager.package.zip_format import NewEntry
from packager.package.zip_source import Source

_CHUNK = 1 << 20


class Packed(NamedTuple):
    """A member in a package, from its local header up to the end of its data."""

    member: Member
    entry: NewEntry
    start: int
    stop: int
    record: bytes

    def moved(self, start: int) -> Packed:
        """Return the same entry at another position."""
        if start == self.start:
            return self
        if max(start, self.start) < zip_format.FULL_32:
            # If the first of ten thousand entries grows, all others move. Replacing these four
            # bytes is faster than building each record.
            end = zip_format.CENTRAL_RECORD.size
            record = self.record[: end - 4] + start.to_bytes(4, "little") + self.record[end:]
        else:
            record = zip_format.central_record(self.entry, start)
        return Packed(self.member, self.entry, start, start + self.stop - self.start, record)


def read(kept: Path, members: Iterable[Member]) -> tuple[BinaryIO, dict[str, Packed]] | None:
    """Return the open zip, and which of `members` are in it; None if it cannot be used."""
    wanted = {member.name: member for member in members if member.version}
    try:
        if _seal(kept) != _seal_file(kept).read_text("ascii"):
            return None
        file = kept.open("rb")
    except (OSError, ValueError):
        return None
    found: dict[str, Packed] = {}
    try:
        directory = read_directory(Source(kept, file, os.fstat(file.fileno())))
        for entry in directory:
            record = bytes(directory.records[entry.record : entry.next_record])
            fields = zip_format.CENTRAL_RECORD.unpack_from(record)
            method, crc, compressed_size, mode = fields[4], fields[7], fields[8], fields[15] >> 16
            name = entry.name.decode()
            member = wanted.get(name)
            if member and (member.size, member.mode) == (entry.size, mode):
                packed = NewEntry(name, method, crc, compressed_size, entry.size, mode)
                found[name] = Packed(member, packed, entry.start, entry.end, record)
    except (ArchiveError, ValueError):
        file.close()
        return None
    return file, found


def write(kept: Path, package: Path, packed: Sequence[Packed]) -> None:
    """Keep the entries `packed`, with which `package` begins; skip it if the disk is full."""
    with contextlib.suppress(OSError, PackagerError):
        with (
            atomic_file.replaced(kept) as part,
            package.open("rb") as source,
            atomic_file.created(part) as file,
        ):
            left = end = packed[-1].stop
            while left:
                chunk = source.read(min(_CHUNK, left))
                file.write(chunk)
                left -= len(chunk)
            file.writelines(each.record for each in packed)
            size = sum(len(each.record) for each in packed)
            file.write(zip_format.end_records(len(packed), size, end))
        with (
            atomic_file.replaced(_seal_file(kept)) as part,
            atomic_file.created(part) as file,
        ):
            file.write(_seal(kept).encode())


def _seal_file(kept: Path) -> Path:
    return kept.with_suffix(".seal")


def _seal(kept: Path) -> str:
    status = kept.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("not a file")
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
