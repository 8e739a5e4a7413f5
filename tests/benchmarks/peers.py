"""Other tools, in fixed versions, installed into the cache by their own package managers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.inputs import npm_install
from tests.conftest import cached

_PEERS = Path(__file__).with_name("peers")


def of_python() -> Path | None:
    """Return a folder for PYTHONPATH with awscli, javaproperties and python-dotenv.

    Return None if they cannot be installed.
    """
    return _by_pip("python")


def of_sam() -> Path | None:
    """Return a folder for PYTHONPATH with SAM, and the extras of moto that it needs."""
    return _by_pip("sam")


def _by_pip(kind: str) -> Path | None:
    source = _PEERS / kind

    def build(folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        requirements: list[str | Path] = ["--target", folder, "-r", source / "requirements.txt"]
        subprocess.run([*pip, *requirements], check=True)

    return _installed(f"benchmark-peers-{kind}", source, build)


def of_node(kind: str) -> Path | None:
    """Return a node_modules folder with the peers of one `kind`.

    Return None if they cannot be installed.
    """
    source = _PEERS / f"node-{kind}"

    def build(folder: Path) -> None:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        npm_install("install", folder)

    folder = _installed(f"benchmark-peers-node-{kind}", source, build)
    return folder and folder / "node_modules"


def _installed(name: str, source: Path, build: Callable[[Path], None]) -> Path | None:
    try:
        return cached(name, source, build)
    except (OSError, subprocess.CalledProcessError):  # no package manager or network
        return None
