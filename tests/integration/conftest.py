"""Fixtures that the tests of commands and releases share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests import aws_stub, lambda_stub
from tests.integration.watch_process import Watching, node_app, watching
from tests.lambda_stub import Stub
from tests.proxy import Proxy
from tests.releases import Releases
from tests.service import Service
from tests.trees import plant

PYTHON_HANDLER = {"lambda_function.py": "def lambda_handler(event, context): return 1\n"}

WatchApp = Callable[..., AbstractContextManager[Watching]]


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A Lambda API that does what moto does not."""
    with lambda_stub.running() as running:
        yield running


@pytest.fixture
def aws() -> Iterator[aws_stub.Stub]:
    """AWS's STS, SSO and Lambda, with the responses that a test chooses."""
    with aws_stub.running() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The smallest Node.js app."""
    files = {"package.json": "{}", "index.js": "exports.handler = async () => 1\n"}
    return plant(tmp_path / "app", files)


@pytest.fixture
def python_app(tmp_path: Path) -> Path:
    """The smallest Python app."""
    return plant(tmp_path / "app", PYTHON_HANDLER)


@pytest.fixture
def watched_app(tmp_path: Path) -> Path:
    """An app with code in folders, a dependency, and files that are ignored."""
    return node_app(tmp_path / "app")


@pytest.fixture
def watch_app(
    watched_app: Path, service: Service, proxy: Proxy, function: str, temporary: Path
) -> WatchApp:
    """Starts `packager watch` of the app with these options, and ends it."""

    def watch_app(*options: str, **more: Any) -> AbstractContextManager[Watching]:
        to = (service, proxy, function)
        return watching(watched_app, *to, *options, temporary=temporary, **more)

    return watch_app


@pytest.fixture
def releases(stub: Stub, app: Path, tmp_path: Path) -> Releases:
    """A small app, and a function for it."""
    stub.create_function("hello")
    return Releases(stub, tmp_path)
