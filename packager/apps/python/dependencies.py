"""The dependencies of a Python app, as wheels for Lambda's platform instead of this machine's."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packager import atomic_file, workspace
from packager.apps.members import EXECUTABLE_FILE, REGULAR_FILE, Member, Version
from packager.apps.python import Python, cache, installer, prebuilt, projects
from packager.apps.python.platform import Platform
from packager.apps.python.requirements import canonical
from packager.apps.python.wanted import Wanted
from packager.removal import remove

# Files of uv that depend on this machine: records with hashes of scripts or the origin of a
# package, marks of builds, and a lock.
_OF_THIS_MACHINE = ("RECORD", "direct_url.json", "uv_build.json", "uv_cache.json", "REQUESTED")

# The installations that this process has made or found. A watch resolves a range of versions once,
# not on each save.
_known: dict[str, Path] = {}


def members(app: Python) -> tuple[list[Member], Path | None]:
    """Return the members that the dependencies of `app` add to its package.

    If the dependencies are in the cache, also return where to keep them compressed.

    Dependencies installed by the build of a slug are used unchanged. Pinned ones are installed once
    for each runtime and architecture. Raises PackageError, which names a dependency without a wheel
    for the platform.
    """
    wanted = projects.read(app.folder, app.requirements)
    if wanted is None:
        return [], None
    platform = Platform.of(app.runtime, app.architecture)
    if from_build := prebuilt.find(wanted, platform):
        return _members(cache.files(from_build)), None
    installed = _find_or_install(wanted, app, platform)
    kept = installed.folder.with_name(f"{installed.folder.name}.zip")
    return _members(installed.files), kept


def _members(files: cache.Files) -> list[Member]:
    return [
        Member(
            name,
            path,
            EXECUTABLE_FILE if status.st_mode & stat.S_IXUSR else REGULAR_FILE,
            status.st_size,
            Version(status.st_ino, status.st_mtime_ns, status.st_ctime_ns),
        )
        for name, path, status in files
    ]


def prebuild(app: Python, folder: Path) -> bool:
    """Install into `folder` the dependencies for deploys from this build; return whether any exist.

    Raises PackageError as `members` does.
    """
    wanted = projects.read(app.folder, app.requirements)
    if wanted is None:
        return False
    platform = Platform.of(app.runtime, app.architecture)
    installed = _find_or_install(wanted, app, platform)
    prebuilt.write(installed.folder, wanted, platform, folder)
    return True


def _find_or_install(wanted: Wanted, app: Python, platform: Platform) -> cache.Installation:
    """Return the installed dependencies."""
    state = installer.state(app.folder)
    text = f"{platform.uv_name} {platform} {wanted.digest()} {state}"
    key = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    folder = _known.get(key)
    if folder and folder.is_dir():
        return cache.Installation(folder, cache.files(folder))
    found = cache.find(key) or _install(wanted, app, platform, key, state.files)
    _known[key] = found.folder
    return found


def _install(
    wanted: Wanted, app: Python, platform: Platform, key: str, local: tuple[str, ...]
) -> cache.Installation:
    """Install the dependencies; settings may take them from files with the states `local`."""
    cache.remove_unused()
    if cache.is_old("uv"):
        installer.output_of(["cache", "clean", "--quiet"], app.folder)
    with (
        workspace.private_folder(cache.folder("wheels")) as making,
        _noticing_changes(local) as has_changed,
    ):
        installed = making / "installed"

        def install(*, refresh: bool) -> bool:
            """Install, and return whether all that was installed is pinned."""
            installer.install(
                wanted, app.folder, installed, platform, app.requirements_env, refresh=refresh
            )
            installed.mkdir(exist_ok=True)
            return wanted.pinned is None or _names(installed) <= wanted.pinned

        # What is not pinned may have a newer version by now; asking for it takes as long again.
        refreshes = has_changed or (wanted.pinned is not None and not wanted.only_pins)
        is_pinned = install(refresh=refreshes)
        if not is_pinned and not refreshes:
            is_pinned = install(refresh=True)
        _clean(installed)
        return cache.keep(installed, key if is_pinned else None)


@contextmanager
def _noticing_changes(local: tuple[str, ...]) -> Iterator[bool]:
    """Yield whether other local files were used before: uv would not notice new contents.

    At the end, note that uv has read these.
    """
    if not local:
        yield False
        return
    state = hashlib.sha256("\n".join(local).encode("utf-8", "surrogateescape")).hexdigest()
    noted = cache.folder("wheels") / "local-files"
    try:
        has_changed = noted.read_text("ascii") != state
    except (OSError, ValueError):
        has_changed = True
    if has_changed:
        noted.unlink(missing_ok=True)
    yield has_changed
    with atomic_file.replaced(noted) as part:
        part.write_text(state, "ascii")


def _names(installed: Path) -> set[str]:
    return {canonical(about.name.split("-")[0]) for about in installed.glob("*.dist-info")}


def _clean(installed: Path) -> None:
    """Remove files that depend on this machine."""
    (installed / ".lock").unlink(missing_ok=True)
    for about in installed.glob("*.dist-info"):
        for name in _OF_THIS_MACHINE:
            (about / name).unlink(missing_ok=True)
    for folder, subfolders, _ in os.walk(installed):
        if "__pycache__" in subfolders:
            subfolders.remove("__pycache__")
            remove(Path(folder, "__pycache__"))
    # Scripts begin with the path of this machine's Python. But `bin` can also be a package, whose
    # modules are not executable.
    scripts = installed / "bin"
    if scripts.is_dir() and not scripts.is_symlink():
        for script in scripts.iterdir():
            if os.access(script, os.X_OK) and not script.is_dir():
                script.unlink()
        if not any(scripts.iterdir()):
            scripts.rmdir()
