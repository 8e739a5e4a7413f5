"""The reader against the shared cases, whose expectations are the JDK's own answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from env_properties import MalformedFileError, load

SUITE = Path(__file__).parents[2] / "tests" / "conformance"
CASES = sorted((SUITE / "cases").glob("*.properties"))

pytestmark = pytest.mark.skipif(
    not SUITE.is_dir(), reason="the conformance suite is no part of this package's sdist"
)


def answer(path: Path) -> dict[str, Any]:
    """What the reader says of a file, in the words of the expectations."""
    try:
        return {"pairs": dict(load(path))}
    except MalformedFileError as error:
        kind = "byte-order-mark" if "byte-order mark" in error.problem else "malformed-escape"
        return {"error": {"kind": kind, "line": error.line}}


def test_there_are_cases() -> None:
    """The suite is not empty."""
    assert CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_answer_is_that_of_the_jdk(case: Path) -> None:
    """A file gives the pairs that java.util.Properties gives, or an error on the same line."""
    assert answer(case) == json.loads(case.with_suffix(".json").read_bytes())
