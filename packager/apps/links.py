"""Symbolic links of the app: where they lead, and whether their target may be packaged instead."""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH113, PTH114, PTH115, PTH117, PTH118, PTH119, PTH120, PTH206

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Iterator

from packager.apps.ignore import IGNORE_FILE
from packager.errors import PackageError

HINT = f"Fix it, or exclude it with a line in {IGNORE_FILE}."

# These hold devices and the state of processes, never files of an app.
_OF_THE_SYSTEM = ("/proc", "/sys", "/dev")

_MOST_LINKS_ON_THE_WAY = 40  # Linux follows no more.

_MODULES = "node_modules"
_BINARIES = ".bin"


def resolve(path: str, name: str, text: str) -> str | None:
    """Return the real path that a symbolic link leads to, through any further links.

    Return None for a link that a package manager made to a missing program. Raises PackageError for
    any other broken link.
    """
    try:
        return os.path.realpath(path, strict=True)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            if is_program(name):
                return None
            problem = f"is broken: {text} does not exist"
        elif error.errno == errno.ELOOP:
            problem = f"is a loop: {text} leads back to it"
        else:
            raise unreadable(name, error) from error
        raise PackageError(f"The symbolic link {name} {problem}.", HINT) from error


def links_on_the_way(link: str) -> Iterator[str]:
    """Yield the links to files and folders through which the symbolic link at the path `link` leads
    to its target.
    """
    folder, left = os.path.realpath(os.path.dirname(link)), [os.path.basename(link)]
    found = 0
    while left and found <= _MOST_LINKS_ON_THE_WAY:
        name = left.pop()
        path = os.path.dirname(folder) if name == ".." else os.path.join(folder, name)
        if not os.path.islink(path):
            folder = path
            continue
        if found:
            yield path
        found += 1
        text = os.readlink(path)
        folder = os.sep if os.path.isabs(text) else folder
        left += reversed([part for part in text.split(os.sep) if part not in ("", ".")])


def is_program(name: str) -> bool:
    """Return whether the link `name` is one that a package manager made to a package's program."""
    return posixpath.basename(posixpath.dirname(name)) == _BINARIES


def unreadable(name: str, error: OSError) -> PackageError:
    """Return the error for a member that cannot be read."""
    return PackageError(f"{name} cannot be read: {error.strerror}.", HINT)


def work_tree(app: str) -> str:
    """Return the folder whose files may be packaged in place of links: the app's git work tree.

    Without one it is the slug on a dyno, and elsewhere the app's folder.
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
    """Return whether `target` may be packaged in place of `link`: it is in the folder `allowed`
    (see `work_tree`), and belongs neither to git nor to the system.

    In `node_modules` it may also be a package elsewhere: npm links packages that have a path.
    """
    is_installed = f"/{_MODULES}/" in "/" + link
    if is_installed and os.path.isfile(os.path.join(target, "package.json")):
        return True
    of_system = any(is_within(target, folder) for folder in _OF_THE_SYSTEM)
    of_git = f"{os.sep}.git{os.sep}" in target.removeprefix(allowed.rstrip(os.sep)) + os.sep
    return is_within(target, allowed) and not of_system and not of_git


def check_target(target: str, name: str, text: str, allowed: str) -> None:
    """Raise PackageError if the link `name` leads to a file that must not be packaged."""
    if may_stand_in(target, name, allowed):
        return
    raise PackageError(
        f"The symbolic link {name} leads out of the app, to {text}.",
        f"Copy the target into the app, or exclude the link with a line in {IGNORE_FILE}. The"
        " packager follows links only within the same git work tree.",
    )


def is_within(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def parents(path: str) -> Iterator[str]:
    """Yield the folders that contain the relative `path`, innermost first."""
    while path := posixpath.dirname(path):
        yield path
