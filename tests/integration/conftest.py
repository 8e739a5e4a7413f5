"""Fixtures that the tests of commands and releases share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import lambda_stub
from tests.lambda_stub import Stub
from tests.releases import Releases


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A Lambda API that does what moto does not."""
    with lambda_stub.running() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The smallest Node.js app."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "package.json").write_text("{}")
    (folder / "index.js").write_text("exports.handler = async () => 1\n")
    return folder


@pytest.fixture
def releases(stub: Stub, app: Path, tmp_path: Path) -> Releases:
    """A small app, and a function for it."""
    stub.create_function("hello")
    return Releases(stub, tmp_path)
