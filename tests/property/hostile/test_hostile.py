"""A hostile archive causes an ArchiveError or a correct package, in limited memory.

FUZZ_INPUTS is the number of mutations (20,000 with FAULTS=all); FUZZ_SEED selects them.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import pytest

from packager.errors import ArchiveError
from packager.package.inject import NewFile, inject
from tests.archives import Part, contents, craft
from tests.commands import packager
from tests.property.hostile.fuzz import ENTRY, HERE, MEMORY, fuzz, judge, memory_below

pytestmark = pytest.mark.faults

INPUTS = 20_000 if os.environ.get("FAULTS") == "all" else 1_000

UTF8 = 1 << 11  # the flag of a name in UTF-8


def test_a_mutated_archive_is_an_error_or_a_correct_package(tmp_path: Path) -> None:
    inputs, seed = (
        int(os.environ.get(name, default))
        for name, default in (("FUZZ_INPUTS", INPUTS), ("FUZZ_SEED", 1))
    )
    accepted, ways = fuzz(inputs, seed, tmp_path)
    # Some inputs must be rejected and some accepted, or the test would prove little.
    assert 0 < accepted < inputs
    assert ways > 20


@pytest.mark.parametrize("path", sorted((HERE / "seeds").iterdir()), ids=lambda path: path.name)
def test_a_real_archive_is_accepted(path: Path, tmp_path: Path) -> None:
    assert judge(path.read_bytes(), tmp_path)


@pytest.mark.parametrize("path", sorted((HERE / "seeds").iterdir()), ids=lambda path: path.name)
def test_a_real_archive_truncated_anywhere_is_refused(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    for length in range(len(whole)):
        assert not judge(whole[:length], tmp_path), length


def inputs_that_found_defects() -> list[Path]:
    """Return archives that once caused another error than an ArchiveError, or a wrong package."""
    return sorted((HERE / "corpus").iterdir())


@pytest.mark.parametrize("path", inputs_that_found_defects(), ids=lambda path: path.name)
def test_an_archive_that_once_failed_is_refused_or_packaged_correctly(
    path: Path, tmp_path: Path
) -> None:
    judge(path.read_bytes(), tmp_path)


@pytest.mark.parametrize("value", [0, 0xFF])
@pytest.mark.parametrize("name", ["jar.jar", "zip-zip64.zip"])
def test_a_wrong_byte_anywhere_in_a_directory_is_an_error_or_harmless(
    name: str, value: int, tmp_path: Path
) -> None:
    """Every byte after the entries changes: sizes, offsets, counts, flags, lengths of names."""
    archive = (HERE / "seeds" / name).read_bytes()
    verdicts = []
    for place in range(archive.index(b"PK\1\2"), len(archive)):
        changed = bytearray(archive)
        changed[place] = value
        verdicts.append(judge(bytes(changed), tmp_path))
    assert {*verdicts} == {True, False}


HOSTILE_NAMES = {
    "up": b"../../x",
    "up-within": b"a/../../x",
    "absolute": b"/x",
    "drive": b"C:\\x",
    "backslashes": b"..\\..\\x",
    "nul": b"a\0b",
    "invalid-utf8": b"\xff\xfe",
    "empty": b"",
    "itself": b"./.",
    "long": b"x" * 65535,
    "deep": b"x/" * 32767,
    "escapes": b"\x1b[2J\r\n",
}


@pytest.mark.parametrize("flags", [0, UTF8], ids=["any-code-page", "marked-as-utf8"])
@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_a_hostile_name_is_copied_unchanged(name: bytes, flags: int, tmp_path: Path) -> None:
    """It may occur once or twice; unpacking creates no file outside the folder."""
    hostile = Part(name, b"1", flags=flags)
    plain = Part(b"plain", b"2")
    for parts in ([hostile], [plain, hostile], [hostile, hostile, plain]):
        assert judge(craft(*parts), tmp_path)


@pytest.mark.parametrize("mode", [0o120777, 0o100644], ids=["link", "file"])
def test_duplicate_entries_are_kept_except_old_config(mode: int, tmp_path: Path) -> None:
    twice = [Part(b"twice", b"1", mode=mode), Part(b"twice", b"2", mode=mode)]
    old = Part(ENTRY.encode(), b"OLD=secret", mode=mode)
    archive = tmp_path / "archive.zip"
    archive.write_bytes(craft(old, *twice, old))
    package = tmp_path / "package.zip"
    inject(archive, package, NewFile(ENTRY, b"NEW=config"))
    assert [kept.body for kept in contents(package)[:-1]] == [b"1", b"2"]
    assert b"secret" not in package.read_bytes()
    assert judge(archive.read_bytes(), tmp_path)


def test_a_zip_bomb_is_copied_and_never_unpacked(tmp_path: Path) -> None:
    """The unpacked size of 300 MB is known without unpacking, and exceeds the limit of 250 MB."""
    compressor = zlib.compressobj(wbits=-15)
    # After a full flush, the compressed bytes depend on nothing before them: they can be repeated.
    megabyte = compressor.compress(bytes(1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    body = megabyte * 300 + compressor.flush()
    bomb = bytearray(craft(Part(b"bomb", body)))
    record = bomb.index(b"PK\1\2")
    for header, method in ((0, 8), (record, 10)):
        struct.pack_into("<H", bomb, header + method, 8)
        struct.pack_into("<L", bomb, header + method + 14, 300 << 20)
    (tmp_path / "bomb.zip").write_bytes(bomb)
    with memory_below(MEMORY):
        unpacked, _ = inject(tmp_path / "bomb.zip", tmp_path / "new", NewFile(ENTRY, b"A=1"))
    assert unpacked == (300 << 20) + 3
    assert (tmp_path / "new").read_bytes().startswith(bomb[:record])
    run = packager("build", tmp_path, "--zip", "bomb.zip", "-o", tmp_path / "package.zip")
    assert run.returncode == 2
    assert "unpacked package has 300 MB" in run.stderr
    assert not (tmp_path / "package.zip").exists()


def test_a_bomb_of_entries_that_share_their_data_is_refused(tmp_path: Path) -> None:
    """A thousand records refer to one local header (Fifield, "A better zip bomb")."""
    one = craft(Part(b"shared", bytes(1000), deflated=True))
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    directory = one[start:end] * 1000
    bomb = (
        one[:start]
        + directory
        + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1000, 1000, len(directory), start, 0)
    )
    assert_overlaps(bomb, "shared", tmp_path)


def test_a_bomb_of_entries_inside_each_other_is_refused(tmp_path: Path) -> None:
    """The data of an entry contains the next entry (Fifield, "quoting local headers")."""
    inner = Part(b"inner", bytes(1000), deflated=True)
    quoted = craft(inner)
    quoted = quoted[: quoted.index(b"PK\1\2")]
    bomb = bytearray(craft(Part(b"outer", quoted), inner))
    struct.pack_into("<L", bomb, bomb.rindex(b"PK\1\2") + 42, 30 + len(b"outer"))
    assert_overlaps(bytes(bomb), "outer", tmp_path)


@pytest.mark.parametrize("bytes_shared", [1, 30, 36])
def test_entries_that_overlap_by_some_bytes_are_refused(bytes_shared: int, tmp_path: Path) -> None:
    """The first entry declares more data than it has, up to a part of the second."""
    archive = bytearray(craft(Part(b"first", bytes(100)), Part(b"second", bytes(100))))
    place = archive.index(b"PK\1\2") + 20
    struct.pack_into("<L", archive, place, 100 + bytes_shared)
    assert_overlaps(bytes(archive), "first", tmp_path)


def assert_overlaps(archive: bytes, entry: str, folder: Path) -> None:
    """Check that an archive is rejected because `entry` overlaps the next one."""
    assert not judge(archive, folder)
    with pytest.raises(ArchiveError, match=f"{entry} overlaps the data after it"):
        inject(folder / "source", folder / "new", NewFile(ENTRY, b"A=1"))
