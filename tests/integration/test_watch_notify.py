"""The events of each watcher for changes in real folders."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from packager.watch.notify import Events, Inotify, Observed, Watcher
from packager.watch.polling import Polling
from tests.commands import run
from tests.integration.watch_process import in_namespace

linux = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")

# Maximum seconds until an event on a busy machine; normally it comes earlier.
PATIENCE = 30.0


@pytest.fixture(params=[pytest.param(Inotify, marks=linux), Observed])
def watcher(request: pytest.FixtureRequest) -> Iterator[Watcher]:
    watcher: Watcher = request.param()
    yield watcher
    watcher.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "folder"
    (folder / "sub/deep").mkdir(parents=True)
    (folder / "file").write_text("content")
    return folder


def watch_all(watcher: Watcher, folder: Path) -> None:
    """Watch each folder of a tree, from the top."""
    for path in [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]:
        watcher.watch(str(path), deep=True)


def told(watcher: Watcher, *expected: Path) -> bool:
    """Wait until there was an event for each of `expected`."""
    missing = set(map(str, expected))
    end = time.monotonic() + PATIENCE
    while missing and time.monotonic() < end:
        missing -= set(watcher.wait(0.1).paths)
    return not missing


def everything_told(watcher: Watcher, folder: Path) -> set[str]:
    """Return all events up to that of a last file, which this creates."""
    last = str(folder / "last")
    paths: set[str] = set()
    Path(last).touch()
    end = time.monotonic() + PATIENCE
    while last not in paths and time.monotonic() < end:
        paths |= set(watcher.wait(0.1).paths)
    return paths


CHANGES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "write": (lambda folder: (folder / "file").write_text("new"), ["file"]),
    "create": (lambda folder: (folder / "sub/deep/new").touch(), ["sub/deep/new"]),
    "delete": (lambda folder: (folder / "file").unlink(), ["file"]),
    "rename": (lambda folder: (folder / "file").rename(folder / "sub/f"), ["file", "sub/f"]),
    "save by rename": (
        lambda folder: Path(shutil.copy(folder / "file", folder / "saved")).replace(
            folder / "file"
        ),
        ["saved", "file"],
    ),
    "mode": (lambda folder: (folder / "file").chmod(0o755), ["file"]),
    "new folder": (lambda folder: (folder / "sub/new").mkdir(), ["sub/new"]),
    "delete folder": (lambda folder: shutil.rmtree(folder / "sub"), ["sub"]),
    "rename folder": (lambda folder: (folder / "sub").rename(folder / "s"), ["sub", "s"]),
    "undecodable name": (
        lambda folder: (folder / os.fsdecode(b"\xff")).touch(),
        [os.fsdecode(b"\xff")],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_a_file_is_an_event(watcher: Watcher, folder: Path, change: str) -> None:
    watch_all(watcher, folder)
    make, paths = CHANGES[change]
    make(folder)
    assert told(watcher, *(folder / path for path in paths))


def test_reading_a_file_is_not_an_event(watcher: Watcher, folder: Path) -> None:
    watch_all(watcher, folder)
    (folder / "file").read_bytes()
    list((folder / "sub").iterdir())
    assert str(folder / "file") not in everything_told(watcher, folder)


def test_a_change_in_a_folder_that_is_no_longer_watched_is_not_an_event(
    watcher: Watcher, folder: Path
) -> None:
    watcher.watch(str(folder), deep=False)
    watcher.watch(str(folder / "sub"), deep=False)
    watcher.unwatch(str(folder / "sub"))
    (folder / "sub/new").touch()
    assert str(folder / "sub/new") not in everything_told(watcher, folder)


def test_an_event_in_a_linked_folder_has_the_name_of_the_link(
    watcher: Watcher, tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir()
    folder = tmp_path.resolve() / "app"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "shared")
    watcher.watch(str(folder), deep=True)
    watcher.watch(str(folder / "link"), deep=True)
    (tmp_path / "shared/new").touch()
    assert told(watcher, folder / "link/new")


def test_a_folder_that_was_removed_and_put_back_is_watched_again(
    watcher: Watcher, folder: Path
) -> None:
    watch_all(watcher, folder)
    shutil.rmtree(folder)
    assert told(watcher, folder)
    watcher.unwatch(str(folder))
    folder.mkdir()
    watcher.watch(str(folder), deep=True)
    (folder / "new").touch()
    assert told(watcher, folder / "new")


def test_a_missing_folder_is_not_an_error(watcher: Watcher, folder: Path) -> None:
    watcher.watch(str(folder / "nothing"), deep=True)
    watcher.unwatch(str(folder / "nothing"))
    assert watcher.wait(0.0) == Events()


@linux
def test_a_folder_renamed_while_it_is_registered_again_stays_watched(folder: Path) -> None:
    watcher = Inotify()
    watch_all(watcher, folder)
    (folder / "sub").rename(folder / "renamed")
    watcher.watch(str(folder / "renamed"), deep=True)
    watcher.unwatch(str(folder / "sub"))
    (folder / "renamed/new").touch()
    assert told(watcher, folder / "renamed/new")
    watcher.close()


@linux
def test_folders_below_are_not_registered_with_the_system(folder: Path) -> None:
    watcher = Inotify()
    watcher.watch(str(folder), deep=True)
    (folder / "sub/new").touch()
    assert everything_told(watcher, folder) == {str(folder / "last")}
    watcher.close()


@linux
def test_lost_events_are_reported(folder: Path) -> None:
    watcher = Inotify()
    watcher.watch(str(folder), deep=True)
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    # Two in turn: equal events that follow each other are one.
    for number in range(limit + 2):
        os.utime(folder / ("file" if number % 2 else "sub"))
    lost = False
    while events := watcher.wait(0.0):
        lost = lost or events.lost
        if not events.paths and not events.lost:
            break
    assert lost
    watcher.close()


@linux
@pytest.mark.parametrize(
    ("limit", "value", "sysctl"),
    [
        ("max_inotify_watches", 2, "fs.inotify.max_user_watches"),
        ("max_inotify_instances", 0, "fs.inotify.max_user_instances"),
    ],
)
def test_a_limit_of_the_system_is_named(folder: Path, limit: str, value: int, sysctl: str) -> None:
    program = (
        "import sys; from packager.watch.notify import Inotify; watcher = Inotify()\n"
        "for folder in sys.argv[1:]: watcher.watch(folder, deep=True)\n"
        "print(watcher.limit); watcher.close()"
    )
    folders = [str(folder), str(folder / "sub"), str(folder / "sub/deep")]
    setup = f"echo {value} > /proc/sys/user/{limit}"
    prefix = in_namespace("--map-root-user", setup=setup)
    assert run(*prefix, sys.executable, "-c", program, *folders) == f"{sysctl}\n"


def test_the_watcher_also_waits_for_another_file(watcher: Watcher, folder: Path) -> None:
    """The Enter key is waited for in this way."""
    watch_all(watcher, folder)
    reader, writer = os.pipe()
    os.write(writer, b"\n")
    try:
        for waiting in (watcher, Polling(PATIENCE)):
            waiting.wait(None, reader)
    finally:
        os.close(reader)
        os.close(writer)


def test_polling_says_each_time_that_anything_may_have_changed() -> None:
    polling = Polling(0.01)
    polling.watch("/anything", deep=True)
    assert polling.wait(None) == Events(lost=True)
    assert polling.wait(0.001) == Events(lost=True)
    assert Polling(60.0).wait(0.0) == Events()
    polling.unwatch("/anything")
    polling.close()
