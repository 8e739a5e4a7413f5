"""Dependencies installed during the build of a slug or image, so that deploys install nothing.

A build runs `packager prebuild APP_DIR FOLDER [--env-dir DIR] [--runtime R] [--architecture A]`.
FOLDER is `wheels`, next to the folder `packages` that contains the packager: deploys of this
packager look there. It then contains `prebuilt.json`, with the runtime, the architecture and a hash
of the files that list the dependencies; and `installed/`, the files to package. Without Python
dependencies the command creates no folder, and exits with 0.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from packager.apps.python import tables
from packager.apps.python.platform import Platform
from packager.apps.python.wanted import Wanted
from packager.errors import PackageError
from packager.removal import remove

_MARK, _INSTALLED = "prebuilt.json", "installed"


def write(installed: Path, wanted: Wanted, platform: Platform, folder: Path) -> None:
    """Copy the installed dependencies to `folder`, which is replaced if it exists."""
    remove(folder)
    shutil.copytree(installed, folder / _INSTALLED)
    mark = {
        "runtime": platform.runtime,
        "architecture": platform.architecture,
        "requirements": wanted.digest(),
    }
    (folder / _MARK).write_text(json.dumps(mark) + "\n")
    for path in [folder, *folder.rglob("*")]:
        # Another user may run the image than the one who built it.
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def find(wanted: Wanted, platform: Platform) -> Path | None:
    """Return the folder that a build has installed into; None if this packager has none.

    Raises PackageError if it is for another platform, or for other dependencies.
    """
    folder = _folder()
    if not (folder / _MARK).is_file():
        return None
    mark = tables.json_object(folder / _MARK)
    if (mark.get("runtime"), mark.get("architecture")) != (platform.runtime, platform.architecture):
        raise PackageError(
            f"The dependencies were installed for {mark.get('runtime')} on"
            f" {mark.get('architecture')} when this app was built, but the function has"
            f" {platform.runtime} on {platform.architecture}.",
            f"Set _LAMBDA_RUNTIME={platform.runtime} and"
            f" _LAMBDA_ARCHITECTURE={platform.architecture}, and build the app again.",
        )
    if mark.get("requirements") != wanted.digest():
        raise PackageError(
            f"{wanted.file} has changed since its dependencies were installed by the app's build.",
            "Build the app again.",
        )
    return folder / _INSTALLED


def _folder() -> Path:
    # …/packages/packager/apps/python/prebuilt.py
    packages = Path(__file__).resolve().parents[3]
    return packages.parent / "wheels" if packages.name == "packages" else Path("/nowhere")
