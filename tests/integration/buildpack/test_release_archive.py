"""`bin/release-archive`: the buildpack as one file, as Cloud Native builds take it."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager import __version__
from tests.commands import git, run
from tests.conftest import requires
from tests.integration.buildpack.cnb import Platform
from tests.integration.buildpack.conftest import FirstImage

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def release_archive(buildpack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a commit that has the files of this working tree."""
    clone = tmp_path_factory.mktemp("release") / "clone"
    shutil.copytree(buildpack, clone)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "All"]):
        git(clone, *command)
    # Neither ignored files nor changes that are not committed go in.
    (clone / "packager" / "not-committed.py").touch()
    return Path(run(clone / "bin" / "release-archive", cwd=clone.parent).strip())


@requires("git")
def test_the_archive_has_the_buildpack_at_its_top_and_nothing_of_the_project(
    release_archive: Path, buildpack: Path
) -> None:
    """Builders look for buildpack.toml at the top; tests and docs are of no use to them."""
    assert release_archive.name == f"heroku-lambda-packager-{__version__}.tgz"
    assert release_archive.stat().st_size < MEGABYTE
    with tarfile.open(release_archive) as archive:
        names = {member.name for member in archive if not member.isdir()}
        programs = {member.name for member in archive if member.isfile() and member.mode & 0o100}
    assert {name for name in names if "/" not in name} == {"LICENSE", "buildpack.toml"}
    assert {name.partition("/")[0] for name in names if "/" in name} == {
        "bin", "packager", "sdk_java", "sdk_node", "sdk_python"
    }  # fmt: skip
    expected = {
        str(path.relative_to(buildpack))
        for folder in ("bin", "packager", "sdk_java/src/main", "sdk_python/env_properties")
        for path in (buildpack / folder).rglob("*")
        if path.is_file()
    }
    readers = {name for name in names if name.startswith("sdk_node/")}
    assert names - readers == expected | {"LICENSE", "buildpack.toml"}
    assert {"sdk_node/index.js", "sdk_node/index.mjs", "sdk_node/package.json"} <= readers
    assert not [name for name in names if "test" in name]
    assert {"bin/build", "bin/compile", "bin/detect", "bin/dyno/bin/deploy"} <= programs


@requires("git")
def test_an_image_is_built_from_the_archive(
    release_archive: Path,
    first_image: FirstImage,
    own_platform: Platform,
    app: Path,
    python_config: Mapping[str, str],
    tmp_path: Path,
) -> None:
    """It has all that `packager vendor` and a deploy need."""
    folder = tmp_path / "unpacked"
    with tarfile.open(release_archive) as archive:
        archive.extractall(folder, filter="tar")
    platform = Platform(own_platform.folder, [folder])
    build = platform.build(app, python_config)
    assert build.status == 0, build.log
    for language in ("python", "node", "java"):
        (tmp_path / language).mkdir()
        run = build.image.launch(f"packager vendor {language} {tmp_path / language}", {})
        assert run.returncode == 0, run.stderr
