"""Private folders are removed even if a hostile package or handler has filled them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager import workspace
from packager.removal import remove
from tests.commands import bound_by_permissions
from tests.faults import canaries
from tests.trees import plant

DEPTH = 1500

# Removes a folder as a process for which file modes count, even if root runs the test.
REMOVING = """
import sys
from pathlib import Path
from packager.removal import remove
print(remove(Path(sys.argv[1])))
"""


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder that `rm` removes after the test, because pytest cannot remove such folders."""
    yield tmp_path
    subprocess.run(["rm", "-rf", tmp_path], check=False)


def nest(folder: Path, depth: int) -> None:
    """Create nested folders, deeper than a path can be long, with a file at each end."""
    (folder / "env.properties").write_text("A=canary")
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("nested", dir_fd=handle)
        inner = os.open("nested", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(os.open("env.properties", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)


def removed_without_privileges(folder: Path) -> str:
    """Remove a folder as a user for whom file modes count; return whether it is gone."""
    run = subprocess.run(
        [sys.executable, "-c", REMOVING, folder],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=bound_by_permissions if os.getuid() == 0 else None,
    )
    return run.stdout.strip()


def test_folders_nested_deeply_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    nest(folder, DEPTH)
    assert remove(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o000, 0o555, 0o200])
def test_folders_that_were_made_unreadable_are_removed(tmp_path: Path, mode: int) -> None:
    inner = tmp_path / "folder" / "outer" / "inner"
    inner.mkdir(parents=True)
    (inner / "env.properties").touch()
    for folder in (inner, inner.parent, inner.parent.parent):
        folder.chmod(mode)
    assert removed_without_privileges(tmp_path / "folder") == "True"
    assert list(tmp_path.iterdir()) == []


def test_targets_of_links_are_not_removed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o500)
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    for link in ("link", "inner/link"):
        (tmp_path / "folder" / link).symlink_to(target)
    (tmp_path / "link").symlink_to(target)
    assert remove(tmp_path / "folder")
    assert not remove(tmp_path / "link"), "a link is not a folder of ours"
    assert target.stat().st_mode & 0o777 == 0o500


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")
def test_folders_of_another_user_stay_and_everything_else_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "outer" / "theirs").mkdir(parents=True)
    (folder / "outer" / "theirs" / "file").touch()
    os.chown(folder / "outer" / "theirs", 65534, 65534)
    (folder / "outer" / "env.properties").touch()
    (folder / "outer" / "ours").mkdir()
    assert removed_without_privileges(folder) == "False"
    assert [path.name for path in folder.rglob("*")] == ["outer", "theirs", "file"]


# Fills its own folder and that of the package with folders that are hard to remove.
NESTING = f"""\
import os, pathlib

def lambda_handler(event, context):
    task = pathlib.Path.cwd()
    for folder in task, task.parent:
        os.chdir(folder)
        for _ in range({DEPTH}):
            os.mkdir("nested")
            os.chdir("nested")
        folder.chmod(0o000)
    return "nested"
"""


@pytest.mark.parametrize("name", ["deploy", "watch"])
def test_a_handler_that_nests_folders_leaves_no_folder(name: str, tmp_path: Path) -> None:
    app = plant(tmp_path / "app", {"requirements.txt": b"", "lambda_function.py": NESTING.encode()})
    run = canaries.run(
        *(name, app, "--local"),
        env={"CONFIG": "canary"},
        folder=tmp_path,
        until=(lambda shown: '"nested"' in shown) if name == "watch" else None,
    )
    assert '"nested"' in run.stdout, run.stderr
    assert run.status == (130 if name == "watch" else 0), run.stderr
    assert run.left == []
    assert "Warning" not in run.stderr


def test_a_package_that_nests_folders_leaves_no_folder(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    with zipfile.ZipFile(app / "app.zip", "w") as archive:
        archive.writestr("a.py", "def handler(event, context): return 1")
        archive.writestr("a/" * DEPTH + "file", "")
    run = canaries.run("deploy", app, "--zip", "app.zip", "--local", env={}, folder=tmp_path)
    assert run.status == 0, run.stderr
    assert run.left == []


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_hostile_folder_of_a_killed_run_is_removed_and_stops_no_later_command(
    temporary: Path,
) -> None:
    """It contains deep and unreadable folders, and entries with the packager's own file names."""
    left = temporary / "heroku-lambda-packager-left"
    left.mkdir(mode=0o700)
    nest(left, DEPTH)
    os.mkfifo(left / "lock")
    (left / "env.properties").chmod(0)
    left.chmod(0)
    with workspace.private_folder() as folder:
        assert list(temporary.iterdir()) == [folder]


def test_a_folder_that_cannot_be_removed_is_reported_and_stops_no_later_command(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may contain config, and a mount point inside it can prevent its removal."""
    stale = temporary / "heroku-lambda-packager-left"
    stale.mkdir(mode=0o700)
    (stale / "env.properties").touch()
    monkeypatch.setattr(workspace, "remove", lambda _: False)
    reported: list[Path] = []
    with workspace.private_folder(left=reported.append) as folder:
        pass
    assert reported == [stale, folder]


def test_a_temporary_folder_that_others_can_write_to_is_not_removed(temporary: Path) -> None:
    """Another user can move a shared folder of ours to where our temporary folders are."""
    shared = temporary / "heroku-lambda-packager-moved"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "file").touch()
    os.utime(shared, (0, 0))
    with workspace.private_folder():
        pass
    assert (shared / "file").exists()
