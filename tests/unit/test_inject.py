"""Injecting a file into an archive of any shape leaves all other entries unchanged."""

from __future__ import annotations

import os
import random
import re
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from packager.errors import ArchiveError, PackagerError
from packager.package import zip_directory
from packager.package.inject import NewFile, inject, unpacked_sizes
from packager.package.zip_source import Source
from tests.archives import Part, contents, craft, craft_empty_entries

ENTRY = "env.properties"
NEW = b"NAME=value\n" * 9
# Not compressible: a deflated entry contains these bytes as well.
OLD = random.Random(1).randbytes(200)
SCRIPT = b'#!/bin/sh\nexec java -jar "$0" "$@"\n'

MANIFEST = Part(
    b"META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n", True, local_extra=b"\xfe\xca\0\0"
)
CODE = Part(b"a/A.class", b"\xca\xfe\xba\xbe" * 300, deflated=True, descriptor=True)
IMAGE = Part(
    b"a/b.png", b"not really", extra=b"\x99\x99\2\0ab", comment=b"a comment", mode=0o100755
)
PLAIN = (MANIFEST, CODE, IMAGE)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "new.jar"


def written(tmp_path: Path, archive: bytes) -> Path:
    path = tmp_path / "old.jar"
    path.write_bytes(archive)
    return path


def inject_and_check(archive: bytes, tmp_path: Path) -> Path:
    """Inject the entry; check that all others are unchanged and that no older one is left."""
    tmp_path.mkdir(exist_ok=True)
    source, new = written(tmp_path, archive), tmp_path / "new.jar"
    size, prefix_size = inject(source, new, NewFile(ENTRY, NEW))
    assert source.read_bytes() == archive
    before = [kept for kept in contents(source) if kept.name.removeprefix("./") != ENTRY]
    *after, added = contents(new)
    assert after == before
    assert added.name == ENTRY
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(new) as package:
        assert package.read(ENTRY) == NEW
        assert package.testzip() is None
        assert package.comment == old.comment
        assert size == sum(info.file_size for info in package.infolist())
        assert prefix_size == package.getinfo(ENTRY).header_offset
    assert OLD[:50] not in new.read_bytes()
    return new


def test_the_new_entry_is_readable_by_all_and_has_a_fixed_time(tmp_path: Path) -> None:
    with zipfile.ZipFile(inject_and_check(craft(*PLAIN), tmp_path)) as package:
        info = package.getinfo(ENTRY)
    assert info.external_attr >> 16 == stat.S_IFREG | 0o644
    assert info.date_time == (1980, 1, 1, 0, 0, 0)
    assert info.compress_type == zipfile.ZIP_DEFLATED


@pytest.mark.parametrize("data", [b"", b"A=1\n", os.urandom(3000)])
def test_data_that_deflate_does_not_shrink_is_stored(
    tmp_path: Path, new: Path, data: bytes
) -> None:
    inject(written(tmp_path, craft(*PLAIN)), new, NewFile(ENTRY, data))
    with zipfile.ZipFile(new) as package:
        assert package.getinfo(ENTRY).compress_type == zipfile.ZIP_STORED
        assert package.read(ENTRY) == data


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_only_the_owner_can_read_the_package(tmp_path: Path, new: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        inject(written(tmp_path, craft(*PLAIN)), new, NewFile(ENTRY, NEW))
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o600


def test_the_same_config_gives_the_same_bytes(tmp_path: Path) -> None:
    source = written(tmp_path, craft(*PLAIN))
    for name in ("one", "two"):
        inject(source, tmp_path / name, NewFile(ENTRY, NEW))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


SHAPES = {
    "empty": craft(),
    "empty-with-comment": craft(comment=b"nothing here"),
    "empty-with-prefix": craft(prefix=SCRIPT, counted=False),
    "plain": craft(*PLAIN),
    "comment": craft(*PLAIN, comment=b"made by hand"),
    "longest-comment": craft(*PLAIN, comment=b"x" * 0xFFFF),
    "prefix-counted": craft(*PLAIN, prefix=SCRIPT),
    "prefix-not-counted": craft(*PLAIN, prefix=SCRIPT, counted=False),
    "zip64": craft(*PLAIN, zip64=True),
    "zip64-prefix-not-counted": craft(*PLAIN, prefix=SCRIPT, counted=False, zip64=True),
    "zip64-records": craft(*PLAIN, Part(b"wide", b"x" * 9, zip64=True), zip64=True),
    "folders": craft(Part(b"a/", mode=0o040755), Part(b"a/b/", mode=0o040755)),
    "link": craft(Part(b"link", b"target", mode=0o120777)),
    "duplicates": craft(Part(b"twice", b"1"), Part(b"twice", b"2")),
    "odd-names": craft(
        *(
            Part(name)
            for name in (b"../up", b"/root", b"C:\\dos", b"", b"\xff\xfe", b"a\nb", b"nul\0")
        ),
        Part("größe".encode(), flags=1 << 11),
    ),
    "similar-names": craft(
        Part(b"conf/env.properties"), Part(b"env.properties.bak"), Part(b"my-env.properties")
    ),
    "aligned": craft(
        Part(b"a", b"1", local_extra=b"\x35\xd9" + struct.pack("<H", 4000) + bytes(4000))
    ),
    "gap": craft(Part(b"a", b"1"), Part(b"gone", b"2" * 500, orphaned=True), Part(b"b", b"3")),
    "out-of-order": b"",
}


def out_of_order() -> bytes:
    """Make an archive whose directory lists its second entry first."""
    whole = craft(Part(b"a", b"1"), Part(b"b", b"2"))
    start, stop = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    middle = (start + stop) // 2
    return whole[:start] + whole[middle:stop] + whole[start:middle] + whole[stop:]


SHAPES["out-of-order"] = out_of_order()


@pytest.mark.parametrize("archive", SHAPES.values(), ids=SHAPES)
def test_the_other_entries_of_an_archive_are_unchanged(archive: bytes, tmp_path: Path) -> None:
    inject_and_check(archive, tmp_path)


def test_a_comment_that_looks_like_an_end_record_stays_a_comment(tmp_path: Path, new: Path) -> None:
    lookalike, neutral = b"PK\5\6" + bytes(18) + b"more", b"x" * 26
    inject(written(tmp_path, craft(*PLAIN, comment=lookalike)), new, NewFile(ENTRY, NEW))
    expected = inject_and_check(craft(*PLAIN, comment=neutral), tmp_path / "neutral").read_bytes()
    assert new.read_bytes() == expected.removesuffix(neutral) + lookalike


def test_bytes_that_look_like_a_zip64_locator_are_ignored(tmp_path: Path) -> None:
    lookalike = b"PK\6\7" + bytes(16)
    comment = Part(b"a", comment=bytes(60) + lookalike)
    # Its data is right before the end record, because the directory is empty.
    orphaned = Part(b"a", bytes(60) + lookalike, orphaned=True)
    short = Part(b"a", lookalike, orphaned=True)
    for number, part in enumerate((comment, orphaned, short)):
        new = tmp_path / f"{number}.jar"
        inject(written(tmp_path, craft(part)), new, NewFile(ENTRY, NEW))
        with zipfile.ZipFile(new) as package:
            assert package.namelist() == ([] if part.orphaned else ["a"]) + [ENTRY]


def test_without_fast_copying_the_package_is_the_same(
    tmp_path: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = Part(b"large", random.Random(2).randbytes(3_000_000))
    source = written(tmp_path, craft(*PLAIN, large))
    inject(source, new, NewFile(ENTRY, NEW))
    for name in ("copy_file_range", "sendfile"):
        monkeypatch.delattr(os, name, raising=False)
        inject(source, tmp_path / name, NewFile(ENTRY, NEW))
        assert (tmp_path / name).read_bytes() == new.read_bytes()


OUTDATED = Part(ENTRY.encode(), OLD)
OUTDATED_KINDS = {
    "stored": OUTDATED,
    "deflated": replace(OUTDATED, deflated=True),
    "data-descriptor": replace(OUTDATED, deflated=True, descriptor=True),
    "zip64": replace(OUTDATED, zip64=True),
    "extra-fields": replace(OUTDATED, local_extra=b"\x99\x99\x40\0" + bytes(64)),
    "left-by-tar": replace(OUTDATED, name=b"./env.properties"),
}
PLACES: dict[str, Callable[[Part], list[Part]]] = {
    "only": lambda old: [old],
    "first": lambda old: [old, *PLAIN],
    "middle": lambda old: [MANIFEST, old, CODE, replace(IMAGE, zip64=True)],
    "last": lambda old: [*PLAIN, old],
    "twice": lambda old: [old, *PLAIN, replace(old, data=OLD + OLD)],
    "twice-in-a-row": lambda old: [MANIFEST, old, old, CODE],
    "orphaned-first": lambda old: [replace(old, orphaned=True), *PLAIN],
    "orphaned-between": lambda old: [MANIFEST, replace(old, orphaned=True), CODE],
    "orphaned-after-extras": lambda old: [IMAGE, replace(old, orphaned=True), CODE],
    "orphaned-last": lambda old: [*PLAIN, replace(old, orphaned=True)],
    "orphaned-alone": lambda old: [replace(old, orphaned=True)],
    "orphaned-and-listed": lambda old: [replace(old, orphaned=True), *PLAIN, old],
}
PREFIXES = {
    "no-prefix": {},
    "counted": {"prefix": SCRIPT},
    "not-counted": {"prefix": SCRIPT, "counted": False},
}


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("old", OUTDATED_KINDS.values(), ids=OUTDATED_KINDS)
def test_nothing_is_left_of_an_older_entry(
    old: Part, place: Callable[[Part], list[Part]], prefix: dict[str, Any], tmp_path: Path
) -> None:
    archive = craft(*place(old), comment=b"a comment", **prefix)
    new = inject_and_check(archive, tmp_path)
    assert new.read_bytes().startswith(prefix.get("prefix", b""))
    with zipfile.ZipFile(new) as package:
        assert sum(name.endswith(ENTRY) for name in package.namelist()) == 1


def test_an_orphaned_archive_before_the_real_one_loses_its_config(tmp_path: Path) -> None:
    orphaned = craft(Part(b"kept.txt", b"1"), OUTDATED, Part(b"later.txt"))
    new = inject_and_check(craft(*PLAIN, prefix=SCRIPT + orphaned, counted=False), tmp_path)
    assert new.read_bytes().startswith(SCRIPT + orphaned[: orphaned.index(b"PK\3\4", 10)])


def test_an_orphaned_entry_is_found_across_the_blocks_that_are_read(tmp_path: Path) -> None:
    for padding in range((1 << 20) - 60, (1 << 20) + 10, 7):
        inject_and_check(craft(replace(OUTDATED, orphaned=True), prefix=bytes(padding)), tmp_path)
        (tmp_path / "new.jar").unlink()


@pytest.mark.parametrize(
    "name",
    [b"./env.properties", b"/env.properties", b"\\env.properties", b"a/../env.properties",
     b"env.properties\0.txt", b".//./env.properties", b"../env.properties"],
)  # fmt: skip
def test_an_entry_that_would_be_unpacked_to_the_same_file_is_an_older_one(
    name: bytes, tmp_path: Path, new: Path
) -> None:
    inject(written(tmp_path, craft(Part(name, OLD), *PLAIN)), new, NewFile(ENTRY, NEW))
    assert OLD not in new.read_bytes()
    assert [kept.name for kept in contents(new)][-1:] == [ENTRY]
    assert len(contents(new)) == 4


def test_injecting_twice_gives_the_same_package_as_injecting_only_the_second_time(
    tmp_path: Path, new: Path
) -> None:
    for archive in SHAPES.values():
        source = written(tmp_path, archive)
        inject(source, tmp_path / "once", NewFile(ENTRY, OLD))
        inject(tmp_path / "once", tmp_path / "twice", NewFile(ENTRY, NEW))
        inject(source, new, NewFile(ENTRY, NEW))
        assert (tmp_path / "twice").read_bytes() == new.read_bytes()
        for name in ("once", "twice", "new.jar"):
            (tmp_path / name).unlink()


@pytest.mark.parametrize("name", [b"env.properties/", b"env.properties/a", b"./env.properties/a/b"])
def test_a_folder_with_the_entrys_name_is_an_error(name: bytes, tmp_path: Path, new: Path) -> None:
    refused(
        written(tmp_path, craft(*PLAIN, Part(name))), new, "has a folder in place of env.properties"
    )


def refused(source: Path, new: Path, reason: str) -> None:
    """Check that injecting raises an error with the file and the reason, and writes nothing."""
    before = source.read_bytes()
    with pytest.raises(ArchiveError) as error:
        inject(source, new, NewFile(ENTRY, NEW))
    assert str(source) in error.value.message
    assert reason in error.value.message
    assert error.value.hint
    assert not new.exists()
    assert source.read_bytes() == before


def patched(archive: bytes, *patches: tuple[bytes, int, str, int]) -> bytes:
    """Write numbers at offsets of the last structure that begins with a signature."""
    changed = bytearray(archive)
    for signature, offset, number, value in patches:
        struct.pack_into(f"<{number}", changed, archive.rindex(signature) + offset, value)
    return bytes(changed)


LOCAL, RECORD, END, WIDE_END, LOCATOR = b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7"
NARROW = craft(*PLAIN)
WIDE = craft(*PLAIN, Part(b"wide", b"x" * 9, zip64=True), zip64=True)
WHOLE_ZIP64_FIELD, SHORT_ZIP64_FIELD = b"\1\0\x18\0", b"\1\0\x14\0"

BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is not a jar or zip"),
    "one-byte": (b"P", "is not a jar or zip"),
    "text": (b"hello" * 1000, "is not a jar or zip"),
    "gzip": (b"\x1f\x8b" + bytes(500), "is not a jar or zip"),
    "cut-in-the-end": (NARROW[:-1], "truncated"),
    "cut-in-the-comment": (craft(*PLAIN, comment=b"comment")[:-1], "truncated"),
    "cut-in-the-directory": (NARROW[: NARROW.rindex(RECORD) + 5], "truncated"),
    "cut-in-the-data": (NARROW[:60], "truncated"),
    "longer": (NARROW + b"\n", "something was appended to it"),
    "front-lost": (NARROW[10:], "its central directory should have"),
    "front-lost-64": (WIDE[10:], "its central directory should have"),
    "middle-lost": (NARROW[:60] + NARROW[70:], "its central directory should have"),
    "bytes-put-in": (NARROW[:60] + bytes(9) + NARROW[60:], "no local header of META-INF/MANIFEST"),
    "no-first-header": (NARROW[:3] + b"?" + NARROW[4:], "no local header of META-INF/MANIFEST"),
    "no-header-of-old-entry": (
        patched(craft(MANIFEST, OUTDATED), (LOCAL, 0, "L", 7)),
        "no local header of env.properties at byte",
    ),
    "short-zip64-field": (
        WIDE.replace(WHOLE_ZIP64_FIELD, SHORT_ZIP64_FIELD),
        "the size or offset of an entry is missing",
    ),
}

# Wrong numbers: what the error says, and the patches that write them.
Patch = tuple[bytes, int, str, int]
WRONG_NUMBERS: dict[str, tuple[str, list[Patch]]] = {
    "entries": ("one part of a split archive", [(END, 10, "H", 4)]),
    "entries-more": ("3 entries but declares 4", [(END, 8, "H", 4), (END, 10, "H", 4)]),
    "entries-none": ("3 entries but declares 0", [(END, 8, "H", 0), (END, 10, "H", 0)]),
    "disk": ("one part of a split archive", [(END, 4, "H", 1)]),
    "directory-disk": ("one part of a split archive", [(END, 6, "H", 1)]),
    "size": ("no record at byte 0", [(END, 12, "L", 5)]),
    "size-none": ("declares 3", [(END, 12, "L", 0)]),
    "size-huge": ("should have 4294967280 bytes", [(END, 12, "L", 0xFFFFFFF0)]),
    "offset-huge": ("from byte 4294967280", [(END, 16, "L", 0xFFFFFFF0)]),
    "offset-small": ("no local header", [(END, 16, "L", 100)]),
    "record-gone": ("no record at byte", [(RECORD, 0, "L", 7)]),
    "password": ("is encrypted: a/b.png", [(RECORD, 8, "H", 1)]),
    "hidden-headers": ("is encrypted: its central directory", [(RECORD, 8, "H", 1 << 13)]),
    "entry-too-long": ("a/b.png reaches beyond", [(RECORD, 20, "L", 5000)]),
    "no-zip64-size": ("the size or offset of an entry is missing", [(RECORD, 24, "L", 0xFFFFFFFF)]),
    "name-too-long": ("ends within a record", [(RECORD, 28, "H", 0xFFFF)]),
    "comment-too-long": ("ends within a record", [(RECORD, 32, "H", 0xFFFF)]),
    "disk-of-entry": ("one part of a split archive", [(RECORD, 34, "H", 1)]),
    "no-zip64-disk": ("the size or offset of an entry is missing", [(RECORD, 34, "H", 0xFFFF)]),
    "entry-beyond": ("a/b.png reaches beyond", [(RECORD, 42, "L", 5000)]),
    "entry-overlaps": ("overlaps", [(RECORD, 42, "L", 20)]),
}
WRONG_ZIP64_NUMBERS: dict[str, tuple[str, list[Patch]]] = {
    "entries-64": (f"{2**63}", [(WIDE_END, 24, "Q", 2**63), (WIDE_END, 32, "Q", 2**63)]),
    "disk-64": ("two end records disagree", [(WIDE_END, 16, "L", 1)]),
    "disks-64": ("one part of a split archive", [(LOCATOR, 16, "L", 2)]),
    "locator-astray": ("two end records disagree", [(LOCATOR, 8, "Q", 7)]),
    "ends-disagree": ("two end records disagree", [(END, 16, "L", 7)]),
    "no-zip64-end": ("zip64 end record is missing", [(WIDE_END, 0, "L", 7)]),
    "size-64": ("two end records disagree", [(WIDE_END, 40, "Q", 2**64 - 1)]),
}
for whole, wrong in ((NARROW, WRONG_NUMBERS), (WIDE, WRONG_ZIP64_NUMBERS)):
    BROKEN |= {
        name: (patched(whole, *patches), reason) for name, (reason, patches) in wrong.items()
    }


@pytest.mark.parametrize(("archive", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_archive_is_an_error_that_names_the_file_and_the_problem(
    archive: bytes, reason: str, tmp_path: Path, new: Path
) -> None:
    refused(written(tmp_path, archive), new, reason)


def test_an_error_shows_the_name_of_an_entry_unchanged(tmp_path: Path, new: Path) -> None:
    hostile = patched(craft(Part(b"\x1b[2J\n\xff")), (RECORD, 8, "H", 1))
    refused(written(tmp_path, hostile), new, "is encrypted: \x1b[2J\n\\xff.")


def test_a_split_archive_with_a_zip64_end_record_is_refused(tmp_path: Path, new: Path) -> None:
    split = patched(WIDE, (WIDE_END, 16, "L", 1), (END, 4, "H", 0xFFFF))
    refused(written(tmp_path, split), new, "one part of a split archive")


def test_an_encrypted_directory_is_refused(tmp_path: Path, new: Path) -> None:
    """Strong encryption of the directory comes with a longer zip64 end record (APPNOTE 7.3.4)."""
    end, locator = WIDE.rindex(WIDE_END), WIDE.rindex(LOCATOR)
    longer = WIDE[:locator] + bytes(28) + WIDE[locator:]
    longer = longer[: end + 4] + struct.pack("<Q", 44 + 28) + longer[end + 12 :]
    refused(written(tmp_path, longer), new, "its directory is encrypted")


def test_a_directory_over_the_size_limit_is_refused(tmp_path: Path, new: Path) -> None:
    """The declared size is checked before anything is read, so memory stays bounded."""
    source = written(tmp_path, b"")
    size = zip_directory.MAX_SIZE + 1
    with source.open("wb") as file:
        file.truncate(size)  # a sparse file: nothing is written for it
        file.seek(size)
        file.write(struct.pack("<4s4H2LH", END, 0, 0, 1, 1, size, 0, 0))
    with pytest.raises(ArchiveError, match=r"has a central directory of 64 MB\."):
        inject(source, new, NewFile(ENTRY, NEW))
    assert not new.exists()


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "loop"])
def test_an_archive_that_is_not_a_regular_file_is_an_error(
    kind: str, tmp_path: Path, new: Path
) -> None:
    source = tmp_path / "source.jar"
    make: dict[str, Callable[[], None]] = {
        "missing": lambda: None,
        "folder": source.mkdir,
        "pipe": lambda: os.mkfifo(source),
        "loop": lambda: source.symlink_to(source),
    }
    make[kind]()
    with pytest.raises(ArchiveError, match=re.escape(str(source))):
        inject(source, new, NewFile(ENTRY, NEW))
    assert not new.exists()


def test_an_unreadable_archive_is_an_error(tmp_path: Path, new: Path) -> None:
    source = written(tmp_path, NARROW)
    source.chmod(0)
    user = os.geteuid()
    if user == 0:  # may read everything
        os.seteuid(65534)
    try:
        with pytest.raises(ArchiveError, match="cannot be read: Permission denied"):
            inject(source, new, NewFile(ENTRY, NEW))
    finally:
        os.seteuid(user)


def test_an_existing_file_is_not_overwritten(tmp_path: Path, new: Path) -> None:
    new.write_bytes(b"somebody else's")
    with pytest.raises(PackagerError, match="cannot be written: File exists"):
        inject(written(tmp_path, NARROW), new, NewFile(ENTRY, NEW))
    assert new.read_bytes() == b"somebody else's"


def test_a_link_at_the_destination_is_not_followed(tmp_path: Path, new: Path) -> None:
    new.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PackagerError, match="cannot be written: File exists"):
        inject(written(tmp_path, NARROW), new, NewFile(ENTRY, NEW))
    assert not (tmp_path / "elsewhere").exists()


def test_a_destination_in_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PackagerError, match="cannot be written: No such file"):
        inject(written(tmp_path, NARROW), tmp_path / "no" / "new.jar", NewFile(ENTRY, NEW))


def test_an_interrupted_copy_leaves_nothing(
    tmp_path: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> int:
        assert new.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "copy_file_range", interrupted, raising=False)
    with pytest.raises(KeyboardInterrupt):
        inject(written(tmp_path, NARROW), new, NewFile(ENTRY, NEW))
    assert not new.exists()


@pytest.mark.parametrize("change", [lambda file: file.write(b"x"), lambda file: file.truncate(9)])
def test_an_archive_that_changes_while_it_is_read_is_an_error(
    change: Callable[[BinaryIO], int], tmp_path: Path
) -> None:
    path = written(tmp_path, NARROW)
    os.utime(path, (0, 0))
    with Source.opened(path) as source:
        source.check_unchanged()
        with path.open("r+b") as file:
            change(file)
        with pytest.raises(ArchiveError, match="changed while it was read"):
            source.check_unchanged()
        with pytest.raises(ArchiveError, match="changed while it was read"):
            source.read(len(NARROW) - 1, 2)


def test_unpacked_sizes_are_summed_by_top_level_folder(tmp_path: Path) -> None:
    parts = [
        *(Part(b"com/a/A.class", b"12345"), Part(b"com/b/B.class", b"123", deflated=True)),
        *(Part(b"org/"), Part(b"org/C.class", b"1"), Part(b"top.txt", b"12", zip64=True)),
        *(Part(b"odd\n\xff/x", b"1234"), Part(b"/etc/x", b"1")),
    ]
    sizes = {"com/": 8, "org/": 1, "top.txt": 2, "odd\n\\xff/": 4, "/": 1}
    assert unpacked_sizes(written(tmp_path, craft(*parts))) == sizes


def test_more_entries_than_the_archive_declares_are_kept_if_16_bits_agree(
    tmp_path: Path, new: Path
) -> None:
    """Ant and `jar` once wrote the lower 16 bits of the number, and no zip64 records."""
    inject(written(tmp_path, craft_empty_entries(0x10003)), new, NewFile(ENTRY, NEW))
    with zipfile.ZipFile(new) as package:
        assert len(package.namelist()) == 0x10003 + 1


@pytest.mark.parametrize("before", [0xFFFD, 0xFFFE, 0xFFFF, 0x10000])
def test_zip64_records_are_made_when_the_number_of_entries_needs_them(
    before: int, tmp_path: Path, new: Path
) -> None:
    archive = craft_empty_entries(before, zip64=before >= 0xFFFF)
    inject(written(tmp_path, archive), new, NewFile(ENTRY, NEW))
    with zipfile.ZipFile(new) as package:
        assert len(package.namelist()) == before + 1
        assert package.read(ENTRY) == NEW
    assert (new.read_bytes()[-42:-38] == LOCATOR) == (before + 1 >= 0xFFFF)


def test_several_files_are_added_with_their_modes_and_replace_older_ones(tmp_path: Path) -> None:
    source, new = tmp_path / "source.zip", tmp_path / "new.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("env-exec", "an old script with old config")
        archive.writestr("index.js", "code")
        archive.writestr(ENTRY, "OLD=config")
    inject(source, new, NewFile("env-exec", b"#!/bin/sh\n", 0o100755), NewFile(ENTRY, b"A=1\n"))
    with zipfile.ZipFile(new) as archive:
        assert archive.namelist() == ["index.js", "env-exec", ENTRY]
        assert archive.read("env-exec") == b"#!/bin/sh\n"
        assert archive.getinfo("env-exec").external_attr >> 16 == 0o100755
    assert b"old config" not in new.read_bytes()
    assert b"OLD=config" not in new.read_bytes()
