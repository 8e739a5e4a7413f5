"""Build archives byte by byte, in the forms that other tools write, and list their entries."""

from __future__ import annotations

import struct
import subprocess
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

DESCRIPTOR = 1 << 3


@dataclass(frozen=True)
class Part:
    """An entry to write; if it is `orphaned`, the central directory has no record of it."""

    name: bytes
    data: bytes = b""
    deflated: bool = False
    descriptor: bool = False
    zip64: bool = False
    orphaned: bool = False
    flags: int = 0
    extra: bytes = b""
    local_extra: bytes = b""
    comment: bytes = b""
    mode: int = 0o100644


def craft(
    *parts: Part,
    prefix: bytes = b"",
    counted: bool = True,
    comment: bytes = b"",
    zip64: bool = False,
) -> bytes:
    """Return an archive; `counted`: its offsets include the length of the `prefix`."""
    archive = bytearray(prefix)
    base = 0 if counted else len(prefix)
    directory = bytearray()
    entries = 0
    for part in parts:
        offset = len(archive) - base
        body = _deflate(part.data) if part.deflated else part.data
        flags = part.flags | (DESCRIPTOR if part.descriptor else 0)
        method, crc = 8 if part.deflated else 0, zlib.crc32(part.data)
        known = (0, 0, 0) if part.descriptor else (crc, len(body), len(part.data))
        common = (45 if part.zip64 else 20, flags, method, 0x6B21, 0x58C5)
        lengths = len(part.name), len(part.local_extra)
        archive += struct.pack("<4s5H3L2H", b"PK\3\4", *common, *known, *lengths)
        archive += part.name + part.local_extra + body
        if part.descriptor:
            archive += struct.pack("<4s3L", b"PK\7\x08", crc, len(body), len(part.data))
        if part.orphaned:
            continue
        entries += 1
        extra, fields = part.extra, [len(body), len(part.data), offset]
        if part.zip64:
            extra += struct.pack("<2H3Q", 1, 24, len(part.data), len(body), offset)
            fields = [0xFFFFFFFF] * 3
        directory += struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\1\2", 0x0314, *common, crc, *fields[:2]),
            *(len(part.name), len(extra), len(part.comment), 0, 1, part.mode << 16, fields[2]),
        )
        directory += part.name + extra + part.comment
    end = _end_records(entries, len(directory), len(archive) - base, zip64=zip64)
    return bytes(archive + directory + end + struct.pack("<H", len(comment)) + comment)


def _end_records(entries: int, size: int, start: int, *, zip64: bool) -> bytes:
    """Return the records that end an archive, up to the length of its comment."""
    wide = b""
    count = entries & 0xFFFF
    if zip64:
        numbers = (0, 0, entries, entries, size, start)
        wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 0x032D, 45, *numbers)
        wide += struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
        count, size, start = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF
    return wide + struct.pack("<4s4H2L", b"PK\5\6", 0, 0, count, count, size, start)


def craft_empty_entries(count: int, *, zip64: bool = False) -> bytes:
    """Return an archive of empty entries, quickly, also if there are many."""
    name = b"00000"
    one = craft(Part(name))
    start = one.index(b"PK\1\2")
    header, record = one[:start].removesuffix(name), one[start : start + 42]
    names = [b"%05x" % number for number in range(count)]
    offsets = (struct.pack("<L", number * start) for number in range(count))
    local_headers = b"".join(header + each for each in names)
    directory = b"".join(record + at + each for at, each in zip(offsets, names, strict=True))
    end = _end_records(count, len(directory), len(local_headers), zip64=zip64)
    return local_headers + directory + end + bytes(2)


def _deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


class Kept(NamedTuple):
    """Everything about an entry that must not change."""

    name: str
    record: tuple[object, ...]
    local_header: bytes
    body: bytes  # as stored in the file


def contents(path: Path) -> list[Kept]:
    """Return the entries of an archive, in the order of its central directory."""
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return [_kept(info, raw) for info in archive.infolist()]


def _kept(info: zipfile.ZipInfo, raw: bytes) -> Kept:
    start = info.header_offset
    name, extra = struct.unpack_from("<2H", raw, start + 26)
    body = start + 30 + name + extra
    record = (
        *(info.create_system, info.create_version, info.extract_version, info.flag_bits),
        *(info.compress_type, info.date_time, info.CRC, info.compress_size, info.file_size),
        *(info.internal_attr, info.external_attr, info.comment, _without_zip64(info.extra)),
    )
    return Kept(info.orig_filename, record, raw[start:body], raw[body : body + info.compress_size])


def _without_zip64(extra: bytes) -> bytes:
    """Remove the zip64 extra field, which holds sizes and an offset."""
    rest = b""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        rest += b"" if kind == 1 else extra[: 4 + length]
        extra = extra[4 + length :]
    return rest + extra


def is_accepted(package: Path, like: Path | None = None) -> None:
    """Check a package with unzip, zip and jar; ignore complaints that `like` gets, too."""
    for test in (["unzip", "-tqq"], ["zip", "-Tq"], ["jar", "tf"]):
        run = subprocess.run([*test, package], capture_output=True, text=True, check=False)
        allowed = like and subprocess.run([*test, like], capture_output=True, check=False)
        status = allowed.returncode if allowed else 0
        assert run.returncode == status, (test, run.stdout[-1000:], run.stderr)
    with zipfile.ZipFile(package) as archive:
        assert archive.testzip() is None
