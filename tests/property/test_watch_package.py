"""After any edits, watch mode knows every change and packages the same as a full build."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.apps import resolve
from packager.config.inputs import Config
from packager.config.settings import Settings
from packager.errors import PackageError
from packager.package import build
from packager.package.compression_cache import CompressionCache
from packager.watch.filter import new_filter
from packager.watch.notify import Inotify
from packager.watch.snapshot import Snapshot

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only inotify reports every change")

# Few names, so that edits collide: files become folders or links, are removed, and return.
NAMES = st.sampled_from(["a.js", "b", ".hidden", "docs", "env.properties"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: "/".join(names))
CONTENTS = st.binary(max_size=3) | st.just(b"the same\n" * 9)

Edit = Callable[[Path], None]


def write(path: str, content: bytes) -> Edit:
    def edit(app: Path) -> None:
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        (app / path).write_bytes(content)

    return edit


def write_at_the_same_moment(path: str, content: bytes) -> Edit:
    """Simulate two saves within a tick of the clock: neither size nor time of the file changes."""

    def edit(app: Path) -> None:
        before = (app / path).stat()
        (app / path).write_bytes(content[: before.st_size].ljust(before.st_size, b"."))
        os.utime(app / path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return edit


def save_by_rename(path: str, content: bytes) -> Edit:
    def edit(app: Path) -> None:
        new = app / ".new"
        new.write_bytes(content)
        new.replace(app / path)

    return edit


def rename(path: str, other: str) -> Edit:
    def edit(app: Path) -> None:
        (app / path).rename(app / other)

    return edit


def copy(path: str, other: str) -> Edit:
    def edit(app: Path) -> None:
        shutil.copytree(app / path, app / other, symlinks=True)

    return edit


def link(path: str, target: str) -> Edit:
    return lambda app: (app / path).symlink_to(target)


def chmod(path: str, mode: int) -> Edit:
    return lambda app: (app / path).chmod(mode)


def remove(path: str) -> Edit:
    def edit(app: Path) -> None:
        if (app / path).is_dir() and not (app / path).is_symlink():
            shutil.rmtree(app / path)
        else:
            (app / path).unlink()

    return edit


EDITS = st.one_of(
    st.builds(write, PATHS, CONTENTS),
    st.builds(write_at_the_same_moment, PATHS, CONTENTS),
    st.builds(save_by_rename, PATHS, CONTENTS),
    st.builds(rename, PATHS, PATHS),
    st.builds(copy, PATHS, PATHS),
    st.builds(link, PATHS, NAMES),
    st.builds(chmod, PATHS, st.sampled_from([0o600, 0o644, 0o700, 0o755])),
    st.builds(remove, PATHS),
    st.builds(write, st.just(".lambdaignore"), st.sampled_from([b"docs\n", b"b/\n!b/a.js\n"])),
)


class App:
    """A watched app in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "app"
        self.folder.mkdir()
        (self.folder / "package.json").write_text("{}")
        self.cache = CompressionCache()
        self._count = 0
        self.watcher = Inotify()
        self.tree = self.new_snapshot()

    def new_snapshot(self) -> Snapshot:
        """Return a complete snapshot, as a command takes when it starts."""
        tree = Snapshot(new_filter(self.folder, Settings()), self.watcher)
        tree.scan()
        return tree

    def receive(self) -> set[str]:
        """Process all notifications, and return the paths whose contents have changed."""
        received: dict[str, None] = {}
        while paths := self.watcher.wait(0.0).paths:
            received |= dict.fromkeys(filter(self.tree.concerns, paths))
        found = self.tree.refresh(received)
        if any(map(self.tree.filter.is_named, found.contents)):
            self.tree.filter = new_filter(self.folder, Settings())
            found.add(self.tree.scan())
        return found.contents

    def package(self, cache: CompressionCache | None) -> bytes | str:
        """Return the package, or the message if it cannot be built."""
        self._count += 1
        destination = self.folder.with_name(f"{self._count}.zip")
        try:
            config = Config(Settings(), {"A": "1"})
            build.build(resolve(self.folder, Settings()), config, destination, cache=cache)
        except PackageError as error:
            return error.message
        return destination.read_bytes()


@contextlib.contextmanager
def watched_app() -> Iterator[App]:
    with tempfile.TemporaryDirectory() as folder:
        app = App(Path(folder).resolve())
        try:
            yield app
        finally:
            app.watcher.close()


def apply(edits: list[Edit], app: Path) -> None:
    for edit in edits:
        # Edits that do not apply to the current files are skipped.
        with contextlib.suppress(OSError, shutil.Error):
            edit(app)


@given(st.lists(st.lists(EDITS, max_size=8), max_size=6))
@settings(deadline=None, max_examples=50)
def test_the_package_after_notified_changes_equals_a_full_build(
    saves: list[list[Edit]],
) -> None:
    with watched_app() as app:
        before = app.package(None)
        assert app.package(app.cache) == before
        for edits in saves:
            apply(edits, app.folder)
            changed = app.receive()
            full = app.package(None)
            # Watch mode never misses a change of the package.
            assert changed or full == before
            app.cache.forget(changed)
            assert app.package(app.cache) == full
            before = full


@given(st.lists(st.lists(EDITS, max_size=8), max_size=6))
@settings(deadline=None, max_examples=50)
def test_the_snapshot_after_any_edits_equals_a_new_one(saves: list[list[Edit]]) -> None:
    with watched_app() as app:
        for edits in saves:
            apply(edits, app.folder)
            app.receive()
            fresh = app.new_snapshot()
            assert contents(app.tree) == contents(fresh)


def contents(tree: Snapshot) -> dict[str, object]:
    """Return the known files without links, because chains of links are known only in part."""
    files = {
        os.path.join(folder, name): file.content  # noqa: PTH118
        for folder, known in tree._folders.items()
        for name, file in known.files.items()
    }
    return {path: content for path, content in files.items() if os.path.realpath(path) == path}
