"""Fixtures that the tests of commands and releases share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import lambda_stub
from tests.lambda_stub import Stub
from tests.releases import Releases
from tests.trees import plant

PYTHON_HANDLER = {"lambda_function.py": "def lambda_handler(event, context): return 1\n"}


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A Lambda API that does what moto does not."""
    with lambda_stub.running() as running:
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
def releases(stub: Stub, app: Path, tmp_path: Path) -> Releases:
    """A small app, and a function for it."""
    stub.create_function("hello")
    return Releases(stub, tmp_path)
