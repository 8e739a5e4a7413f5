"""The readers agree on random inputs, and a difference would be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.fuzz import DifferenceError, compare
from tests.conformance.readers import Readers, Result
from tests.conftest import requires

pytestmark = requires("java", "javac", "node")


def test_all_readers_agree_on_random_inputs(readers: Readers, tmp_path: Path) -> None:
    """The test tries 4,000; `python -m tests.conformance.fuzz --inputs N --seed S` tries more."""
    compare(readers.read_all, tmp_path / "env.properties", inputs=4000, seed=2026)


def test_a_difference_between_readers_is_found(readers: Readers, tmp_path: Path) -> None:
    """The comparison stops at a difference, and reports everything that reproduces it."""

    def read_all(path: Path) -> dict[str, Result]:
        results = readers.read_all(path)
        path.write_bytes(path.read_bytes().replace(b"\f", b"\x0b"))
        return {
            **results,
            "a reader for which a form feed is not a blank": readers.read_all(path)["JDK"],
        }

    with pytest.raises(DifferenceError) as caught:
        compare(read_all, tmp_path / "env.properties", inputs=200, seed=5)
    first, *shown = str(caught.value).splitlines()
    assert re.fullmatch("seed 5, file [0-9a-f]+", first)
    assert shown[-1].startswith("a reader for which a form feed is not a blank: ")
