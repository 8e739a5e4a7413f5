"""Fixtures and hooks for all tests: the service, test scheduling, and builds that are cached."""

from __future__ import annotations

import contextlib
import fcntl
import gc
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

from tests import s3_stub
from tests import service as lambda_service
from tests.proxy import Proxy, proxying
from tests.service import Service

# Most objects live as long as the tests: with Python's own threshold of 700 new objects, a tenth of
# the unit tests' time is the search for garbage.
gc.set_threshold(200_000)

# Load slows examples down, so a deadline would fail tests at random.
settings.register_profile("packager", deadline=None)
settings.load_profile("packager")


def requires(*programs: str) -> pytest.MarkDecorator:
    """Skip a test if one of `programs` is missing; with REQUIRE_ALL=1, let it run and fail."""
    missing = [program for program in programs if shutil.which(program) is None]
    skip = bool(missing) and os.environ.get("REQUIRE_ALL") != "1"
    return pytest.mark.skipif(skip, reason=f"not on this machine: {', '.join(missing)}")


# The tests lock their own source files with flock(2); see `turn`.
_RUNNING, _NEXT = Path(__file__), Path(__file__).with_name("__init__.py")


@contextlib.contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait until this test may run beside the others of pytest-xdist, or `alone`.

    A test that waits to run alone holds the lock of `_NEXT`, so no other test starts before it.
    """
    with _RUNNING.open() as running:
        with _NEXT.open() as following:
            fcntl.flock(following, fcntl.LOCK_EX)
            fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


# The tests in this folder share slow builds, so one process runs all of them.
_BUILDPACK = "tests/integration/buildpack/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With --dist loadfile, keep the order of the folders: the unit tests are quick and run last.

    pytest-xdist would start with the files that have the most tests and end with the slowest ones.
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
    """Run tests that are marked `alone` while no other test runs."""
    with turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_ALL=1, report a skipped test as failed."""
    report = yield
    if (
        report.skipped
        and os.environ.get("REQUIRE_ALL") == "1"
        and isinstance(report.longrepr, tuple)
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped, though REQUIRE_ALL=1: {report.longrepr[2]}"
    return report


# Give child processes the signal handling that a terminal gives them. Tests that run in the
# background or under nohup inherit ignored signals and would pass them on.
for _number, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


def cached(name: str, source: Path, build: Callable[[Path], None]) -> Path:
    """Return a folder that `build` fills once for all runs with the same files in `source`."""
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
        gc.freeze()  # The service collects garbage often; moto's modules are never garbage.
        yield running


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    """A proxy in front of the service, which records requests and can inject faults."""
    with proxying(service.url) as running:
        yield running


@pytest.fixture
def s3() -> Iterator[s3_stub.Stub]:
    """An S3 API that composes objects as AWS's does, with a function behind it."""
    with s3_stub.running() as running:
        yield running


@pytest.fixture(autouse=True)
def packages_dropped(request: pytest.FixtureRequest) -> Iterator[None]:
    """Delete the functions and buckets that a test creates: the service keeps them in memory."""
    names = request.fixturenames
    service = request.getfixturevalue("service") if "service" in names else None
    with service.dropping() if isinstance(service, Service) else contextlib.nullcontext():
        yield


@pytest.fixture
def function(service: Service, request: pytest.FixtureRequest) -> str:
    """A function that only this test uses, with an empty package."""
    name = f"function-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]}"
    service.create_function(name)
    return name


@pytest.fixture
def python_function(service: Service, function: str) -> str:
    """A function for Python 3.13 that only this test uses, with an empty package."""
    name = f"{function}-python"
    service.create_function(name, "python3.13", "lambda_function.lambda_handler")
    return name


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The folder for the command's temporary files; tests check that it is empty afterwards."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder
