"""What the tests install once: AWS's runtime interface clients, and libraries for handlers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

# The last version for Node.js 20; it is 4 from Node.js 22 on.
_NODE_CLIENT = "aws-lambda-ric@3.3.0"
_PYTHON_CLIENT = "awslambdaric==4.2.2"
_JAVA_CLIENT = "com.amazonaws:aws-lambda-java-runtime-interface-client:2.9.0"
_JAVA_CORE = "com.amazonaws:aws-lambda-java-core:1.4.0"

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>tools</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>
  </dependency></dependencies>
</project>
"""
_COPY_JARS = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def node_client() -> Path:
    """Build `aws-lambda-ric`, which takes about two minutes; give its program."""

    def install(folder: Path) -> None:
        _run("npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", _NODE_CLIENT)

    folder = _installed(_NODE_CLIENT, install)
    return folder / "node_modules" / "aws-lambda-ric" / "bin" / "index.mjs"


def python_client() -> Path:
    """Install `awslambdaric` for the running Python; give the folder of its modules."""
    options = ["--quiet", "--disable-pip-version-check", "--target"]

    def install(folder: Path) -> None:
        _run(sys.executable, "-m", "pip", "install", *options, str(folder), _PYTHON_CLIENT)

    return _installed(f"{_PYTHON_CLIENT}-{sys.implementation.cache_tag}", install)


def java_client() -> Path:
    """Install Java's runtime interface client; give the folder of its jars."""
    return _jars(_JAVA_CLIENT)


def java_core() -> Path:
    """Install the interfaces that Java handlers implement; give the folder of their jar."""
    return _jars(_JAVA_CORE)


def _jars(coordinates: str) -> Path:
    def install(folder: Path) -> None:
        pom = folder / "pom.xml"
        pom.write_text(_POM.format(*coordinates.split(":")))
        _run("mvn", "-q", "-B", "-f", str(pom), _COPY_JARS, f"-DoutputDirectory={folder}")

    return _installed(coordinates, install)


def _installed(name: str, install: Callable[[Path], None]) -> Path:
    """Give the folder of the tool, from earlier runs or installed now: either all or nothing."""
    cache = Path(
        os.environ.get("PACKAGER_TEST_CACHE") or "~/.cache/heroku-lambda-packager-tests"
    ).expanduser()
    folder = cache / re.sub(r"[^\w.-]+", "_", name)
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=cache))
        try:
            install(part)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
