"""The JDK, the three readers and the packager's writer agree on every case."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from packager.properties import dumps
from tests.conformance.make_cases import CASES, FOLDER
from tests.conformance.readers import Answer, Readers
from tests.conftest import requires

EXPECTED: dict[str, Answer] = {
    name: json.loads((FOLDER / f"{name}.json").read_text("ascii")) for name in CASES
}

# Neither can stand in a process environment, and the packager refuses both.
NOT_WRITABLE = re.compile("[\0\ud800-\udfff]")

WRITABLE = {
    name: answer["pairs"]
    for name, answer in EXPECTED.items()
    if "pairs" in answer
    and not any(NOT_WRITABLE.search(key + value) for key, value in answer["pairs"].items())
}

pytestmark = requires("java", "javac", "node")


def test_the_cases_are_those_that_make_cases_writes() -> None:
    """What is committed is what the program makes: nothing is missing, left over or edited."""
    inputs = {path.stem: path.read_bytes() for path in FOLDER.glob("*.properties")}
    assert inputs == CASES
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_all_answer_as_the_case_says(readers: Readers, name: str) -> None:
    """The JDK asked again and each reader give the committed answer."""
    for reader, answer in readers.ask(FOLDER / f"{name}.properties").items():
        assert answer == EXPECTED[name], reader


@pytest.mark.parametrize("name", WRITABLE)
def test_what_the_packager_writes_all_read_back(
    readers: Readers, name: str, tmp_path: Path
) -> None:
    """The pairs of a case, written by the packager, come back from every reader."""
    path = tmp_path / "env.properties"
    path.write_bytes(dumps(WRITABLE[name]))
    for reader, answer in readers.ask(path).items():
        assert answer == {"pairs": WRITABLE[name]}, reader
