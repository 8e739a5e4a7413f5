"""Check dependencies that were built from source on this machine: they must be pure Python."""

from __future__ import annotations

from pathlib import Path

from packager.apps.python.platform import Platform
from packager.errors import PackageError

# uv adds this file to packages that it has built.
_MARK = "uv_build.json"


class CompiledError(PackageError):
    """A dependency has no wheel for the platform, and is not pure Python."""

    def __init__(self, name: str, version: str, platform: Platform, tag: str) -> None:
        super().__init__(
            f"{f'{name}=={version}'} has no wheel for {platform}: its source was"
            f" built for this machine{', as ' + tag if tag else ''}.",
            "Choose a version that has one, or build a wheel for that platform and list its path.",
        )
        self.name = name


def check(installed: Path, platform: Platform) -> None:
    """Raise CompiledError for a package that was built here and is not pure Python.

    A compiled library fits only this machine, its Python and its glibc. Packages installed from
    wheels need no check, because uv has compared their names with the platform.
    """
    for about in sorted(installed.glob("*.dist-info")):
        if (about / _MARK).is_file():
            tags = _tags(about / "WHEEL")
            if not tags & platform.pure_tags():
                name, _, version = about.name.removesuffix(".dist-info").rpartition("-")
                raise CompiledError(name, version, platform, min(tags, default=""))


def _tags(path: Path) -> set[str]:
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return {line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")}
