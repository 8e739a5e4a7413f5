"""The memory needed for an archive with a very large central directory."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

INJECT = """
import sys
from pathlib import Path
from packager.package.inject import NewFile, inject

inject(Path(sys.argv[1]), Path(sys.argv[2]), NewFile("env.properties", b"A=1"))
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) >> 10)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize(("order", "megabytes"), [("in order", 100), ("backwards", 300)])
def test_a_million_entries_fit_into_memory(order: str, megabytes: int, tmp_path: Path) -> None:
    """The directory has 48 MiB; more memory is needed only if it is out of order."""
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
