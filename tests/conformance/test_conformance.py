"""The JDK, the three readers and the packager's writer agree on every case."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from packager.config.properties import dumps
from tests.commands import bare_environment, packager
from tests.conformance.make_cases import CASES, FOLDER
from tests.conformance.readers import Readers, Result
from tests.conftest import requires
from tests.trees import plant

EXPECTED: dict[str, Result] = {
    name: json.loads((FOLDER / f"{name}.json").read_text("ascii")) for name in CASES
}

# A process environment cannot contain these characters, and the packager refuses them.
NOT_WRITABLE = re.compile("[\0\ud800-\udfff]")

WRITABLE = {
    name: result["pairs"]
    for name, result in EXPECTED.items()
    if "pairs" in result
    and not any(NOT_WRITABLE.search(key + value) for key, value in result["pairs"].items())
}

# One value for each class of config vars.
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


def test_the_committed_inputs_are_the_output_of_make_cases() -> None:
    """The committed files equal the program's output: none is missing, left over or edited."""
    inputs = {path.stem: path.read_bytes() for path in FOLDER.glob("*.properties")}
    assert inputs == CASES
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_reader_returns_the_result_of_the_case(readers: Readers, name: str) -> None:
    """The JDK and each reader return the committed result."""
    for reader, result in readers.read_all(FOLDER / f"{name}.properties").items():
        assert result == EXPECTED[name], reader


@pytest.mark.parametrize("name", WRITABLE)
def test_every_reader_reads_the_packagers_file(readers: Readers, name: str, tmp_path: Path) -> None:
    """The packager writes a case's pairs, and every reader returns them."""
    path = tmp_path / "env.properties"
    path.write_bytes(dumps(WRITABLE[name]))
    for reader, result in readers.read_all(path).items():
        assert result == {"pairs": WRITABLE[name]}, reader


def test_values_of_every_class_arrive_in_every_reader(readers: Readers, tmp_path: Path) -> None:
    """All nine classes survive in the packager's file, but only four in `printenv`'s output."""
    app, package, shell = tmp_path / "app", tmp_path / "app.zip", tmp_path / "shell.properties"
    plant(app, {"package.json": b"{}"})
    packager("build", app, "-o", package, env=CLASSES).check_returncode()
    with zipfile.ZipFile(package) as archive:
        archive.extract("env.properties", tmp_path)
    for reader, result in readers.read_all(tmp_path / "env.properties").items():
        pairs = result["pairs"]
        assert {name: pairs[name] for name in CLASSES} == CLASSES, reader
    printenv = f"printenv | grep -v ^_ > {shell}"
    subprocess.run(["sh", "-c", printenv], env=bare_environment() | CLASSES, check=True)
    for reader, result in readers.read_all(shell).items():
        arrived = {name for name in CLASSES if result["pairs"].get(name) == CLASSES[name]}
        assert arrived == {"PLAIN", "URL", "SPECIAL", "EMPTY"}, reader
