"""The cache of installed dependencies: private, and without entries that have changed."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.apps.python import cache
from tests.trees import plant


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that contains the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    cache._root.cache_clear()
    yield tmp_path / "home"
    cache._root.cache_clear()


def kept(home: Path, name: str = "installed") -> Path:
    """Keep a folder with two modules under the key `key`."""
    installed = plant(home.parent / name, {"a.py": b"a = 1\n", "b/c.py": b"c = 1\n"})
    return cache.keep(installed, "key").folder


def found(key: str) -> Path | None:
    installation = cache.find(key)
    return installation.folder if installation else None


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_kept_entry_is_found_again(home: Path) -> None:
    entry = kept(home)
    assert found("key") == entry
    assert entry.is_relative_to(home)
    assert cache.find("other") is None


def test_the_cache_is_private_with_any_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        kept(home)
    finally:
        os.umask(before)
    assert mode(home / "heroku-lambda-packager") == 0o700
    assert mode(home / "heroku-lambda-packager" / "wheels") == 0o700


@pytest.mark.parametrize("change", ["content", "new file", "mode", "link", "rename", "pointer"])
def test_an_entry_that_has_changed_is_not_used(home: Path, change: str) -> None:
    entry = kept(home)
    match change:
        case "content":
            (entry / "a.py").write_bytes(b"a = 2\n")
        case "new file":
            (entry / "sitecustomize.py").write_bytes(b"")
        case "mode":
            (entry / "a.py").chmod(0o755)
        case "link":
            (entry / "a.py").unlink()
            (entry / "a.py").symlink_to("b/c.py")
        case "rename":
            (entry / "a.py").rename(entry / "d.py")
        case "pointer":
            (home.parent / "victim").mkdir()
            (entry.parent / "key.entry").write_text("../../../victim")
    assert cache.find("key") is None
    if change == "link":
        shutil.rmtree(entry)
    assert cache.find("key") is None
    if change == "pointer":
        assert (home.parent / "victim").is_dir()
    else:
        again = kept(home, "again")
        assert found("key") == again == entry


@pytest.mark.parametrize("planted", ["link", "others may write", "folder above", "link above"])
def test_a_cache_that_others_can_change_is_not_used(home: Path, planted: str) -> None:
    target = home / "heroku-lambda-packager"
    elsewhere = home.parent / "elsewhere"
    (elsewhere / "wheels" / "victim").mkdir(parents=True)
    home.mkdir()
    match planted:
        case "link":
            target.symlink_to(elsewhere)
        case "others may write":
            target.mkdir()
            target.chmod(0o777)
        case "folder above":
            home.chmod(0o777)
        case "link above":
            home.rmdir()
            elsewhere.chmod(0o777)
            home.symlink_to(elsewhere)
    assert not cache.folder("wheels").resolve().is_relative_to(home.parent)
    assert mode(cache.folder("wheels")) == 0o700
    cache.remove_unused()
    assert (elsewhere / "wheels" / "victim").is_dir()


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")
def test_a_cache_of_another_user_is_not_used(home: Path) -> None:
    (home / "heroku-lambda-packager").mkdir(parents=True)
    os.chown(home / "heroku-lambda-packager", 65534, 65534)
    assert not cache.folder("wheels").is_relative_to(home)


def test_a_home_of_another_user_is_not_used(home: Path) -> None:
    """For example, a container runs as root with the home of another user."""
    if os.getuid() != 0:
        pytest.skip("needs a second user")
    home.mkdir()
    os.chown(home, 65534, 65534)
    assert not cache.folder("wheels").is_relative_to(home)


def test_removal_does_not_follow_a_planted_link(home: Path) -> None:
    victim = home.parent / "victim"
    victim.mkdir()
    wheels = cache.folder("wheels")
    (wheels / "old").symlink_to(victim)
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(wheels / "old", (long_ago, long_ago), follow_symlinks=False)
    os.utime(victim, (long_ago, long_ago))
    cache.remove_unused()
    assert not (wheels / "old").is_symlink()
    assert victim.is_dir()


def test_a_cache_that_only_the_users_own_group_can_write_is_used(home: Path) -> None:
    """The umask 002 of many systems causes this. A group with other users is not trusted."""
    home.mkdir()
    home.chmod(0o775)
    assert cache.folder("wheels").is_relative_to(home)
    if os.getuid() == 0:
        cache._root.cache_clear()
        os.chown(home, 0, 65534)
        assert not cache.folder("wheels").is_relative_to(home)


def test_an_entry_that_was_not_used_for_a_month_is_removed(home: Path) -> None:
    long_ago = time.time() - 31 * 24 * 3600
    for name in ("used", "unused"):
        (cache.folder("wheels") / name / "a").mkdir(parents=True)
    (cache.folder("wheels") / "unused.entry").write_text("unused")
    for name in ("unused", "unused.entry"):
        os.utime(cache.folder("wheels") / name, (long_ago, long_ago))
    cache.remove_unused()
    assert [path.name for path in cache.folder("wheels").iterdir()] == ["used"]


def test_a_folder_of_downloads_is_emptied_after_a_month(home: Path) -> None:
    assert not cache.is_old("uv")
    assert not cache.is_old("uv")
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(home / "heroku-lambda-packager" / "uv-began", (long_ago, long_ago))
    assert cache.is_old("uv")
    assert not cache.is_old("uv")


def test_an_entry_that_was_copied_is_recognized_by_its_contents(home: Path) -> None:
    """A home that was restored or moved has new inodes and times."""
    entry = kept(home)
    copy = shutil.copytree(entry, home / "copy")
    shutil.rmtree(entry)
    copy.rename(entry)
    assert found("key") == entry


def test_a_change_that_restores_the_files_time_is_noticed(home: Path) -> None:
    entry = kept(home)
    before = (entry / "a.py").stat()
    (entry / "a.py").write_bytes(b"a = 2\n")
    os.utime(entry / "a.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cache.find("key") is None
