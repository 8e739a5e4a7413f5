"""Shared by the tests of faults: their marker, the number of cases to run, and a large package."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

# FAULTS=all runs every case; the default takes a minute or two.
ALL = os.environ.get("FAULTS") == "all"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests in this folder, so that `-m faults` runs exactly these."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("faults")


def selected_cells(request: pytest.FixtureRequest) -> list[Any]:
    """Return the cells of a matrix whose tests are selected in this run."""
    return [
        item.callspec.params["cell"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and request.fixturename in item.fixturenames
    ]


@pytest.fixture(scope="session")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `small.jar`, and the app `large`, which is too large to be sent directly.

    `large` contains one large file of random bytes, so a deploy has to send all of it.
    """
    folder = tmp_path_factory.mktemp("jars")
    with zipfile.ZipFile(folder / "small.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        jar.writestr("Some.class", bytes(1 << 10))
    app = folder / "large"
    app.mkdir()
    (app / "package.json").write_text("{}")
    (app / "large").write_bytes(os.urandom(51 << 20))
    return folder
