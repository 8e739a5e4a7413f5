"""Files that are written completely or not at all."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from packager import atomic_file
from packager.errors import PackagerError


def test_only_the_owner_can_read_a_new_file(tmp_path: Path) -> None:
    with atomic_file.created(tmp_path / "new") as file:
        file.write(b"data")
    assert (tmp_path / "new").read_bytes() == b"data"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_unfinished_file_is_removed(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), atomic_file.created(tmp_path / "new") as file:
        file.write(b"data")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "new"
    with pytest.raises(PackagerError) as error, atomic_file.created(path):
        pass
    assert error.value.message == f"{path} cannot be written: No such file or directory."


OTHER_RUN = """
import sys
from pathlib import Path
from packager import atomic_file

with atomic_file.replaced(Path(sys.argv[1])) as part:
    part.write_text("theirs")
    print(part, flush=True)
    sys.stdin.readline()
"""


def other_run(path: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that has written a file and waits before it moves it into place."""
    command = [sys.executable, "-c", OTHER_RUN, str(path)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().rstrip("\n"))


def test_the_last_of_two_runs_that_write_one_file_wins(tmp_path: Path) -> None:
    path = tmp_path / "file"
    process, _ = other_run(path)
    with atomic_file.replaced(path) as part:
        part.write_text("ours")
    assert path.read_text() == "ours"
    process.communicate("end\n")
    assert process.returncode == 0
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_of_a_killed_run_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "a [1].jar"
    process, left = other_run(path)
    process.kill()
    process.communicate()
    assert left.exists()
    with atomic_file.replaced(path) as part:
        part.write_text("ours")
    assert list(tmp_path.iterdir()) == [path]
