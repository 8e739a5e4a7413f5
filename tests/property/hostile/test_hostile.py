"""A hostile archive is an ArchiveError or a correct package, in memory that is bounded.

FUZZ_INPUTS says how many mutations are tried; FUZZ_SEED makes other ones.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.property.hostile.fuzz import HERE, fuzz, judge


@pytest.fixture(autouse=True)
def traced_memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_mutations_of_real_archives(tmp_path: Path) -> None:
    inputs, seed = (
        int(os.environ.get(name, default))
        for name, default in (("FUZZ_INPUTS", 3000), ("FUZZ_SEED", 1))
    )
    taken, ways = fuzz(inputs, seed, tmp_path)
    # Not all may fail at the first look, or all be taken.
    assert 0 < taken < inputs
    assert ways > 20


@pytest.mark.parametrize("path", sorted((HERE / "seeds").iterdir()), ids=lambda path: path.name)
def test_a_real_archive_is_taken(path: Path, tmp_path: Path) -> None:
    assert judge(path.read_bytes(), tmp_path)


@pytest.mark.parametrize("path", sorted((HERE / "seeds").iterdir()), ids=lambda path: path.name)
def test_a_real_archive_cut_short_anywhere_is_refused(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    for length in range(len(whole)):
        assert not judge(whole[:length], tmp_path), length
