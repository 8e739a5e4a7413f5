"""Find, read and verify the central directory of a jar or zip.

Every offset, size and count is checked against the file before it is used, so that callers can rely
on all positions. The structures are those of `packager.package.zip_format`.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from packager.errors import ArchiveError
from packager.package import zip_format
from packager.package.zip_format import FULL_16, FULL_32
from packager.package.zip_source import Source

# The directory is the only part of an archive in memory; reading it entry by entry takes up to four
# times its size. The limit allows half a million entries, or a million with short names.
MAX_SIZE = 64 << 20

# The fields of a record that are used: signature, flags, compressed size, size, lengths of name and
# extra fields; the comment's length and the disk as one number, usually 0; offset.
_RECORD = struct.Struct("<L4xH10x2L2HL6xL")
# Of these, the signature, and the lengths of the name, extra fields and comment.
_LENGTHS = struct.Struct("<L24x3H")
_RECORD_SIGNATURE = int.from_bytes(zip_format.CENTRAL_SIGNATURE, "little")
_OFFSET_FIELD = _RECORD.size - 4

_ENCRYPTED = zip_format.FLAG_ENCRYPTED | zip_format.FLAG_ENCRYPTED_DIRECTORY


class Entry(NamedTuple):
    """An entry, by its record; `record` and `next_record` are positions in the directory, `start`
    and `end` in the file.
    """

    name: bytes
    size: int  # unpacked
    start: int  # of the local header
    end: int  # the earliest end of the data: only the local header holds the length of its extras
    record: int
    next_record: int


class _Numbers(NamedTuple):
    """The numbers of a record that may be in its zip64 field, in the order of that field."""

    size: int
    compressed_size: int
    offset: int
    disk: int


_FULL = _Numbers(FULL_32, FULL_32, FULL_32, FULL_16)
_WIDTHS = _Numbers(8, 8, 8, 4)


@dataclass(frozen=True)
class Directory:
    """The records of all entries, and the positions of the records and entries in the file."""

    source: Source
    records: bytearray
    start: int
    base: int  # the origin of offsets: 0, or the zip's first byte after a prefixed script
    declared: int  # the number of records, by the end record
    zip64: bool
    comment: bytes

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries in the order of their records; raise ArchiveError at a broken one."""
        position = found = 0
        while position < len(self.records):
            entry = self.entry(position)
            yield entry
            position = entry.next_record
            found += 1
        # Old versions of `jar` and Ant do not support zip64, and write the count modulo 65536.
        if self.declared != (found if self.zip64 else found & FULL_16):
            raise self.source.broken(f"it has {found} entries but declares {self.declared}")

    def names(self) -> Iterator[tuple[bytearray, int]]:
        """Yield each entry's name, and the position of its record for `entry`.

        This takes less than half of the time and memory of reading all entries.
        """
        unpack = _LENGTHS.unpack_from
        position = 0
        while position < len(self.records):
            try:
                signature, *lengths = unpack(self.records, position)
            except struct.error:
                signature = None
            if signature != _RECORD_SIGNATURE:
                raise self.source.broken(f"no record at byte {position} of its central directory")
            start = position + _RECORD.size
            yield self.records[start : start + lengths[0]], position
            position = start + sum(lengths)

    def entry(self, position: int) -> Entry:
        """Read the record at `position` of the directory."""
        try:
            signature, flags, compressed_size, size, name_length, extra_length, rest, offset = (
                _RECORD.unpack_from(self.records, position)
            )
        except struct.error:
            signature = None
        if signature != _RECORD_SIGNATURE:
            raise self.source.broken(f"no record at byte {position} of its central directory")
        extra = position + _RECORD.size + name_length
        comment = extra + extra_length
        next_record = comment + (rest & FULL_16)
        if next_record > len(self.records):
            raise self.source.broken("its central directory ends within a record")
        name = bytes(self.records[position + _RECORD.size : extra])
        if flags & _ENCRYPTED:
            hidden = flags & zip_format.FLAG_ENCRYPTED_DIRECTORY
            raise self.source.encrypted("its central directory" if hidden else shown(name))
        numbers = _Numbers(size, compressed_size, offset, rest >> 16)
        if FULL_32 in numbers or numbers.disk == FULL_16:
            numbers = self._wide(numbers, self._zip64_field(extra, comment))
        if numbers.disk:
            raise self.source.multi_disk()
        start = self.base + numbers.offset
        end = start + zip_format.LOCAL_HEADER.size + name_length + numbers.compressed_size
        if end > self.start:
            raise self.source.broken(f"{shown(name)} reaches beyond the end of the entries")
        return Entry(name, numbers.size, start, end, position, next_record)

    def quick_size(self, names: Collection[bytes]) -> int | None:
        """Return the unpacked size of all entries, unless the archive needs a closer look.

        Return None if an entry is encrypted, in zip64, out of order or has a comment; if anything
        is broken; if a gap between entries has room for an orphaned one of `names`; or if one of
        `names` occurs at all. This loop repeats the checks of `entry`, because it takes a fifth of
        the time.
        """
        room = zip_format.LOCAL_HEADER.size + min(map(len, names))
        position = end = total = 0
        unpack = _RECORD.unpack_from
        records = self.records
        if self.base or any(name in records for name in names):
            return None
        try:
            for _ in range(self.declared):
                signature, flags, compressed, size, name_length, extra_length, rest, start = unpack(
                    records, position
                )
                if (
                    signature != _RECORD_SIGNATURE
                    or flags & _ENCRYPTED
                    or rest
                    or not 0 <= start - end < room
                ):
                    return None
                total += size
                end = start + 30 + name_length + compressed
                position += 46 + name_length + extra_length
        except struct.error:
            return None
        whole = position == len(records) and 0 <= self.start - end < room
        return total if whole and total < FULL_32 else None

    def data_end(self, entry: Entry) -> int:
        """Return the exact end of the data of `entry`, from its local header."""
        fixed = zip_format.LOCAL_HEADER
        header = self.source.read(entry.start, fixed.size)
        signature, *_, name_length, extra_length = fixed.unpack(header)
        if signature != zip_format.LOCAL_SIGNATURE:
            raise self.source.broken(
                f"no local header of {shown(entry.name)} at byte {entry.start}"
            )
        return int(entry.end - len(entry.name) + name_length + extra_length)

    def set_offset(self, record: int, start: int) -> None:
        """Change the record at position `record` to point to a local header at `start`."""
        _, _, compressed_size, size, name_length, extra_length, _, offset = _RECORD.unpack_from(
            self.records, record
        )
        if offset != FULL_32:
            struct.pack_into("<L", self.records, record + _OFFSET_FIELD, start)
            return
        extra = record + _RECORD.size + name_length
        field = self._zip64_field(extra, extra + extra_length)
        preceding = (size == FULL_32) + (compressed_size == FULL_32)
        struct.pack_into("<Q", self.records, field.start + 8 * preceding, start)

    def _wide(self, numbers: _Numbers, field: range) -> _Numbers:
        """Read from the zip64 field the numbers that are too large for the record."""
        content = io.BytesIO(self.records[field.start : field.stop])
        wide = []
        for number, full, width in zip(numbers, _FULL, _WIDTHS, strict=True):
            value = content.read(width) if number == full else b""
            if number == full and len(value) < width:
                raise self.source.broken("the size or offset of an entry is missing")
            wide.append(int.from_bytes(value, "little") if value else number)
        return _Numbers(*wide)

    def _zip64_field(self, extra: int, stop: int) -> range:
        while extra + zip_format.EXTRA_FIELD.size <= stop:
            kind, length = zip_format.EXTRA_FIELD.unpack_from(self.records, extra)
            extra += zip_format.EXTRA_FIELD.size
            if kind == zip_format.EXTRA_ZIP64:
                return range(extra, min(extra + length, stop))
            extra += length
        return range(stop, stop)


def read_directory(source: Source) -> Directory:
    """Read the central directory of an archive.

    Raises ArchiveError if the archive is not a zip, truncated, encrypted, one part of several or
    inconsistent. `Directory` raises the errors about single records.
    """
    end, comment = source.find_end()
    start = end.stop - end.size
    base = start - end.offset
    if start < 0 or base < 0:
        raise source.broken(
            f"its central directory should have {end.size} bytes from byte {end.offset}, but"
            f" ends at byte {end.stop}"
        )
    if end.size > MAX_SIZE:
        raise ArchiveError(
            f"{source.path} has a central directory of {end.size >> 20} MB.",
            f"Put fewer files into it: the packager reads up to {MAX_SIZE >> 20} MB.",
        )
    records = source.read(start, end.size)
    directory = Directory(source, records, start, base, end.entries, end.zip64, comment)
    if records:
        # A local header at the expected place confirms the origin of offsets.
        directory.data_end(directory.entry(0))
    return directory


def shown(name: bytes) -> str:
    """Return an entry's name for a message, whatever bytes it consists of."""
    return name[:200].decode("utf-8", "backslashreplace")
