"""The dependencies of a Python app, as wheels for Lambda's platform and not for this machine."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from packager import workspace
from packager.apps.members import EXECUTABLE_FILE, REGULAR_FILE, Member, Version
from packager.apps.python import Python, cache, installer, prebuilt, projects
from packager.apps.python.platform import Platform
from packager.apps.python.requirements import canonical
from packager.apps.python.wanted import Wanted
from packager.removal import remove

# What uv writes that is about this machine: records that hash scripts or say where a package was
# from, marks of what was built, and a lock.
_OF_THIS_MACHINE = ("RECORD", "direct_url.json", "uv_build.json", "uv_cache.json", "REQUESTED")

# What this process has installed or found. A watch resolves a range of versions once, not at each
# save.
_known: dict[str, Path] = {}


def members(app: Python) -> tuple[list[Member], Path | None]:
    """Return what the dependencies add to the package of `app`; nothing if it has none.

    With them goes where they may be kept as they are packed, if they are in the cache.

    What was installed when a slug was built is used as it is. What is pinned is installed once for
    each runtime and architecture. Raises PackageError, which names a dependency that has no wheel
    for the platform.
    """
    wanted = projects.read(app.folder, app.requirements)
    if wanted is None:
        return [], None
    platform = Platform.of(app.runtime, app.architecture)
    if from_build := prebuilt.find(wanted, platform):
        return _members(from_build), None
    installed = _find_or_install(wanted, app, platform)
    return _members(installed), installed.with_name(f"{installed.name}.zip")


def _members(installed: Path) -> list[Member]:
    return [
        Member(
            name,
            path,
            EXECUTABLE_FILE if status.st_mode & stat.S_IXUSR else REGULAR_FILE,
            status.st_size,
            Version(status.st_ino, status.st_mtime_ns, status.st_ctime_ns),
        )
        for name, path, status in cache.files(installed)
    ]


def prebuild(app: Python, folder: Path) -> bool:
    """Install into `folder` what deploys from this build use; say whether there was anything.

    Raises PackageError as `members`.
    """
    wanted = projects.read(app.folder, app.requirements)
    if wanted is None:
        return False
    platform = Platform.of(app.runtime, app.architecture)
    prebuilt.write(_find_or_install(wanted, app, platform), wanted, platform, folder)
    return True


def _find_or_install(wanted: Wanted, app: Python, platform: Platform) -> Path:
    """Give the folder of the installed dependencies."""
    key = hashlib.sha256(f"{platform.uv_name} {platform} {wanted.digest()}".encode()).hexdigest()
    found = _known.get(key)
    if found is None or not found.is_dir():
        found = cache.find(key) or _install(wanted, app, platform, key)
        _known[key] = found
    return found


def _install(wanted: Wanted, app: Python, platform: Platform, key: str) -> Path:
    cache.remove_unused()
    if cache.is_old("uv"):
        installer.output_of(["cache", "clean", "--quiet"], app.folder)
    with workspace.private_folder(cache.folder("wheels")) as making:
        installed = making / "installed"
        installer.install(wanted, app.folder, installed, platform, app.requirements_env)
        installed.mkdir(exist_ok=True)
        is_pinned = wanted.pinned is None or _names(installed) <= wanted.pinned
        _clean(installed)
        return cache.keep(installed, key if is_pinned else None)


def _names(installed: Path) -> set[str]:
    return {canonical(about.name.split("-")[0]) for about in installed.glob("*.dist-info")}


def _clean(installed: Path) -> None:
    """Remove what is about this machine."""
    (installed / ".lock").unlink(missing_ok=True)
    for about in installed.glob("*.dist-info"):
        for name in _OF_THIS_MACHINE:
            (about / name).unlink(missing_ok=True)
    for bytecode in [*installed.rglob("__pycache__")]:
        remove(bytecode)
    # Scripts begin with the path of a Python. But `bin` can be a package, too, whose modules are
    # not executable.
    scripts = installed / "bin"
    if scripts.is_dir() and not scripts.is_symlink():
        for script in scripts.iterdir():
            if os.access(script, os.X_OK) and not script.is_dir():
                script.unlink()
        if not any(scripts.iterdir()):
            scripts.rmdir()
