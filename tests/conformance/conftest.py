"""The readers, started once for all conformance tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.readers import Readers, running


@pytest.fixture(scope="session")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    """The three readers and the JDK's Properties."""
    with running(tmp_path_factory.mktemp("classes")) as readers:
        yield readers
