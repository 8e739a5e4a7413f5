"""The private temporary folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from packager import workspace


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_only_the_user_can_read_a_private_folder(temporary: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with workspace.private_folder() as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
            assert folder.parent == temporary
    finally:
        os.umask(before)


def test_a_private_folder_is_removed_with_everything_in_it(temporary: Path) -> None:
    with workspace.private_folder() as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("x")
    assert not list(temporary.iterdir())


def test_a_private_folder_is_removed_after_an_error(temporary: Path) -> None:
    with pytest.raises(KeyboardInterrupt), workspace.private_folder():
        raise KeyboardInterrupt
    assert not list(temporary.iterdir())


def test_the_folder_of_a_killed_run_is_removed_by_the_next_run(temporary: Path) -> None:
    program = (
        "from packager import workspace\n"
        "with workspace.private_folder() as folder:\n"
        "    (folder / 'package.zip').touch(); print(folder, flush=True); input()"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | {"TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdin is not None
    assert run.stdout is not None
    with run.stdin, run.stdout:
        left = Path(run.stdout.readline().strip())
        with workspace.private_folder():
            assert left.is_dir(), "the folder of a running process is kept"
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert left.is_dir()
        with workspace.private_folder():
            assert not left.exists()


def test_a_link_with_the_prefix_of_private_folders_is_not_followed(
    temporary: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "lock").touch()
    (temporary / "heroku-lambda-packager-planted").symlink_to(target)
    with workspace.private_folder():
        pass
    assert (target / "lock").exists()


def test_a_folder_that_another_run_has_just_created_is_left_alone(temporary: Path) -> None:
    new = temporary / "heroku-lambda-packager-new"
    new.mkdir(mode=0o700)
    with workspace.private_folder():
        assert new.exists()
    os.utime(new, (0, 0))
    with workspace.private_folder():
        assert not new.exists()
