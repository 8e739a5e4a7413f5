"""Fixtures for the tests of the buildpack, which share a cache and a slug: builds are slow."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.integration.buildpack import cnb, heroku, layers, standalone_python
from tests.integration.buildpack.cnb import Platform
from tests.integration.buildpack.heroku import Push, Slug
from tests.integration.buildpack.standalone_python import Mirror

Build = Callable[..., Push]
MakePlatform = Callable[..., Platform]

LANGUAGES = Path(__file__).parent / "languages"


@dataclass(frozen=True)
class Cold:
    """The first build of an app, and the cache that it filled."""

    push: Push
    cache: Path


@pytest.fixture(scope="session")
def buildpack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The buildpack as Heroku clones it."""
    return heroku.clone(tmp_path_factory.mktemp("buildpack"))


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a standalone Python."""
    return standalone_python.pack(tmp_path_factory.mktemp("standalone") / "python.tar.gz")


@pytest.fixture(scope="session")
def mirror(archive: Path) -> Iterator[Mirror]:
    """A server of the archive."""
    with standalone_python.mirroring(archive) as mirror:
        yield mirror


@pytest.fixture(scope="session")
def python_config(mirror: Mirror) -> dict[str, str]:
    """The config vars that make a build take its Python from the mirror."""
    return {
        "_LAMBDA_PYTHON_URL": mirror.url,
        "_LAMBDA_PYTHON_SHA256": standalone_python.sha256(mirror.archive),
    }


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest Node.js app."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "package.json").write_text("{}\n")
    (folder / "index.js").write_text("exports.handler = async () => 1\n")
    (folder / "a file with blanks.txt").write_text("and a text\n")
    return folder


@pytest.fixture(scope="session")
def cold(
    app: Path,
    python_config: Mapping[str, str],
    buildpack: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Cold:
    """The first build of the app, over an empty cache."""
    folder = tmp_path_factory.mktemp("cold")
    cache = folder / "cache"
    pushed = heroku.push(app, folder, cache, python_config, buildpack=buildpack)
    assert pushed.status == 0, pushed.log
    return Cold(pushed, cache)


@pytest.fixture(scope="session")
def slug(cold: Cold, build_once: Build, app: Path) -> Slug:
    """The app, built and moved to where its dynos run."""
    return heroku.release(build_once(app))


@pytest.fixture
def build(tmp_path: Path, cold: Cold, python_config: Mapping[str, str], buildpack: Path) -> Build:
    """Builds an app with these config vars over the warm cache."""
    return _builder(tmp_path, cold.cache, python_config, buildpack)


@pytest.fixture(scope="session")
def build_once(
    tmp_path_factory: pytest.TempPathFactory,
    cold: Cold,
    python_config: Mapping[str, str],
    buildpack: Path,
) -> Build:
    """Like `build`, for slugs that several tests share."""
    return _builder(tmp_path_factory.mktemp("built"), cold.cache, python_config, buildpack)


def _builder(folder: Path, cache: Path, config: Mapping[str, str], buildpack: Path) -> Build:
    def build(app: Path, **more: str) -> Push:
        return heroku.push(app, folder, cache, {**config, **more}, buildpack=buildpack)

    return build


@pytest.fixture
def own_cache(cold: Cold, tmp_path: Path) -> Path:
    """A copy of the warm cache, for a test that changes it."""
    return Path(shutil.copytree(cold.cache, tmp_path / "cache"))


@pytest.fixture(scope="session")
def herokus_python(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that heroku/python adds to an app: `.heroku/python` and its script for dynos."""
    app = tmp_path_factory.mktemp("herokus")
    (app / ".heroku").mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(app / ".heroku", filter="tar")
    (app / ".profile.d").mkdir()
    (app / ".profile.d" / "python.sh").write_text(
        "export PATH=${HOME}/.heroku/python/bin:${PATH}\n"
        "export PYTHONUNBUFFERED=true\n"
        "export PYTHONHOME=${HOME}/.heroku/python\n"
        "export LIBRARY_PATH=${HOME}/.heroku/python/lib${LIBRARY_PATH:+:${LIBRARY_PATH}}\n"
        "export LD_LIBRARY_PATH=${HOME}/.heroku/python/lib${LD_LIBRARY_PATH:+:${LD_LIBRARY_PATH}}\n"
        "export LANG=${LANG:-en_US.UTF-8}\n"
        "export PYTHONPATH=${PYTHONPATH:-${HOME}}\n"
    )
    return app


@dataclass(frozen=True)
class FirstImage:
    """The first image of an app: its build, the hash of its layer, and the platform."""

    build: cnb.Build
    digest: str
    platform: Platform


@pytest.fixture(scope="session")
def first_image(
    app: Path,
    python_config: Mapping[str, str],
    buildpack: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> FirstImage:
    """The image of an app, built over an empty cache."""
    platform = Platform(tmp_path_factory.mktemp("first"), [buildpack])
    build = platform.build(app, python_config)
    return FirstImage(build, layers.digest(build.image.layer("packager")), platform)


@pytest.fixture(scope="session")
def make_platform(first_image: FirstImage, buildpack: Path) -> MakePlatform:
    """Creates a platform that already has an image, which each build of the test replaces.

    The stand-ins in `before` build before the buildpack, those in `after` after it.
    """

    def make(*before: str, after: Sequence[str] = ()) -> Platform:
        around = [[LANGUAGES / name for name in names] for names in (before, after)]
        return replace(first_image.platform, buildpacks=[*around[0], buildpack, *around[1]])

    return make


@pytest.fixture
def own_platform(first_image: FirstImage, tmp_path: Path) -> Platform:
    """A platform for one test, with a full cache but without an image."""
    cnb.copy(first_image.platform.folder / "cache", tmp_path / "platform" / "cache")
    return replace(first_image.platform, folder=tmp_path / "platform")
