"""Other tools, of fixed versions, installed into the cache by their own package managers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.inputs import npm_install
from tests.conftest import cached

_PEERS = Path(__file__).with_name("peers")


def of_python() -> Path:
    """Give the folder for PYTHONPATH with awscli, javaproperties and python-dotenv."""
    source = _PEERS / "python"

    def build(folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        requirements: list[str | Path] = ["--target", folder, "-r", source / "requirements.txt"]
        subprocess.run([*pip, *requirements], check=True)

    return cached("benchmark-peers-python", source, build)


def of_node(kind: str) -> Path:
    """Give the folder of node_modules with the peers of one `kind`."""
    source = _PEERS / f"node-{kind}"

    def build(folder: Path) -> None:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        npm_install("install", folder)

    return cached(f"benchmark-peers-node-{kind}", source, build) / "node_modules"
