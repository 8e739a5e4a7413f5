"""The JDK, the three readers and the packager's writer agree on every case."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from packager.config.properties import dumps
from tests.conformance.make_cases import CASES, FOLDER
from tests.conformance.readers import Readers, Result
from tests.conftest import requires
from tests.service import bare_environment, command
from tests.trees import plant

EXPECTED: dict[str, Result] = {
    name: json.loads((FOLDER / f"{name}.json").read_text("ascii")) for name in CASES
}

# A process environment can hold neither, and the packager refuses both.
NOT_WRITABLE = re.compile("[\0\ud800-\udfff]")

WRITABLE = {
    name: result["pairs"]
    for name, result in EXPECTED.items()
    if "pairs" in result
    and not any(NOT_WRITABLE.search(key + value) for key, value in result["pairs"].items())
}

# One value of every class that config vars have.
CLASSES = {
    "PLAIN": "value",
    "URL": "postgres://user:p%40ss@host.example:5432/db?sslmode=require#part",
    "SPECIAL": "#!=: a #b !c =d :e",
    "EMPTY": "",
    "BACKSLASH": "C:\\new\\table",
    "NEWLINES": "first line\nSECOND=line\r\n",
    "PADDED": " \tvalue \t",
    "UNICODE": "größer, ☕, 😀",
    "JSON": '{"pattern": "\\\\d+", "text": "a\\nb"}',
}

pytestmark = requires("java", "javac", "node")


def test_the_cases_are_those_that_make_cases_writes() -> None:
    """What is committed is what the program makes: nothing is missing, left over or edited."""
    inputs = {path.stem: path.read_bytes() for path in FOLDER.glob("*.properties")}
    assert inputs == CASES
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_reader_returns_the_result_of_the_case(readers: Readers, name: str) -> None:
    """The JDK, asked again, and each reader return the committed result."""
    for reader, result in readers.ask(FOLDER / f"{name}.properties").items():
        assert result == EXPECTED[name], reader


@pytest.mark.parametrize("name", WRITABLE)
def test_every_reader_reads_the_file_of_the_packager(
    readers: Readers, name: str, tmp_path: Path
) -> None:
    """The pairs of a case, written by the packager, come back from every reader."""
    path = tmp_path / "env.properties"
    path.write_bytes(dumps(WRITABLE[name]))
    for reader, result in readers.ask(path).items():
        assert result == {"pairs": WRITABLE[name]}, reader


def test_values_of_every_class_arrive_in_every_reader(readers: Readers, tmp_path: Path) -> None:
    """All nine, as the command writes them; by a shell's pipeline, as was usual, only four."""
    app, package, shell = tmp_path / "app", tmp_path / "app.zip", tmp_path / "shell.properties"
    plant(app, {"package.json": b"{}"})
    command("build", app, "-o", package, env=CLASSES).check_returncode()
    with zipfile.ZipFile(package) as archive:
        archive.extract("env.properties", tmp_path)
    for reader, result in readers.ask(tmp_path / "env.properties").items():
        pairs = result["pairs"]
        assert {name: pairs[name] for name in CLASSES} == CLASSES, reader
    printenv = f"printenv | grep -v ^_ > {shell}"
    subprocess.run(["sh", "-c", printenv], env=bare_environment() | CLASSES, check=True)
    for reader, result in readers.ask(shell).items():
        arrived = {name for name in CLASSES if result["pairs"].get(name) == CLASSES[name]}
        assert arrived == {"PLAIN", "URL", "SPECIAL", "EMPTY"}, reader
