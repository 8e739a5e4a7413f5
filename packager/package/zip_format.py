"""The structures of a zip file, named as in PKWARE's APPNOTE 6.3.10.

This module defines the format of a new entry in every package: a fixed time, no owner, a Unix mode,
and zip64 only if a number does not fit its field. The same contents always give the same bytes.
"""

from __future__ import annotations

import stat
import struct
from typing import NamedTuple

# Section 4.3: a signature, then fields in little-endian order.
LOCAL_HEADER = struct.Struct("<4s5H3L2H")
LOCAL_SIGNATURE = b"PK\3\4"
CENTRAL_RECORD = struct.Struct("<4s6H3L5H2L")
CENTRAL_SIGNATURE = b"PK\1\2"
END_RECORD = struct.Struct("<4s4H2LH")
END_SIGNATURE = b"PK\5\6"
ZIP64_END_RECORD = struct.Struct("<4sQ2H2L4Q")
ZIP64_END_SIGNATURE = b"PK\6\6"
ZIP64_LOCATOR = struct.Struct("<4sLQL")
ZIP64_LOCATOR_SIGNATURE = b"PK\6\7"
EXTRA_FIELD = struct.Struct("<2H")

# Section 4.4.1.4: a field with this value means that the number is in a zip64 structure.
FULL_16 = 0xFFFF
FULL_32 = 0xFFFFFFFF

# Section 4.4.4, general purpose bit flags.
FLAG_ENCRYPTED = 1 << 0
FLAG_DATA_DESCRIPTOR = 1 << 3
FLAG_UTF8 = 1 << 11
FLAG_ENCRYPTED_DIRECTORY = 1 << 13

# Section 4.4.5, compression methods.
STORED = 0
DEFLATED = 8

# Section 4.5, extra fields.
EXTRA_ZIP64 = 0x0001

# Section 4.4.3, in tenths: 2.0 for deflate, 4.5 for zip64. Section 4.4.2: made on Unix, so that the
# upper half of the external attributes is the mode.
VERSION_DEFLATE = 20
VERSION_ZIP64 = 45
MADE_ON_UNIX = 3 << 8

# 1980-01-01 00:00, the earliest time in MS-DOS format.
FIXED_TIME = 0
FIXED_DATE = 1 << 5 | 1

REGULAR_FILE = stat.S_IFREG | 0o644


class NewEntry(NamedTuple):
    """An entry whose data is compressed; `mode` includes the file type."""

    name: str
    method: int
    crc: int
    compressed_size: int
    size: int
    mode: int = REGULAR_FILE


def local_header(entry: NewEntry) -> bytes:
    """Return the local header, which precedes the entry's data."""
    name, flags = _encode(entry.name)
    sizes = (entry.compressed_size, entry.size)
    zip64 = max(sizes) >= FULL_32
    # In a local header, either both sizes are in the zip64 field or neither is (section 4.5.3).
    extra = _zip64_field(entry.size, entry.compressed_size) if zip64 else b""
    fixed = LOCAL_HEADER.pack(
        LOCAL_SIGNATURE,
        VERSION_ZIP64 if zip64 else VERSION_DEFLATE,
        flags,
        entry.method,
        FIXED_TIME,
        FIXED_DATE,
        entry.crc,
        *((FULL_32, FULL_32) if zip64 else sizes),
        len(name),
        len(extra),
    )
    return fixed + name + extra


def central_record(entry: NewEntry, offset: int) -> bytes:
    """Return the entry's record in the central directory; `offset` is that of its local header."""
    name, flags = _encode(entry.name)
    numbers = (entry.size, entry.compressed_size, offset)
    extra = _zip64_field(*(number for number in numbers if number >= FULL_32))
    version = VERSION_ZIP64 if extra else VERSION_DEFLATE
    fixed = CENTRAL_RECORD.pack(
        CENTRAL_SIGNATURE,
        MADE_ON_UNIX | version,
        version,
        flags,
        entry.method,
        FIXED_TIME,
        FIXED_DATE,
        entry.crc,
        min(entry.compressed_size, FULL_32),
        min(entry.size, FULL_32),
        len(name),
        len(extra),
        0,  # length of the entry's comment
        0,  # disk
        0,  # internal attributes
        entry.mode << 16,
        min(offset, FULL_32),
    )
    return fixed + name + extra


def end_records(entries: int, size: int, offset: int, comment: bytes = b"") -> bytes:
    """Return the records after a central directory of `size` bytes that begins at `offset`."""
    end = END_RECORD.pack(
        END_SIGNATURE,
        0,  # this disk
        0,  # the directory's disk
        min(entries, FULL_16),
        min(entries, FULL_16),
        min(size, FULL_32),
        min(offset, FULL_32),
        len(comment),
    )
    if entries < FULL_16 and size < FULL_32 and offset < FULL_32:
        return end + comment
    zip64_end = ZIP64_END_RECORD.pack(
        ZIP64_END_SIGNATURE,
        ZIP64_END_RECORD.size - 12,  # without the signature and this field itself
        MADE_ON_UNIX | VERSION_ZIP64,
        VERSION_ZIP64,
        0,  # this disk
        0,  # the directory's disk
        entries,
        entries,
        size,
        offset,
    )
    locator = ZIP64_LOCATOR.pack(ZIP64_LOCATOR_SIGNATURE, 0, offset + size, 1)
    return zip64_end + locator + end + comment


def _encode(name: str) -> tuple[bytes, int]:
    return name.encode(), 0 if name.isascii() else FLAG_UTF8


def _zip64_field(*numbers: int) -> bytes:
    if not numbers:
        return b""
    return EXTRA_FIELD.pack(EXTRA_ZIP64, 8 * len(numbers)) + struct.pack(
        f"<{len(numbers)}Q", *numbers
    )
