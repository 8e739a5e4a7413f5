"""Packages of any tree of files, unpacked again or built again after edits."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from packager.apps import walk
from packager.apps.files import Selections
from packager.errors import PackageError
from packager.package import zip_folder
from packager.package.compression_cache import CompressionCache
from tests.trees import Link, Tree, plant

# Few names, so that files, folders and links replace each other.
NAMES = st.sampled_from(["a", "b", "a-b", "node_modules", "é", ".x", "env.properties"])
USUAL = {"a": b"one", "node_modules/a": b"one", "node_modules/b/a": b"one"}
PATHS = st.one_of(
    st.sampled_from(list(USUAL)), st.lists(NAMES, min_size=1, max_size=3).map("/".join)
)
CONTENTS = st.one_of(
    st.sampled_from([b"one", b"two"]),
    st.builds(bytes.__mul__, st.binary(min_size=1, max_size=9), st.integers(0, 400)),
)
TARGETS = st.lists(st.one_of(NAMES, st.just("..")), min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(PATHS, st.one_of(CONTENTS, TARGETS.map(Link)), max_size=12)


@contextmanager
def planted(tree: Tree) -> Iterator[Path]:
    """Create the entries of `tree` that can exist together in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder, "app")
        app.mkdir()
        for name, content in tree.items():
            try:
                plant(app, {name: content})
            except OSError:
                continue
        yield app


def build(app: Path, cache: CompressionCache | None = None) -> bytes | str:
    """Return the package of `app`, or the error's message."""
    package = app.parent / "package.zip"
    try:
        selections = cache.selections if cache else Selections()
        zip_folder.write(selections.of(app).members(), package, cache=cache)
        return package.read_bytes()
    except PackageError as error:
        return error.message
    finally:
        package.unlink(missing_ok=True)


def unpack(package: bytes, folder: Path) -> None:
    """Unpack as Lambda does, with links and modes."""
    (folder.parent / "package.zip").write_bytes(package)
    with zipfile.ZipFile(folder.parent / "package.zip") as archive:
        for entry in archive.infolist():
            path = folder / entry.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = entry.external_attr >> 16
            if stat.S_ISLNK(mode):
                path.symlink_to(archive.read(entry).decode())
            else:
                path.write_bytes(archive.read(entry))
                path.chmod(stat.S_IMODE(mode))


def read(path: Path) -> tuple[bytes, bool]:
    return path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR)


@given(TREES, st.sets(PATHS))
def test_unpacked_files_equal_the_packaged_files(tree: Tree, executables: set[str]) -> None:
    with planted(tree) as app:
        config = app / "env.properties"
        for name in executables:
            if (app / name).is_file():
                (app / name).chmod(0o755)
        package = build(app)
        assume(isinstance(package, bytes))
        assert isinstance(package, bytes)
        task = app.parent / "task"
        unpack(package, task)
        for path in app.rglob("*"):
            unpacked = task / path.relative_to(app)
            top = path.relative_to(app).parts[0]
            if top.startswith(".") or top == config.name:
                assert not unpacked.is_symlink()
                assert not unpacked.exists()
            elif path.is_file() and os.path.realpath(path) != os.path.realpath(config):
                assert read(unpacked) == read(path)


@given(TREES, st.randoms(use_true_random=False))
def test_the_order_and_the_times_of_files_do_not_change_the_package(
    tree: Tree, random: Random
) -> None:
    with planted(tree) as app:
        package = build(app)
        # Files that are created in another order are listed in another order.
        paths = sorted(app.rglob("*"), key=lambda path: (len(path.parts), random.random()))
        copy = app.parent / "copy"
        copy.mkdir()
        for path in paths:
            other = copy / path.relative_to(app)
            if path.is_symlink():
                other.symlink_to(path.readlink())
            elif path.is_dir():
                other.mkdir()
            else:
                other.write_bytes(path.read_bytes())
                os.utime(other, (random.randrange(1 << 31), random.randrange(1 << 31)))
        shutil.rmtree(app)
        copy.rename(app)
        assert build(app) == package


EDITS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(list(USUAL)), st.sampled_from([b"one", b"two"])),
    st.tuples(st.just("write"), PATHS, CONTENTS),
    st.tuples(st.just("replace"), PATHS, CONTENTS),
    st.tuples(st.just("link"), PATHS, TARGETS),
    st.tuples(st.just("remove"), PATHS, st.none()),
    st.tuples(st.just("rename"), PATHS, PATHS),
    st.tuples(st.just("chmod"), PATHS, st.sampled_from([0o644, 0o755, 0o600])),
    st.tuples(st.just("touch"), PATHS, st.none()),
    st.tuples(st.just("write"), st.just(".lambdaignore"), st.sampled_from([b"", b"a\n", b"b/\n"])),
)


def edit(app: Path, kind: str, name: str, value: Any) -> None:
    """Apply an edit to a tree, if it is possible."""
    path = app / name
    with suppress(OSError):
        if kind == "write":
            plant(app, {name: value})
        elif kind == "replace":
            path.with_name("new~").write_bytes(value)
            path.with_name("new~").replace(path)
        elif kind == "link":
            plant(app, {name: Link(value)})
        elif kind == "remove" and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif kind == "remove":
            path.unlink()
        elif kind == "rename":
            path.rename(app / value)
        elif kind == "chmod" and not path.is_dir():
            path.chmod(value)
        elif kind == "touch":
            os.utime(path)


class CoarseVersion(NamedTuple):
    """The version of a file in a file system whose clock ticks once a second."""

    inode: int
    modified: int
    changed: int

    @classmethod
    def of(cls, inode: int, modified_ns: int, changed_ns: int) -> CoarseVersion:
        return cls(inode, modified_ns // 10**9, changed_ns // 10**9)


@pytest.mark.parametrize("notified", [True, False], ids=["notified", "not notified"])
@given(TREES, st.lists(EDITS, max_size=12))
def test_after_any_edits_the_next_package_equals_a_full_build(
    notified: bool, tree: Tree, edits: list[tuple[str, str, Any]]
) -> None:
    """With notifications, as in watch mode, even a file saved a moment ago may be reused."""
    cache = CompressionCache()
    with planted({**USUAL, **tree}) as app, pytest.MonkeyPatch.context() as patch:
        if notified:
            patch.setattr(walk, "TICK_NS", 0)
        else:
            patch.setattr(walk, "Version", CoarseVersion.of)
        build(app, cache)
        for kind, name, value in edits:
            edit(app, kind, name, value)
            if notified:
                names = [name, value] if kind == "rename" else [name]
                cache.forget(str(app / name) for name in names)
            assert build(app, cache) == build(app)
        cache.close()
