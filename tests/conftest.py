"""What all tests share: the programs of other languages, present or said to be missing."""

from __future__ import annotations

import os
import shutil

import pytest


def requires(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where one of `programs` is missing; with REQUIRE_ALL=1 run it, to fail."""
    missing = [program for program in programs if shutil.which(program) is None]
    skip = bool(missing) and os.environ.get("REQUIRE_ALL") != "1"
    return pytest.mark.skipif(skip, reason=f"not on this machine: {', '.join(missing)}")
