"""Dependencies that are kept compressed: the next package is the same, and made faster."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from packager.apps.members import REGULAR_FILE, Member, Version
from packager.package import compression, zip_folder
from tests.trees import plant

NAMES = ("a/one.py", "a/two.py", "b.py")


def member(path: Path, name: str) -> Member:
    status = path.stat()
    version = Version(status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return Member(name, str(path), REGULAR_FILE, status.st_size, version)


@pytest.fixture
def compressed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The data that the test compresses."""
    seen: list[bytes] = []
    original = compression.compress_all

    def compress_all(items: Sequence[bytes]) -> list[compression.Compressed]:
        seen.extend(items)
        return original(items)

    monkeypatch.setattr(compression, "compress_all", compress_all)
    return seen


class App:
    """An app with three dependencies and one file of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = folder / "kept.zip"
        self.number = 0
        installed = {name: f"# {name}\n".encode() * 100 for name in NAMES}
        plant(folder / "installed", installed)
        plant(folder / "app", {"own.py": b"own\n" * 100})

    def package(self) -> bytes:
        self.number += 1
        members = [member(self.folder / "installed" / name, name) for name in NAMES]
        members.append(member(self.folder / "app" / "own.py", "own.py"))
        destination = self.folder / f"{self.number}.zip"
        zip_folder.write(members, destination, dependencies=len(NAMES), kept=self.kept)
        return destination.read_bytes()


def test_the_next_package_is_the_same_and_compresses_no_dependency(
    tmp_path: Path, compressed: list[bytes]
) -> None:
    app = App(tmp_path)
    first = app.package()
    assert len(compressed) == len(NAMES) + 1
    compressed.clear()
    assert app.package() == first
    assert compressed == [b"own\n" * 100]


def test_a_change_of_the_app_is_in_the_next_package(
    tmp_path: Path, compressed: list[bytes]
) -> None:
    app = App(tmp_path)
    app.package()
    (tmp_path / "app" / "own.py").write_bytes(b"new\n" * 100)
    compressed.clear()
    changed = app.package()
    assert compressed == [b"new\n" * 100]
    app.kept.unlink()
    assert app.package() == changed


@pytest.mark.parametrize("change", ["content", "link", "cut", "seal", "folder"])
def test_kept_dependencies_that_have_changed_are_not_used(
    change: str, tmp_path: Path, compressed: list[bytes]
) -> None:
    app = App(tmp_path)
    first = app.package()
    match change:
        case "content":
            data = bytearray(app.kept.read_bytes())
            data[40] ^= 1
            app.kept.write_bytes(data)
        case "link":
            app.kept.rename(tmp_path / "elsewhere")
            app.kept.symlink_to(tmp_path / "elsewhere")
        case "cut":
            os.truncate(app.kept, 50)
        case "seal":
            app.kept.with_suffix(".seal").write_text("1 2 3 4")
        case "folder":
            app.kept.unlink()
            app.kept.mkdir()
    compressed.clear()
    assert app.package() == first
    assert len(compressed) == len(NAMES) + 1


def test_a_dependency_of_another_size_is_compressed_again(
    tmp_path: Path, compressed: list[bytes]
) -> None:
    """The name of its folder is a hash of its contents, but the size is checked as well."""
    app = App(tmp_path)
    app.package()
    (tmp_path / "installed" / "b.py").write_bytes(b"other")
    compressed.clear()
    app.package()
    assert b"other" in compressed


def test_if_nothing_can_be_kept_the_package_is_made_anyway(tmp_path: Path) -> None:
    app = App(tmp_path)
    first = app.package()
    app.kept = tmp_path / "absent" / "kept.zip"
    assert app.package() == first
