"""Packages of an app's files: their contents, and what the next package reuses."""

from __future__ import annotations

import os
import random
import resource
import stat
import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from packager.apps import walk
from packager.apps.files import Selection, Selections
from packager.apps.members import Member
from packager.errors import PackageError, PackagerError
from packager.package import zip_folder
from packager.package.compression_cache import CompressionCache
from tests.trees import Link, age, plant

TEXT = b"module.exports = () => 'hello'\n" * 100
NOISE = random.Random(1).randbytes(5000)
LINK = stat.S_IFLNK | 0o777


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "package.zip"


@pytest.fixture
def cache() -> Iterator[CompressionCache]:
    with closing(CompressionCache()) as cache:
        yield cache


def entries(package: Path) -> dict[str, zipfile.ZipInfo]:
    with zipfile.ZipFile(package) as archive:
        assert archive.testzip() is None
        return {entry.filename: entry for entry in archive.infolist()}


def contents(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def build(app: Path, package: Path, cache: CompressionCache | None = None) -> bytes:
    package.unlink(missing_ok=True)
    selections = cache.selections if cache else Selections()
    zip_folder.write(selections.of(app).members(), package, cache=cache)
    return package.read_bytes()


def test_a_package_holds_the_files_and_links_of_an_app(app: Path, package: Path) -> None:
    plant(app, {"index.js": TEXT, "lib/run": b"#!", "lib/link": Link("run"), "empty": b""})
    (app / "lib" / "run").chmod(0o700)
    assert zip_folder.write(Selection(app).members(), package).unpacked_size == len(TEXT) + 2 + 3
    found = {
        name: (entry.external_attr >> 16, entry.date_time, entry.create_system)
        for name, entry in entries(package).items()
    }
    time, unix = (1980, 1, 1, 0, 0, 0), 3
    assert list(found.items()) == [
        ("empty", (stat.S_IFREG | 0o644, time, unix)),
        ("index.js", (stat.S_IFREG | 0o644, time, unix)),
        ("lib/link", (LINK, time, unix)),
        ("lib/run", (stat.S_IFREG | 0o755, time, unix)),
    ]
    assert contents(package) == {
        "empty": b"",
        "index.js": TEXT,
        "lib/link": b"run",
        "lib/run": b"#!",
    }


def test_already_compressed_files_are_stored_whatever_their_name(app: Path, package: Path) -> None:
    plant(app, {"text.png": TEXT, "noise.txt": NOISE, "link": Link("x" * 200)})
    plant(app, {"x" * 200: b""})
    build(app, package)
    methods = {name: entry.compress_type for name, entry in entries(package).items()}
    assert methods.pop("text.png") == zipfile.ZIP_DEFLATED
    assert set(methods.values()) == {zipfile.ZIP_STORED}


def test_a_package_without_members_is_a_valid_zip(package: Path) -> None:
    assert zip_folder.write([], package) == (0, 0)
    assert entries(package) == {}


def test_the_last_of_several_members_with_one_name_is_packaged(package: Path) -> None:
    zip_folder.write([Member("b", b"1"), Member("a", b"2"), Member("b", b"3")], package)
    assert list(contents(package).items()) == [("a", b"2"), ("b", b"3")]


@pytest.mark.parametrize("names", [["a", "a/b"], ["a/b/c", "a/b.js", "a", "b"], ["x/a/b", "x/a"]])
def test_a_name_of_both_a_file_and_a_folder_is_an_error(package: Path, names: list[str]) -> None:
    with pytest.raises(PackageError, match="a would be both a folder and a file"):
        zip_folder.write([Member(name, b"") for name in names], package)
    assert not package.exists()


def test_the_same_tree_gives_the_same_bytes_on_any_number_of_cores_at_any_time(
    app: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = random.Random(2)
    for number in range(300):
        plant(app, {f"d{number % 7}/{number}": noise.randbytes(number * 10) + TEXT[:number]})
    first = build(app, package)
    age(app)
    for cores in (1, 7):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=cores: range(n), raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda n=cores: n)
        assert build(app, package) == first


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_a_package(app: Path, package: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        build(plant(app, {"a": b""}), package)
    finally:
        os.umask(before)
    assert stat.S_IMODE(package.stat().st_mode) == 0o600
    assert entries(package)["a"].external_attr >> 16 == stat.S_IFREG | 0o644


def test_an_existing_file_is_not_written_over(package: Path) -> None:
    package.write_bytes(b"mine")
    with pytest.raises(PackagerError, match=r"package\.zip cannot be written: File exists"):
        zip_folder.write([], package)
    assert package.read_bytes() == b"mine"


def test_a_link_at_the_destination_is_not_followed(package: Path, tmp_path: Path) -> None:
    package.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PackagerError, match="File exists"):
        zip_folder.write([], package)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("size", [10, zip_folder._LARGE + 1])
def test_a_file_that_disappears_is_an_error_that_leaves_no_package(
    package: Path, size: int
) -> None:
    gone = Member("lib/gone.js", str(package.parent / "gone.js"), size=size)
    with pytest.raises(PackageError, match=r"lib/gone\.js cannot be read: No such file"):
        zip_folder.write([Member("a", TEXT), gone, Member("z", TEXT)], package)
    assert not package.exists()


@pytest.mark.parametrize("size", [0, 1, len(TEXT) - 1, len(TEXT) + 1, 1 << 20])
def test_a_file_that_changed_since_it_was_selected_is_packaged_with_its_new_content(
    app: Path, package: Path, size: int
) -> None:
    plant(app, {"log": TEXT})
    zip_folder.write([Member("log", str(app / "log"), size=size)], package)
    assert contents(package) == {"log": TEXT}


@contextmanager
def file_sizes_limited(size: int) -> Iterator[None]:
    """Let writes beyond `size` bytes of a file fail, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 100, 1 << 20])
def test_a_full_disk_is_an_error_that_leaves_no_package(package: Path, size: int) -> None:
    noise = random.Random(3)
    members = [Member(str(number), noise.randbytes(1 << 16)) for number in range(50)]
    with file_sizes_limited(size), pytest.raises(PackagerError) as error:
        zip_folder.write(members, package)
    assert error.value.message == f"{package} cannot be written: File too large."
    assert "TMPDIR" in error.value.hint
    assert not package.exists()


def test_no_thread_continues_after_an_error(package: Path) -> None:
    before = threading.active_count()
    gone = Member("a", str(package.parent / "gone.js"))
    with pytest.raises(PackageError):
        zip_folder.write([gone, *(Member(f"b{n}", TEXT) for n in range(2000))], package)
    assert threading.active_count() == before


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat a file of more than 1000 bytes as too large to hold in memory."""
    monkeypatch.setattr(zip_folder, "_LARGE", 1000)
    monkeypatch.setattr(zip_folder, "_PIECE", 300)


@pytest.mark.parametrize(
    ("data", "method"),
    [
        (TEXT, zipfile.ZIP_DEFLATED),
        (TEXT[:1001], zipfile.ZIP_DEFLATED),
        (NOISE, zipfile.ZIP_STORED),
        (NOISE + TEXT, zipfile.ZIP_STORED),  # judged by its beginning
        (
            TEXT[:150] + random.Random(4).randbytes(20_000),
            zipfile.ZIP_STORED,
        ),  # deflating all of it saves nothing
    ],
)
def test_a_large_file_is_packaged_in_pieces(
    app: Path, package: Path, small: None, data: bytes, method: int
) -> None:
    plant(app, {"a": b"before", "large": data, "z": b"behind"})
    assert zip_folder.write(Selection(app).members(), package).unpacked_size == len(data) + 12
    assert contents(package) == {"a": b"before", "large": data, "z": b"behind"}
    assert entries(package)["large"].compress_type == method


def test_a_large_file_takes_no_more_memory_than_its_pieces(
    app: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = 0
    real = zip_folder._read

    def reading(member: Member) -> bytes:
        nonlocal held
        data = real(member)
        held = max(held, len(data))
        return data

    monkeypatch.setattr(zip_folder, "_read", reading)
    with (app / "large").open("wb") as file:
        file.truncate(zip_folder._LARGE + 1)
    plant(app, {"small": b"small"})
    build(app, package)
    assert held == 5
    assert entries(package)["large"].file_size == zip_folder._LARGE + 1


def test_more_entries_than_16_bits_can_count_get_a_zip64_end_record(package: Path) -> None:
    count = 0xFFFF + 2
    zip_folder.write((Member(f"{number:05}", b"") for number in range(count)), package)
    with zipfile.ZipFile(package) as archive:
        assert len(archive.namelist()) == count
        assert archive.read(f"{count - 1:05}") == b""
    # The zip64 end record, section 4.3.14 of APPNOTE.
    assert struct.unpack_from(
        "<Q", package.read_bytes(), package.stat().st_size - 22 - 20 - 32
    ) == (count,)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat files as settled at once, because the tests cannot wait."""
    monkeypatch.setattr(walk, "TICK_NS", 0)


def test_an_unchanged_file_is_neither_read_nor_compressed_again(
    app: Path, package: Path, cache: CompressionCache, small: None, settled: None
) -> None:
    tree = {f"node_modules/{number}.js": TEXT[number:] for number in range(200)}
    plant(app, {"large": TEXT, "index.js": b"first", **tree})
    age(app)
    build(app, package, cache)
    members = cache.selections.of(app).members()
    for name in ("large", *tree):
        (app / name).unlink()
    plant(app, {"index.js": b"a second one"})
    members = [
        Member("index.js", str(app / "index.js")) if member.name == "index.js" else member
        for member in members
    ]
    package.unlink()
    zip_folder.write(members, package, cache=cache)
    assert contents(package) == {"large": TEXT, "index.js": b"a second one", **tree}


@pytest.mark.parametrize("name", ["index.js", "node_modules/index.js"])
def test_a_file_is_read_again_once_it_is_forgotten(
    app: Path, package: Path, cache: CompressionCache, settled: None, name: str
) -> None:
    age(plant(app, {name: b"one", "other": b""}))
    build(app, package, cache)
    members = cache.selections.of(app).members()
    # Within the same tick of the clock, a file of the same size would look the same.
    plant(app, {name: b"two"})
    package.unlink()
    zip_folder.write(members, package, cache=cache)
    assert contents(package)[name] == b"one"
    cache.forget([str(app / name)])
    package.unlink()
    zip_folder.write(members, package, cache=cache)
    assert contents(package)[name] == b"two"


def test_forgetting_a_folder_forgets_everything_below_it(
    app: Path, package: Path, cache: CompressionCache, settled: None
) -> None:
    age(plant(app, {"node_modules/a/b/c": b"one", "node_modules/ab": b""}))
    build(app, package, cache)
    plant(app, {"node_modules/a/b/c": b"three"})
    cache.forget([str(app / "node_modules" / "a")])
    assert build(app, package, cache) == build(app, package)
    assert contents(package)["node_modules/a/b/c"] == b"three"


def test_a_file_changed_within_a_tick_is_noticed_without_being_forgotten(
    app: Path, package: Path, cache: CompressionCache
) -> None:
    for number in range(50):
        plant(app, {"index.js": b"%02d" % number})
        build(app, package, cache)
        assert contents(package) == {"index.js": b"%02d" % number}


def test_an_error_leaves_the_previous_package_unchanged(
    app: Path, package: Path, cache: CompressionCache, settled: None
) -> None:
    age(plant(app, {"a": TEXT, "b": TEXT}))
    whole = build(app, package, cache)
    with pytest.raises(PackageError):
        zip_folder.write([Member("b", str(app / "gone"))], package.with_name("2.zip"), cache=cache)
    assert build(app, package, cache) == whole
    assert build(app, package) == whole


def test_the_previous_package_can_be_deleted(
    app: Path, package: Path, cache: CompressionCache, settled: None
) -> None:
    age(plant(app, {"a": TEXT, "b": TEXT}))
    whole = build(app, package, cache)
    package.unlink()
    assert build(app, package, cache) == whole


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_repeated_builds_leave_no_more_files_open(
    app: Path, package: Path, cache: CompressionCache, settled: None
) -> None:
    age(plant(app, {"a": TEXT}))
    build(app, package, cache)
    before = open_files()
    for _ in range(5):
        build(app, package, cache)
    assert open_files() == before
    cache.close()
    assert open_files() == before - 1
