"""What stands in a package for a symbolic link of the app: the link, or what it leads to."""

# Paths by the thousand are strings here, which are much faster than Path.
# ruff: noqa: PTH113, PTH118, PTH120

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Iterator

from packager.apps.ignore import IGNORE_FILE
from packager.errors import PackageError

HINT = f"Fix it, or leave it out by a line in {IGNORE_FILE}."

# What is there is not of an app, whatever leads to it: devices, and the state of processes.
_OF_THE_SYSTEM = ("/proc", "/sys", "/dev")

_MODULES = "node_modules"
_BINARIES = ".bin"


def resolve(path: str, name: str, text: str) -> str | None:
    """Find the real path that a symbolic link leads to, over however many more.

    Return None for a link of a package manager to a program that is not there. Raises PackageError
    if another one leads nowhere.
    """
    try:
        return os.path.realpath(path, strict=True)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            if is_program(name):
                return None
            problem = f"is broken: there is no {text}"
        elif error.errno == errno.ELOOP:
            problem = f"is a loop: {text} leads back to it"
        else:
            raise unreadable(name, error) from error
        raise PackageError(f"The symbolic link {name} {problem}.", HINT) from error


def is_program(name: str) -> bool:
    """Say whether a package manager has made the link `name`, to a program of a package."""
    return posixpath.basename(posixpath.dirname(name)) == _BINARIES


def unreadable(name: str, error: OSError) -> PackageError:
    """Make the error for a member that the system does not give."""
    return PackageError(f"{name} cannot be read: {error.strerror}.", HINT)


def work_tree(app: str) -> str:
    """Find the folder whose files may be packaged in the place of links: the app's git work tree.

    On a dyno that is the slug, which has no `.git`. Otherwise it is the app itself.
    """
    folder = app
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            home = os.path.realpath(os.environ.get("HOME") or app)
            return home if "DYNO" in os.environ and is_within(app, home) else app
        folder = above
    return folder


def may_stand_in(target: str, link: str, allowed: str) -> bool:
    """Say whether what is at `target` may be packaged in the place of `link`: it is in the folder
    `allowed` (see `work_tree`), and not of the repository or the system.

    In `node_modules` it may also be a package elsewhere, as npm links those that have a path.
    """
    is_installed = f"/{_MODULES}/" in "/" + link
    if is_installed and os.path.isfile(os.path.join(target, "package.json")):
        return True
    of_system = any(is_within(target, folder) for folder in _OF_THE_SYSTEM)
    of_git = f"{os.sep}.git{os.sep}" in target.removeprefix(allowed.rstrip(os.sep)) + os.sep
    return is_within(target, allowed) and not of_system and not of_git


def check_target(target: str, name: str, text: str, allowed: str) -> None:
    """Raise PackageError if the link `name` leads to what must not leave the machine."""
    if may_stand_in(target, name, allowed):
        return
    raise PackageError(
        f"The symbolic link {name} leads out of the app, to {text}.",
        "Only what is in the same git work tree can be packaged in its place. Copy it into the app,"
        f" or leave the link out by a line in {IGNORE_FILE}.",
    )


def is_within(path: str, folder: str) -> bool:
    """Say whether `path` is `folder` or below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def parents(path: str) -> Iterator[str]:
    """Give the folders that the relative `path` is in."""
    while path := posixpath.dirname(path):
        yield path
