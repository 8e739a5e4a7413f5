"""The Python reader as it is published: the contents of its sdist and wheel, and that they work."""

from __future__ import annotations

import os
import sys
import tarfile
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest

from packager import __version__
from tests.commands import run
from tests.conftest import requires

SDK = Path(__file__).parent.parent.parent / "sdk_python"
READER = {"env_properties/__init__.py", "env_properties/_typed.py", "env_properties/py.typed"}
NAME = f"env_properties-{__version__}"
METADATA = f"{NAME}.dist-info"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, built from the project; beside it the wheel, built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, SDK)
    return folder / f"{NAME}.tar.gz"


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """The wheel."""
    return sdist.with_name(f"{NAME}-py3-none-any.whl")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel's files, as an installation has them."""
    folder = tmp_path_factory.mktemp("site-packages")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_the_sdist_holds_the_reader_and_its_tests(sdist: Path) -> None:
    """The reader, its tests and its metadata; hatchling adds .gitignore."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    described = {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
    tests = {"tests/test_conformance.py", "tests/test_reader.py", "tests/test_typed.py"}
    assert names == READER | tests | described


def test_the_wheel_holds_the_reader_and_nothing_else(wheel: Path) -> None:
    """The reader's files as they are in the project, and the wheel's own."""
    with ZipFile(wheel) as archive:
        described = {"METADATA", "WHEEL", "RECORD", "licenses/LICENSE"}
        assert set(archive.namelist()) == READER | {f"{METADATA}/{name}" for name in described}
        for name in READER:
            assert archive.read(name) == (SDK / name).read_bytes()


def test_the_wheel_needs_nothing_but_python(wheel: Path) -> None:
    """No dependency outside the extra of its tests, from Python 3.9 on."""
    with ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"{METADATA}/METADATA"))
    assert (metadata["Name"], metadata["Version"]) == ("env-properties", __version__)
    assert metadata["Requires-Python"] == ">=3.9"
    assert metadata["License-Expression"] == "MIT"
    assert all("extra == 'test'" in need for need in metadata.get_all("Requires-Dist", []))


@requires("vermin")
def test_the_syntax_is_that_of_python_3_9() -> None:
    """The reader uses nothing of a later Python."""
    run("vermin", "--target=3.9-", "--violations", "--no-tips", "env_properties", cwd=SDK)


def test_an_installed_reader_reads(installed: Path, tmp_path: Path) -> None:
    """A program that has the wheel finds its config."""
    file = tmp_path / "env.properties"
    file.write_bytes(rb"GREETING=caf\u00e9\n")
    environment = {**os.environ, "PYTHONPATH": str(installed), "ENV_PROPERTIES_FILE": str(file)}
    program = "from env_properties import env; print(ascii(env['GREETING']))"
    assert run(sys.executable, "-c", program, env=environment) == r"'caf\xe9\n'" + "\n"


CONSUMER = """
from pathlib import Path
from typing import Mapping

from env_properties import MalformedFileError, WrongTypeError
from env_properties import env, load, override, populate, require

url: str = env["DATABASE_URL"]
level: str = env.get("LOG_LEVEL", "INFO")
missing: str | None = env.get("NONE")
file: Mapping[str, str] = load(Path("env.properties"))
populate(override=True)
try:
    load()
except MalformedFileError as error:
    line: int = error.line
env["DATABASE_URL"] = "other"  # type: ignore[index]

port: int = env.int("PORT")
default_port: int = env.int("PORT", 8080)
optional_port: int | None = env.int("PORT", None)
ratio: float = env.float("RATIO", default=0.5)
debug: bool = env.bool("DEBUG", False)
hosts: list[str] = env.list("HOSTS", [])
limits: dict[str, int] = env.json("LIMITS", {})
url, token = require("DATABASE_URL", "TOKEN")
with override(DATABASE_URL="other", TOKEN=None):
    try:
        env.bool("DEBUG")
    except WrongTypeError as wrong:
        text: str = str(wrong)
not_set: int = env.int("PORT", None)  # type: ignore[arg-type]
not_text: int = env.float("RATIO")  # type: ignore[assignment]
env.int("PORT", 1, 2)  # type: ignore[call-overload]
env.string("PORT")  # type: ignore[attr-defined]
override(PORT=8080)  # type: ignore[arg-type]
"""


@requires("mypy")
def test_an_installed_reader_is_typed(installed: Path, tmp_path: Path) -> None:
    """A program that uses all of the reader passes mypy's strict mode, and cannot write to it."""
    (tmp_path / "consumer.py").write_text(CONSUMER)
    run(
        *("mypy", "--strict", "--config-file=", "--cache-dir", tmp_path / "cache", "consumer.py"),
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(installed)},
    )
