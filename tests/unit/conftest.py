"""Fixtures that the unit tests share."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An empty folder for the files of an app."""
    folder = tmp_path.resolve() / "app"
    folder.mkdir()
    return folder


@pytest.fixture
def recursion_limit() -> Iterator[int]:
    """A limit of nested calls that is soon reached, so that a small input exceeds it."""
    before = sys.getrecursionlimit()
    limit = len(inspect.stack(context=0)) + 150
    sys.setrecursionlimit(limit)
    yield limit
    sys.setrecursionlimit(before)
