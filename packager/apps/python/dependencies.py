"""The dependencies of a Python app, as wheels for Lambda's platform and not for this machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from pathlib import Path

from packager import workspace
from packager.apps.files import Member, Selection
from packager.apps.python import built, installer, requirements
from packager.apps.python.platform import Platform
from packager.apps.python.requirements import Requirements

# What pip writes that is about this machine: scripts, which begin with the path of its Python, and
# records that hash them or tell where a package was from.
_SCRIPTS = "/bin/"
_OF_THIS_MACHINE = ("*.dist-info/RECORD", "*.dist-info/direct_url.json", "__pycache__")

_SECONDS_KEPT_UNUSED = 30 * 24 * 3600


def members(app: Path, runtime: str | None, architecture: str | None) -> list[Member]:
    """Give what the dependencies add to the package of `app`; nothing if it has none.

    They are those of `requirements.txt` or else of `pyproject.toml`, and are installed once for the
    same requirements, `runtime` and `architecture`. Raises PackageError, which names a dependency
    that has no wheel for the platform.
    """
    wanted = requirements.read(app)
    if wanted.is_empty:
        return []
    platform = Platform.of(runtime, architecture)
    folder = _cache() / _key(wanted, platform)
    if folder.is_dir():
        os.utime(folder)
    else:
        _install(wanted, platform, folder)
    scripts = () if _has_bin_package(folder) else (_SCRIPTS,)
    return Selection(folder, (*scripts, *_OF_THIS_MACHINE)).members()


def _has_bin_package(folder: Path) -> bool:
    """Say whether `bin` is a package of a wheel; pip puts its scripts there only if it is not.

    Those have `../../bin/` before their names, as they do not belong among the packages.
    """
    records = (
        record.read_text("utf-8").splitlines() for record in folder.glob("*.dist-info/RECORD")
    )
    return any(line.startswith(("bin/", '"bin/')) for lines in records for line in lines)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "heroku-lambda-packager", "wheels")


def _key(wanted: Requirements, platform: Platform) -> str:
    """Name the folder of installed dependencies by all that decides what is in it."""
    digest = hashlib.sha256(
        f"{platform}, {platform.full_version}, pip {installer.version()}".encode()
    )
    for content in (wanted.text.encode(), *wanted.included):
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def _install(wanted: Requirements, platform: Platform, folder: Path) -> None:
    """Install into `folder`, which is there at the end as a whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_unused(folder.parent)
    with workspace.private_folder(folder.parent) as making:
        file, installed = wanted.app / "requirements.txt", making / "installed"
        if not file.is_file():
            file = making / "requirements.txt"
            file.write_text(wanted.text, "utf-8")
        installer.install(wanted, file.resolve(), installed, platform)
        installed.mkdir(exist_ok=True)
        built.check(installed, platform)
        with contextlib.suppress(OSError):  # Another run was quicker.
            installed.rename(folder)


def _remove_unused(cache: Path) -> None:
    """Remove what was not used for long."""
    for folder in cache.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _SECONDS_KEPT_UNUSED:
                shutil.rmtree(folder)
