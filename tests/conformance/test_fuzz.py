"""Random inputs find no difference between the readers, and would find one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.fuzz import DifferenceError, compare
from tests.conformance.readers import Readers, Result
from tests.conftest import requires

pytestmark = requires("java", "javac", "node")


def test_all_agree_on_random_inputs(readers: Readers, tmp_path: Path) -> None:
    """A few thousand here; `python -m tests.conformance.fuzz --inputs N --seed S` for more."""
    compare(readers.ask, tmp_path / "env.properties", inputs=4000, seed=2026)


def test_a_reader_that_errs_is_found(readers: Readers, tmp_path: Path) -> None:
    """A difference stops the search and says all that it takes to see it again."""

    def ask(path: Path) -> dict[str, Result]:
        results = readers.ask(path)
        path.write_bytes(path.read_bytes().replace(b"\f", b"\x0b"))
        return {**results, "one to which a form feed is no blank": readers.ask(path)["JDK"]}

    with pytest.raises(DifferenceError) as caught:
        compare(ask, tmp_path / "env.properties", inputs=200, seed=5)
    first, *shown = str(caught.value).splitlines()
    assert re.fullmatch("seed 5, file [0-9a-f]+", first)
    assert shown[-1].startswith("one to which a form feed is no blank: ")
