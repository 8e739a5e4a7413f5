"""What pip has built on this machine, as it does with a source archive whose place is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packager.apps.python.platform import Platform
from packager.errors import PackageError
from packager.names import printable


def check(installed: Path, platform: Platform) -> None:
    """Raise PackageError for what was built and is not pure Python, which runs anywhere.

    A compiled library fits this machine, its Python and its glibc. What a wheel was installed from
    need not be looked at: pip has compared its name with the platform.
    """
    for about in sorted(installed.glob("*.dist-info")):
        # PEP 610: pip notes it for what did not come from an index, where it takes wheels alone.
        origin = about / "direct_url.json"
        if not origin.is_file() or _is_wheel(json.loads(origin.read_text("utf-8"))):
            continue
        tags = _tags(about / "WHEEL")
        if not tags & platform.pure_tags():
            name, _, version = about.name.removesuffix(".dist-info").rpartition("-")
            raise PackageError(
                f"{printable(f'{name}=={version}')} has no wheel for {platform}: its source was"
                f" built for this machine{', as ' + printable(min(tags)) if tags else ''}.",
                "Choose a version that has one, or build the wheel for that platform and name its"
                " file.",
            )


def _is_wheel(origin: dict[str, Any]) -> bool:
    return "archive_info" in origin and urlsplit(origin["url"]).path.endswith(".whl")


def _tags(path: Path) -> set[str]:
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return {line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")}
