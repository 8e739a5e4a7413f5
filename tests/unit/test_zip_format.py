"""New entries, read by Python's zipfile, and the sizes that need zip64."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib

import deflate
import pytest

from packager.package import zip_format
from packager.package.zip_format import NewEntry


def archive_of(entry: NewEntry, body: bytes, comment: bytes = b"") -> bytes:
    """Write an archive with `entry` alone."""
    local = zip_format.local_header(entry) + body
    record = zip_format.central_record(entry, 0)
    return local + record + zip_format.end_records(1, len(record), len(local), comment)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("env.properties", stat.S_IFREG | 0o644),
        ("bin/tool", stat.S_IFREG | 0o755),
        ("übergröße.txt", stat.S_IFREG | 0o644),
        ("link", stat.S_IFLNK | 0o777),
    ],
)
def test_zipfile_reads_the_name_mode_time_and_data_of_an_entry(name: str, mode: int) -> None:
    data = b"A=1\n" * 100
    body = bytes(deflate.deflate_compress(data))
    entry = NewEntry(name, zip_format.DEFLATED, zlib.crc32(data), len(body), len(data), mode)
    with zipfile.ZipFile(io.BytesIO(archive_of(entry, body, b"a comment"))) as archive:
        (info,) = archive.infolist()
        assert archive.comment == b"a comment"
        assert archive.read(info) == data
    assert info.filename == name
    assert info.external_attr >> 16 == mode
    assert info.date_time == (1980, 1, 1, 0, 0, 0)
    assert info.create_system == 3


def test_a_stored_entry_is_read_back() -> None:
    entry = NewEntry("a", zip_format.STORED, zlib.crc32(b"x"), 1, 1)
    with zipfile.ZipFile(io.BytesIO(archive_of(entry, b"x"))) as archive:
        assert archive.read("a") == b"x"


@pytest.mark.parametrize(
    ("compressed", "size", "offset", "zip64"),
    [
        (2**32 - 2, 2**32 - 2, 2**32 - 2, False),
        (10, 2**32 - 1, 0, True),
        (2**32 + 5, 2**32 + 7, 0, True),
        (10, 20, 2**32 - 1, True),
        (2**32 + 5, 2**32 + 7, 2**33, True),
    ],
)
def test_a_number_that_fills_its_field_moves_to_the_zip64_field(
    compressed: int, size: int, offset: int, zip64: bool
) -> None:
    entry = NewEntry("big", zip_format.STORED, 1, compressed, size)
    record = zip_format.central_record(entry, offset)
    end = zip_format.end_records(1, len(record), 0)
    with zipfile.ZipFile(io.BytesIO(record + end)) as archive:
        (info,) = archive.infolist()
    assert (info.compress_size, info.file_size, info.header_offset) == (compressed, size, offset)
    assert bool(info.extra) is zip64
    assert info.extract_version == (45 if zip64 else 20)


def test_the_local_header_holds_both_large_sizes_in_its_zip64_field() -> None:
    header = zip_format.local_header(NewEntry("big", zip_format.STORED, 1, 2**32 + 5, 10))
    fields = zip_format.LOCAL_HEADER.unpack_from(header)
    assert fields[7:9] == (zip_format.FULL_32, zip_format.FULL_32)
    extra = header[zip_format.LOCAL_HEADER.size + len("big") :]
    assert extra == b"\1\0\x10\0" + (10).to_bytes(8, "little") + (2**32 + 5).to_bytes(8, "little")


@pytest.mark.parametrize(("entries", "zip64"), [(0, False), (65534, False), (65535, True)])
def test_an_end_record_without_room_for_the_count_gets_zip64_records(
    entries: int, zip64: bool
) -> None:
    end = zip_format.end_records(entries, 0, 0)
    assert (zip_format.ZIP64_LOCATOR_SIGNATURE in end) is zip64
    assert len(end) == (98 if zip64 else 22)


def test_the_locator_points_at_the_zip64_end_record() -> None:
    end = zip_format.end_records(70000, 4_000_000, 5_000_000_000)
    locator = zip_format.ZIP64_LOCATOR.unpack_from(end, zip_format.ZIP64_END_RECORD.size)
    assert locator == (b"PK\6\7", 0, 5_004_000_000, 1)
