"""Programs that the tests install once: AWS's runtime interface clients and its emulator."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.commands import run
from tests.conftest import cached

_SOURCES = Path(__file__).parent

# npm compiles the client's native code with these, according to its README.
_NODE_CLIENT_NEEDS = ("npm", "cmake", "g++", "make", "autoconf", "automake", "libtoolize")


def node_client() -> Path:
    """Install `aws-lambda-ric`, which takes two minutes to build; return its program."""

    def build(folder: Path) -> None:
        missing = [program for program in _NODE_CLIENT_NEEDS if shutil.which(program) is None]
        if missing and os.environ.get("REQUIRE_ALL") != "1":
            pytest.skip(f"not on this machine: {', '.join(missing)}")
        shutil.copy(_SOURCES / "node" / "package.json", folder)
        run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder)

    folder = cached("runtime-node", _SOURCES / "node", build)
    return folder / "node_modules" / "aws-lambda-ric" / "bin" / "index.mjs"


def python_client() -> Path:
    """Install `awslambdaric` for the running Python; return the folder of its modules."""

    def build(folder: Path) -> None:
        requirements = _SOURCES / "python" / "requirements.txt"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run(*pip, "--target", folder, "--requirement", requirements)

    return cached(f"runtime-{sys.implementation.cache_tag}", _SOURCES / "python", build)


def java_client() -> Path:
    """Install the runtime interface client for Java; return the folder of its jars."""
    return _jars("java")


def java_core() -> Path:
    """Install the interfaces that Java handlers implement; return the folder of their jar."""
    return _jars("java-core")


def emulator() -> Path:
    """Build AWS's runtime interface emulator; return its program."""

    def build(folder: Path) -> None:
        module = (_SOURCES / "emulator" / "module").read_text().strip()
        run("go", "install", module, env=os.environ | {"GOBIN": str(folder)})

    return cached("runtime-emulator", _SOURCES / "emulator", build) / "aws-lambda-rie"


def _jars(name: str) -> Path:
    def build(folder: Path) -> None:
        pom = _SOURCES / name / "pom.xml"
        run(
            *("mvn", "-q", "-B", "-f", pom),
            *("dependency:copy-dependencies", f"-DoutputDirectory={folder}"),
        )

    return cached(f"runtime-{name}", _SOURCES / name, build)
