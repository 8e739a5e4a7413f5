"""The readers, started once for all tests of conformance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.readers import Readers, running


@pytest.fixture(scope="session")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    """The JDK's Properties and the three readers."""
    with running(tmp_path_factory.mktemp("classes")) as readers:
        yield readers
