"""A package that pip can install without a package index."""

from __future__ import annotations

import zipfile
from pathlib import Path


def wheel(folder: Path, *, modules: int = 1) -> Path:
    """Create the wheel of a package `dep` with this number of modules."""
    path, about = folder / "dep-1.0-py3-none-any.whl", "dep-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(modules):
            archive.writestr(f"dep/module_{number}.py", f"number = {number}\n")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: dep\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path
