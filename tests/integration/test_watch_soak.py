"""A day of saves: memory, open files and watched folders of `packager watch` do not grow."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import WatchApp

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measured by /proc")

# WATCH_SOAK_EDITS=600 takes two minutes and equals half an hour with a save every three seconds.
EDITS = int(os.environ.get("WATCH_SOAK_EDITS", "30"))

# Memory that the allocator may keep after a short use, in bytes.
_SLACK = 4 << 20


def memory(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def held(pid: int) -> tuple[int, int]:
    """Return the number of open files and of watched folders of a process."""
    infos = [path.read_text() for path in Path(f"/proc/{pid}/fdinfo").iterdir()]
    return len(infos), sum(info.count("inotify wd:") for info in infos)


def edits(app: Path, random: random.Random) -> Callable[[], None]:
    """Choose one of the edits of a day."""
    name = f"lib/{random.randrange(20)}"

    def write() -> None:
        (app / f"{name}.js").write_text(f"{random.random()}\n" * 1000)

    def make_folder() -> None:
        shutil.rmtree(app / name, ignore_errors=True)
        (app / name / "deep").mkdir(parents=True)
        (app / name / "deep/a.js").write_text(f"{random.random()}")

    def rename_folder() -> None:
        make_folder()
        shutil.rmtree(app / "lib/renamed", ignore_errors=True)
        (app / name).rename(app / "lib/renamed")

    return random.choice([write, write, make_folder, rename_folder])


def test_memory_files_and_folders_held_stay_the_same(
    watch_app: WatchApp, watched_app: Path
) -> None:
    chance = random.Random(0)
    with watch_app("--quiet-time", "50") as watch:
        watch.deployed()
        levels = []
        for _ in range(3):
            for _ in range(EDITS // 3):
                edits(watched_app, chance)()
                watch.until_deployed()
            # At each measurement, the app has the same folders and no deploy is in progress.
            shutil.rmtree(watched_app / "lib")
            watch.until_deployed()
            levels.append((memory(watch.process.pid), held(watch.process.pid)))
            (watched_app / "lib").mkdir()
            watch.change("lib/a.js")
            watch.until_deployed()
    memories, holdings = zip(*levels, strict=True)
    assert memories[2] - memories[1] < _SLACK, memories
    assert holdings[1] == holdings[2]
