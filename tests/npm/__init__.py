"""Packages of npm that tests install: each folder here names them, in fixed versions."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.commands import run
from tests.conftest import cached

HERE = Path(__file__).parent


def installed(name: str) -> Path:
    """Return the folder with the packages of `name`, in its `node_modules`."""

    def build(folder: Path) -> None:
        shutil.copy(HERE / name / "package.json", folder)
        options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--silent"]
        run("npm", "install", *options, cwd=folder)

    return cached(f"npm-{name}", HERE / name, build)
