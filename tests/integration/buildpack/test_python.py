"""The Python that the packager runs on: heroku/python's, or a standalone one."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.buildpack import heroku, standalone_python
from tests.integration.buildpack.conftest import Build, Cold
from tests.integration.buildpack.heroku import PACKAGER, Push
from tests.integration.buildpack.standalone_python import Mirror

THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def archives(own_cache: Path) -> Path:
    """The folder of the cached archive; here, of none."""
    folder = own_cache / "heroku-lambda-packager"
    for archive in folder.glob("python-*"):
        archive.unlink()
    return folder


@pytest.fixture
def push(app: Path, own_cache: Path, buildpack: Path, tmp_path: Path) -> Build:
    """Builds the app over a cache of its own, with no config vars but those given."""

    def push(**config: str) -> Push:
        return heroku.push(app, tmp_path, own_cache, config, buildpack=buildpack)

    return push


def test_the_standalone_python_is_downloaded_checked_and_kept(
    cold: Cold, archive: Path, mirror: Mirror
) -> None:
    assert "Downloading the standalone Python" in cold.push.log
    assert "Using the standalone Python" in cold.push.log
    assert mirror.url not in cold.push.log
    assert (cold.push.folder / PACKAGER / "python" / "bin" / "python3").exists()
    [cached] = (cold.cache / "heroku-lambda-packager").glob("python-*")
    assert cached.read_bytes() == archive.read_bytes()


def test_another_checksum_is_refused_before_anything_is_unpacked(
    archives: Path, push: Build, app: Path, mirror: Mirror
) -> None:
    pushed = push(_LAMBDA_PYTHON_URL=mirror.url)
    assert pushed.status == 1
    assert "has another checksum than expected" in pushed.log
    assert standalone_python.sha256(mirror.archive) in pushed.log
    assert not list(archives.glob("python-*"))
    assert {path.name for path in pushed.folder.iterdir()} == {path.name for path in app.iterdir()}


def test_a_checksum_from_a_config_var_holds_and_is_not_shown(
    archives: Path, push: Build, mirror: Mirror
) -> None:
    wrong = "0123456789abcdef" * 4
    pushed = push(_LAMBDA_PYTHON_URL=mirror.url, _LAMBDA_PYTHON_SHA256=wrong)
    assert pushed.status == 1
    assert "that of the config var _LAMBDA_PYTHON_SHA256" in pushed.log
    assert wrong not in pushed.log


def test_a_new_pin_takes_the_place_of_the_old_one(
    own_cache: Path, push: Build, archive: Path, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.tar.gz"
    # gzip's time stamp, bytes 4 to 7: another archive of the same Python.
    content = archive.read_bytes()
    newer.write_bytes(content[:4] + b"\x01\x02\x03\x04" + content[8:])
    checksum = standalone_python.sha256(newer)
    pushed = push(_LAMBDA_PYTHON_URL=newer.as_uri(), _LAMBDA_PYTHON_SHA256=checksum.upper())
    assert pushed.status == 0, pushed.log
    cached = (own_cache / "heroku-lambda-packager").glob("python-*")
    assert [path.name for path in cached] == [f"python-{checksum}.tar.gz"]


def test_a_damaged_archive_is_downloaded_again_and_a_broken_transfer_tried_again(
    own_cache: Path, push: Build, mirror: Mirror, python_config: Mapping[str, str]
) -> None:
    [cached] = (own_cache / "heroku-lambda-packager").glob("python-*")
    cached.write_bytes(cached.read_bytes()[:1000])
    downloads, mirror.breaking = mirror.requests, 1
    pushed = push(**python_config)
    assert pushed.status == 0, pushed.log
    assert mirror.requests == downloads + 2
    assert standalone_python.sha256(cached) == python_config["_LAMBDA_PYTHON_SHA256"]


def test_offline_the_log_has_a_hint_and_hides_the_address_of_the_mirror(
    archives: Path, push: Build, app: Path
) -> None:
    with socket.socket() as taken:
        # Bound, but not listening: connections are refused.
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        pushed = push(_LAMBDA_PYTHON_URL=f"http://canary:canary@127.0.0.1:{port}/canary")
    assert pushed.status == 1
    assert "could not be downloaded" in pushed.log
    assert "curl ended with status 7" in pushed.log
    assert "What you can do" in pushed.log
    assert "canary" not in pushed.log
    assert str(port) not in pushed.log
    assert {path.name for path in pushed.folder.iterdir()} == {path.name for path in app.iterdir()}


def test_a_url_with_a_line_end_is_refused_before_anything_is_downloaded(
    archives: Path, push: Build, mirror: Mirror, tmp_path: Path
) -> None:
    """The second line would be an option of curl, which could write any file."""
    planted, downloads = tmp_path / "planted", mirror.requests
    pushed = push(_LAMBDA_PYTHON_URL=f'{mirror.url}"\noutput = "{planted}')
    assert pushed.status == 1
    assert "_LAMBDA_PYTHON_URL has a control character" in pushed.log
    assert str(planted) not in pushed.log
    assert (mirror.requests, planted.exists()) == (downloads, False)


def test_a_url_with_a_range_is_one_url(
    archives: Path, push: Build, mirror: Mirror, python_config: Mapping[str, str]
) -> None:
    """Otherwise curl would fetch each number of the range."""
    downloads = mirror.requests
    pushed = push(**{**python_config, "_LAMBDA_PYTHON_URL": f"{mirror.url}?[1-300]{{a,b}}"})
    assert pushed.status == 0, pushed.log
    assert mirror.requests == downloads + 1


def test_an_archive_without_a_python_is_refused(
    archives: Path, push: Build, tmp_path: Path
) -> None:
    other = shutil.make_archive(str(tmp_path / "other"), "gztar", Path(__file__).parent)
    pushed = push(
        _LAMBDA_PYTHON_URL=Path(other).as_uri(),
        _LAMBDA_PYTHON_SHA256=standalone_python.sha256(Path(other)),
    )
    assert pushed.status == 1
    assert "does not start" in pushed.log


def test_a_malformed_checksum_is_refused(archives: Path, push: Build, mirror: Mirror) -> None:
    pushed = push(_LAMBDA_PYTHON_URL=mirror.url, _LAMBDA_PYTHON_SHA256="canary")
    assert pushed.status == 1
    assert "_LAMBDA_PYTHON_SHA256 is not a SHA-256 checksum" in pushed.log
    assert "canary" not in pushed.log


def test_herokus_python_is_used_if_it_is_there(
    herokus_python: Path, app: Path, build: Build, tmp_path: Path
) -> None:
    pushed = build(joined(tmp_path, herokus_python, app))
    assert pushed.status == 0, pushed.log
    assert f"Using the Python {THIS_PYTHON} of heroku/python" in pushed.log
    assert not (pushed.folder / PACKAGER / "python").exists()
    assert heroku.release(pushed).run("packager --version", {}).returncode == 0


def test_herokus_python_without_pip_is_left_for_a_standalone_one(
    herokus_python: Path, app: Path, build: Build, tmp_path: Path
) -> None:
    both = joined(tmp_path, herokus_python, app)
    for pip in (both / ".heroku/python/lib").glob("python3*/*-packages/pip"):
        shutil.rmtree(pip)
    pushed = build(both)
    assert pushed.status == 0, pushed.log
    assert "has no pip" in pushed.log
    assert (pushed.folder / PACKAGER / "python").exists()


def test_a_python_too_old_is_named_and_left_for_a_standalone_one(
    app: Path, build: Build, tmp_path: Path, old_python: Path
) -> None:
    both = joined(tmp_path, app)
    (both / ".heroku" / "python" / "bin").mkdir(parents=True)
    (both / ".heroku" / "python" / "bin" / "python3").symlink_to(old_python)
    pushed = build(both)
    assert pushed.status == 0, pushed.log
    assert "heroku/python installed a Python 3.9." in pushed.log
    assert "name a newer Python in the file .python-version" in pushed.log
    assert (pushed.folder / PACKAGER / "python").exists()


@pytest.fixture
def old_python() -> Path:
    """A Python 3.9 of this machine."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for python in [Path("/usr/bin/python3.9"), *pyenv.glob("versions/3.9.*/bin/python3.9")]:
        if python.exists():
            return python
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail("not on this machine: python3.9")
    pytest.skip("not on this machine: python3.9")


def joined(tmp_path: Path, *apps: Path) -> Path:
    """Copy several trees into one app."""
    both = tmp_path / "both"
    for app in apps:
        shutil.copytree(app, both, symlinks=True, dirs_exist_ok=True)
    return both
