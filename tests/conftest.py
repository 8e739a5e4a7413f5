"""What all tests share: the service, and what other languages' programs build once."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import service as lambda_service
from tests.service import Service


def requires(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where one of `programs` is missing; with REQUIRE_ALL=1 run it, to fail."""
    missing = [program for program in programs if shutil.which(program) is None]
    skip = bool(missing) and os.environ.get("REQUIRE_ALL") != "1"
    return pytest.mark.skipif(skip, reason=f"not on this machine: {', '.join(missing)}")


# As a terminal starts programs: who starts the tests may have them ignored (in the background, by
# nohup), and then all their children would.
for _number, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


def cached(name: str, source: Path, build: Callable[[Path], None]) -> Path:
    """Give a folder that `build` has filled once for all runs with the same files in `source`."""
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
