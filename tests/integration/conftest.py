"""What the tests of releases share."""

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
def releases(stub: Stub, tmp_path: Path) -> Releases:
    """A small app, and a function for it."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "package.json").write_text("{}")
    (tmp_path / "app" / "index.js").write_text("exports.handler = async () => 1\n")
    stub.create_function("hello")
    return Releases(stub, tmp_path)
