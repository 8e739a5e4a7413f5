"""Read a jar or zip, which may be malformed: its bytes and end records, and errors about it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from packager.errors import ArchiveError
from packager.package import zip_format
from packager.package.zip_format import FULL_16, FULL_32


class End(NamedTuple):
    """The archive's end record, which locates its central directory."""

    zip64: bool
    stop: int  # the first byte after the directory
    disk: int
    directory_disk: int
    entries_on_disk: int
    entries: int
    size: int
    offset: int


@dataclass(frozen=True)
class Source:
    """An open archive. Every error that it raises or returns is an ArchiveError with its path."""

    path: Path
    file: BufferedReader
    state: os.stat_result

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Source]:
        """Open the archive at `path` for reading."""
        try:
            # Checked before opening, because opening a pipe would wait forever.
            if not stat.S_ISREG(path.stat().st_mode):
                raise ArchiveError(f"{path} is not a file.", "Pass a jar or zip.")
            file = path.open("rb")
        except OSError as error:
            raise _unreadable(path, error) from error
        with file:
            yield cls(path, file, os.fstat(file.fileno()))

    @property
    def length(self) -> int:
        """The file's size in bytes."""
        return self.state.st_size

    def read(self, position: int, size: int) -> bytearray:
        """Read exactly `size` bytes."""
        content = bytearray(size)
        try:
            self.file.seek(position)
            found = self.file.readinto(content)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if found < size:
            self.check_unchanged()
            raise self.broken(f"it ends before byte {position + size}")
        return content

    def find_end(self) -> tuple[End, bytes]:
        """Read the records after the central directory, and the archive's comment."""
        position, comment = self._find_end_record()
        end = self._read_end(position)
        if end.disk or end.directory_disk or end.entries_on_disk != end.entries:
            raise self.multi_disk()
        return end, comment

    def _find_end_record(self) -> tuple[int, bytes]:
        """Find the end record, whose comment ends the file.

        A record that other bytes follow does not count: in a truncated jar, it may be the end of a
        jar inside the jar.
        """
        tail_start = max(0, self.length - zip_format.END_RECORD.size - FULL_16)
        tail = self.read(tail_start, self.length - tail_start)
        found = len(tail)
        while (found := tail.rfind(zip_format.END_SIGNATURE, 0, found + 3)) >= 0:
            comment = found + zip_format.END_RECORD.size
            if comment + int.from_bytes(tail[comment - 2 : comment], "little") == len(tail):
                return tail_start + found, bytes(tail[comment:])
        if self.length >= 2 and self.read(0, 2) == b"PK":
            raise self.broken("it is truncated, or something was appended to it")
        raise ArchiveError(f"{self.path} is not a jar or zip, or is truncated.", "Build it again.")

    def _read_end(self, position: int) -> End:
        """Read the end record at `position`, and the zip64 records that may precede it."""
        _, *numbers, _ = zip_format.END_RECORD.unpack(
            self.read(position, zip_format.END_RECORD.size)
        )
        end = End(False, position, *numbers)
        locator = position - zip_format.ZIP64_LOCATOR.size
        zip64_end = locator - zip_format.ZIP64_END_RECORD.size
        if zip64_end < 0 or self.read(locator, 4) != zip_format.ZIP64_LOCATOR_SIGNATURE:
            return end
        if self.read(zip64_end, 4) == zip_format.ZIP64_END_SIGNATURE:
            return self._read_zip64_end(zip64_end, locator, end)
        if FULL_16 in end or FULL_32 in end:
            # The second version of the record is longer, and only used for encryption (7.3.4).
            raise self.broken("its zip64 end record is missing, or its directory is encrypted")
        return end  # The bytes of the locator's signature belong to something else.

    def _read_zip64_end(self, position: int, locator: int, narrow: End) -> End:
        record, locators = zip_format.ZIP64_END_RECORD, zip_format.ZIP64_LOCATOR
        _, _, _, _, *numbers = record.unpack(self.read(position, record.size))
        _, _, offset, disks = locators.unpack(self.read(locator, locators.size))
        end = End(True, position, *numbers)
        # Some readers use one of the two end records and some the other, so they must agree.
        full = [FULL_16] * 4 + [FULL_32] * 2
        agreed = all(
            number in (wide, no_room)
            for number, wide, no_room in zip(narrow[2:], numbers, full, strict=True)
        )
        if not agreed or offset != end.offset + end.size:
            raise self.broken("its two end records disagree")
        if disks > 1:
            raise self.multi_disk()
        return end

    def check_unchanged(self) -> None:
        """Raise ArchiveError if something was written to the file since it was opened."""
        now = os.fstat(self.file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self.state.st_size, self.state.st_mtime_ns):
            raise ArchiveError(
                f"{self.path} changed while it was read.", "Try again after its build has ended."
            )

    def broken(self, problem: str) -> ArchiveError:
        """Return the error for a broken archive, with the problem."""
        return ArchiveError(
            f"{self.path} is broken: {problem}.",
            f"Build it again, or run `unzip -t {self.path}` for details.",
        )

    def encrypted(self, part: str) -> ArchiveError:
        """Return the error for an archive in which `what` is encrypted."""
        return ArchiveError(
            f"{self.path} is encrypted: {part}.",
            "Build it without a password, because Lambda cannot unpack it.",
        )

    def multi_disk(self) -> ArchiveError:
        """Return the error for an archive that was split."""
        return ArchiveError(f"{self.path} is one part of a split archive.", "Build it as one file.")


def _unreadable(path: Path, error: OSError) -> ArchiveError:
    return ArchiveError(
        f"{path} cannot be read: {error.strerror}.", "Check the path and its permissions."
    )
