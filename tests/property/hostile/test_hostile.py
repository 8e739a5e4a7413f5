"""A hostile archive is an ArchiveError or a correct package, in memory that is bounded.

FUZZ_INPUTS says how many mutations are tried, FUZZ_SEED which.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.archive import inject
from packager.errors import ArchiveError
from tests.archives import Part, craft
from tests.property.hostile.fuzz import HERE, fuzz, judge


@pytest.fixture(autouse=True)
def traced_memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_mutations_of_real_archives(tmp_path: Path) -> None:
    inputs, seed = (
        int(os.environ.get(name, default))
        for name, default in (("FUZZ_INPUTS", 2000), ("FUZZ_SEED", 1))
    )
    taken, ways = fuzz(inputs, seed, tmp_path)
    # Not all may fail at the first look, or all be taken.
    assert 0 < taken < inputs
    assert ways > 20


@pytest.mark.parametrize("path", sorted((HERE / "seeds").iterdir()), ids=lambda path: path.name)
def test_a_real_archive_is_taken(path: Path, tmp_path: Path) -> None:
    assert judge(path.read_bytes(), tmp_path)


@pytest.mark.parametrize("path", sorted((HERE / "seeds").iterdir()), ids=lambda path: path.name)
def test_a_real_archive_cut_short_anywhere_is_refused(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    for length in range(len(whole)):
        assert not judge(whole[:length], tmp_path), length


def test_a_zip_bomb_is_copied_and_never_unpacked(tmp_path: Path) -> None:
    """The 300 MB that it would take are told, and refused by the limit of 250 MB."""
    compressor = zlib.compressobj(wbits=-15)
    nothing = bytes(1 << 20)
    body = b"".join(compressor.compress(nothing) for _ in range(300)) + compressor.flush()
    archive = bytearray(craft(Part(b"bomb", body)))
    record = archive.index(b"PK\1\2")
    for header, method in ((0, 8), (record, 10)):
        struct.pack_into("<H", archive, header + method, 8)
        struct.pack_into("<L", archive, header + method + 14, 300 << 20)
    assert judge(bytes(archive), tmp_path)
    assert (
        inject(tmp_path / "source", tmp_path / "new", "env.properties", b"A=1") == (300 << 20) + 3
    )


def test_a_bomb_of_entries_that_share_their_data_is_refused(tmp_path: Path) -> None:
    """A thousand records of one local header (Fifield, A better zip bomb)."""
    one = craft(Part(b"shared", bytes(1000), deflated=True))
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    directory = one[start:end] * 1000
    bomb = (
        one[:start]
        + directory
        + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1000, 1000, len(directory), start, 0)
    )
    (tmp_path / "bomb.zip").write_bytes(bomb)
    with pytest.raises(ArchiveError, match="shared overlaps what is behind it"):
        inject(tmp_path / "bomb.zip", tmp_path / "new", "env.properties", b"A=1")


INJECT = """
import sys
from pathlib import Path
from packager.archive import inject

inject(Path(sys.argv[1]), Path(sys.argv[2]), "env.properties", b"A=1")
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) >> 10)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells the peak of memory")
@pytest.mark.parametrize(("order", "megabytes"), [("as they come", 100), ("backwards", 300)])
def test_a_million_entries_fit_into_memory(order: str, megabytes: int, tmp_path: Path) -> None:
    """Their directory has 48 MiB; only if it is in disorder, more than that is needed."""
    count, size = 10**6, 37
    header = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, 7, 0)
    record = struct.pack("<4s6H3L5HL", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 7, 0, 0, 0, 0, 0)
    names = [b"%07x" % number for number in range(count)]
    records = [record + struct.pack("<L", n * size) + name for n, name in enumerate(names)]
    if order == "backwards":
        records.reverse()
    directory, start = b"".join(records), count * size
    with (tmp_path / "million.zip").open("wb") as file:
        file.write(header + header.join(names))
        file.write(directory)
        file.write(struct.pack("<4sQ2H2L", b"PK\6\6", 44, 45, 45, 0, 0))
        file.write(struct.pack("<4Q", count, count, len(directory), start))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, start + len(directory), 1))
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *[0xFFFF] * 2, *[0xFFFFFFFF] * 2, 0))
    paths = tmp_path / "million.zip", tmp_path / "new.zip"
    peak = int(subprocess.check_output([sys.executable, "-c", INJECT, *map(str, paths)]))
    assert len(directory) >> 20 < peak < megabytes
    assert (tmp_path / "new.zip").stat().st_size > (tmp_path / "million.zip").stat().st_size
