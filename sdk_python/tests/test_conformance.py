"""The reader returns for the shared cases what the JDK returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from env_properties import MalformedFileError, load

SUITE = Path(__file__).parents[2] / "tests" / "conformance"
CASES = sorted((SUITE / "cases").glob("*.properties"))

pytestmark = pytest.mark.skipif(
    not SUITE.is_dir(), reason="the conformance suite is not in this sdist"
)


def result(path: Path) -> dict[str, Any]:
    """Return the variables in a file, or the error, in the form of the cases."""
    try:
        return {"pairs": dict(load(path))}
    except MalformedFileError as error:
        kind = "byte-order-mark" if "byte-order mark" in error.problem else "malformed-escape"
        return {"error": {"kind": kind, "line": error.line}}


def test_the_suite_of_cases_is_not_empty() -> None:
    """The suite is not empty."""
    assert CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_result_is_that_of_the_jdk(case: Path) -> None:
    """A file gives the pairs that java.util.Properties gives, or an error on the same line."""
    assert result(case) == json.loads(case.with_suffix(".json").read_bytes())
