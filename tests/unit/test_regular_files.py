"""Only regular files are read, and all of them, whatever happens to them meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packager.apps.regular_files import identity, open_regular, read_regular


@pytest.mark.parametrize("size", [0, 1, 4096, (1 << 20) + 1])
def test_a_file_is_read_whole(tmp_path: Path, size: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * (size // 256 + 1))
    os.truncate(file, size)
    assert read_regular(str(file)) == file.read_bytes()


@pytest.mark.parametrize("change", [-5, 5, 3 << 20])
def test_a_file_that_changes_its_size_while_it_is_read_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: int
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    real = os.fstat

    def resized(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        os.truncate(file, status.st_size + change)
        return status

    monkeypatch.setattr(os, "fstat", resized)
    read = read_regular(str(file))
    monkeypatch.undo()
    assert read == file.read_bytes()


@pytest.mark.parametrize("read", [open_regular, read_regular])
def test_nothing_but_the_expected_regular_file_is_opened_and_no_descriptor_is_left(
    tmp_path: Path, read: object
) -> None:
    assert callable(read)
    file, other = tmp_path / "file", tmp_path / "other"
    for path in (file, other):
        path.write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(file)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("pipe", "link", "."):
        with pytest.raises(OSError):
            read(str(tmp_path / name))
    with pytest.raises(OSError, match="replaced"):
        read(str(file), expected=identity(other.stat()))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
