"""What all tests share: the service, and what other languages' programs build once."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import service as lambda_service
from tests.service import Service

# A property holds or not; a busy machine fails none of them.
settings.register_profile("packager", deadline=None)
settings.load_profile("packager")


def requires(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where one of `programs` is missing; with REQUIRE_ALL=1 run it, to fail."""
    missing = [program for program in programs if shutil.which(program) is None]
    skip = bool(missing) and os.environ.get("REQUIRE_ALL") != "1"
    return pytest.mark.skipif(skip, reason=f"not on this machine: {', '.join(missing)}")


# Files of the tests' own, locked by flock(2); see `turn`.
_RUNNING, _NEXT = Path(__file__), Path(__file__).with_name("__init__.py")


@contextlib.contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait for the turn of a test among those that pytest-xdist runs side by side.

    Who waits to be alone holds the lock of `_NEXT`, so that no other test begins before it.
    """
    with _RUNNING.open() as running:
        with _NEXT.open() as following:
            fcntl.flock(following, fcntl.LOCK_EX)
            fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


# The tests of this folder share builds that take long, so that one process runs them all.
_BUILDPACK = "tests/integration/buildpack/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With --dist loadfile, keep the order of the folders: the unit tests are quick, and last.

    pytest-xdist would begin with the files that have the most tests, and end with the slowest ones.
    """
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _BUILDPACK if nodeid.startswith(_BUILDPACK) else super()._split_scope(nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run tests that are marked as `alone` while no other test runs."""
    with turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_ALL=1, let a test that skips itself fail."""
    report = yield
    if (
        report.skipped
        and os.environ.get("REQUIRE_ALL") == "1"
        and isinstance(report.longrepr, tuple)
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped, though REQUIRE_ALL=1: {report.longrepr[2]}"
    return report


# As a terminal starts programs: who starts the tests may have them ignored (in the background, by
# nohup), and then all their children would.
for _number, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


def cached(name: str, source: Path, build: Callable[[Path], None]) -> Path:
    """Return a folder that `build` has filled once for all runs with the same files in `source`."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    contents = b"".join(bytes(path.relative_to(source)) + path.read_bytes() for path in files)
    default = Path.home() / ".cache" / "heroku-lambda-packager-tests"
    cache = Path(os.environ.get("PACKAGER_TEST_CACHE", default))
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{name}-{hashlib.sha256(contents).hexdigest()[:16]}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=cache) as making:
            made = Path(making, "made")
            made.mkdir()
            build(made)
            made.rename(folder)
    return folder


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """A Lambda and S3 API over HTTP."""
    with lambda_service.running() as running:
        yield running


@pytest.fixture(autouse=True)
def packages_dropped(request: pytest.FixtureRequest) -> Iterator[None]:
    """The service holds packages in memory; those of a test go with it."""
    names = request.fixturenames
    service = request.getfixturevalue("service") if "service" in names else None
    with service.dropping() if isinstance(service, Service) else contextlib.nullcontext():
        yield


@pytest.fixture
def function(service: Service, request: pytest.FixtureRequest) -> str:
    """A function of the test's own, with an empty package."""
    name = f"function-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]}"
    service.create_function(name)
    return name


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the command's temporary files go; a test looks that none is left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder
