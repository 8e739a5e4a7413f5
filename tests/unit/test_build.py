"""What is packaged, and what cannot be."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.apps import resolve
from packager.config.settings import Settings
from packager.errors import ArchiveError, PackageError
from packager.package import build as building
from packager.package.build import build, build_file


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


def jar(path: Path, size: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        archive.writestr("lib/data", bytes(size))
    return path


def test_a_jar_that_is_not_there_is_an_error_that_lists_those_that_are(
    app: Path, tmp_path: Path
) -> None:
    jar(app / "target" / "there.jar")
    with pytest.raises(PackageError, match=r"missing\.jar \(_LAMBDA_JAR_FILE\)") as error:
        build(resolve(app, Settings(jar=Path("missing.jar"))), {}, tmp_path / "out")
    assert "target/there.jar" in error.value.hint


def test_an_app_without_any_jar_is_told_to_build_one(app: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageError) as error:
        build(resolve(app, Settings(jar=Path("missing.jar"))), {}, tmp_path / "out")
    assert "build it first" in error.value.hint


def test_an_unpacked_size_over_the_limit_is_an_error_that_leaves_nothing(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar(app / "a.jar", size=3 << 20)
    monkeypatch.setattr(building, "UNPACKED_LIMIT", 1 << 20)
    with pytest.raises(PackageError, match=r"unpacked package has 3 MB.*at most 1 MB") as error:
        build(resolve(app, Settings(jar=Path("a.jar"))), {}, tmp_path / "out")
    assert "lib/ 3 MB" in error.value.hint
    assert not (tmp_path / "out").exists()


def test_the_hash_is_written_as_lambda_writes_it(app: Path, tmp_path: Path) -> None:
    jar(app / "a.jar")
    built = build(resolve(app, Settings(jar=Path("a.jar"))), {"A": "1"}, tmp_path / "out")
    assert len(built.code_sha256) == 44
    assert built.size == (tmp_path / "out").stat().st_size
    assert built.variables == 1


def test_a_file_that_was_there_is_replaced_by_the_whole_package(app: Path, tmp_path: Path) -> None:
    jar(app / "a.jar")
    output = tmp_path / "out.zip"
    output.write_text("old")
    build_file(resolve(app, Settings(jar=Path("a.jar"))), {"A": "1"}, output)
    assert zipfile.ZipFile(output).read("env.properties") == b"A=1\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app", "out.zip"]


def test_a_file_that_was_there_stays_if_the_build_fails(app: Path, tmp_path: Path) -> None:
    (app / "a.jar").write_text("no jar")
    output = tmp_path / "out.zip"
    output.write_text("old")
    with pytest.raises(ArchiveError):
        build_file(resolve(app, Settings(jar=Path("a.jar"))), {}, output)
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app", "out.zip"]


def test_the_output_of_an_earlier_build_is_not_packaged(app: Path) -> None:
    (app / "package.json").write_text("{}")
    first = build_file(resolve(app, Settings()), {"A": "1"}, app / "out.zip")
    assert build_file(resolve(app, Settings()), {"A": "1"}, app / "out.zip") == first


@pytest.mark.parametrize("name", [".", "app", "pipe", "link", "stdout", "absent/out.zip"])
def test_an_output_that_is_no_file_is_refused_before_anything_is_built(
    name: str, app: Path, tmp_path: Path
) -> None:
    """A folder, a pipe (or a device), a link to one, as /dev/stdout; a folder that is not there."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    with (tmp_path / "file").open("wb") as file:
        (tmp_path / "stdout").symlink_to(f"/proc/self/fd/{file.fileno()}")
        before = {path.name: path.lstat() for path in tmp_path.iterdir()}
        with pytest.raises(PackageError, match=r"is not a file|There is no folder"):
            build_file(resolve(app, Settings(language="node")), {}, tmp_path / name)
        assert {path.name: path.lstat() for path in tmp_path.iterdir()} == before
    assert not [*app.iterdir()]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (Settings(jar=Path("a.war")), "_LAMBDA_JAR_FILE"),
        (Settings(zip=Path("a.jar")), "_LAMBDA_ZIP_FILE"),
    ],
    ids=["jar", "zip"],
)
def test_the_setting_that_names_a_missing_file_is_named(
    settings: Settings, name: str, app: Path, tmp_path: Path
) -> None:
    """Whatever the suffix of the file."""
    with pytest.raises(PackageError, match=name):
        build(resolve(app, settings), {}, tmp_path / "out.zip")


Change = Callable[[Path], object]


@pytest.mark.parametrize(
    "own",
    [lambda app: (app / "env.properties").write_text("OLD=secret"), lambda app: None],
    ids=["with one of its own", "without"],
)
def test_a_node_app_gets_exactly_one_env_properties(app: Path, tmp_path: Path, own: Change) -> None:
    (app / "package.json").write_text("{}")
    own(app)
    build(resolve(app, Settings()), {"A": "1"}, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["env.properties", "package.json"]
        assert archive.read("env.properties") == b"A=1\n"
