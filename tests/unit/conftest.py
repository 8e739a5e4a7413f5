"""Fixtures that the unit tests share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An empty folder for the files of an app."""
    folder = tmp_path.resolve() / "app"
    folder.mkdir()
    return folder
