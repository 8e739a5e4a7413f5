"""Decide which files of an app's folder are left out of its package."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from packager.apps import left_out
from packager.apps.left_out import Reason
from packager.apps.regular_files import open_regular
from packager.errors import PackageError
from packager.names import PRIVATE_FOLDER

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".lambdaignore"

# The app's own env.properties is replaced by the one that holds the config vars.
ENV_PROPERTIES = "env.properties"

# Each wildcard of a segment makes matching slower by a factor of the name's length.
_MOST_WILDCARDS = 3
_LARGEST = 1 << 20

_MODULES = "node_modules"

# Packages from outside of the app go here: the user's own ones, and their `node_modules`.
OUTSIDE = f"{_MODULES}/.outside"
_OUR_OUTPUT = (1, 2)  # stdout, stderr


class Ignored:
    """Decides for paths relative to the app, with `/` between names, whether they are left out.

    Callers go from the top down, because everything in an ignored folder is ignored.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        """Ignore what the gitignore `patterns` match, and what is never packaged.

        Raises PackageError for an invalid pattern.
        """
        self.patterns = tuple(pattern for pattern in patterns if pattern.strip())
        self._spec = _compile(self.patterns) if self.patterns else None

    def __call__(self, path: str, *, is_folder: bool) -> bool:
        """Return whether the file or folder at `path` is left out."""
        return self.why(path, is_folder=is_folder) is not None

    def why(self, path: str, *, is_folder: bool) -> Reason | None:
        """Return why the file or folder at `path` is left out; None if it is packaged."""
        if path == ENV_PROPERTIES:
            return Reason.USELESS
        name = path.rpartition("/")[2]
        # If TMPDIR is in the app, the private folders of this run and of others are, too.
        if is_folder and name.startswith(PRIVATE_FOLDER):
            return Reason.USELESS
        by_default = self._by_default(path, name, is_folder=is_folder)
        if self._spec is None:
            return by_default
        if self._match(path, is_folder=is_folder)[0]:
            return Reason.PATTERN
        if by_default and self.brings_back(path, is_folder=is_folder):
            return None
        return by_default

    def brings_back(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a pattern such as `!NAME` includes a `path` that is left out by default.

        The pattern must match the path itself, not a folder above it: `!.next` includes the
        folder, but not a file of secrets in it.
        """
        matched, pattern = self._match(path, is_folder=is_folder)
        folder = path.rpartition("/")[0]
        return matched is False and not (
            folder and self._match(folder, is_folder=True)[1] == pattern
        )

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a pattern leaves `path` out, regardless of the defaults."""
        return self._match(path, is_folder=is_folder)[0] is True

    def is_virtual_environment(self, folder: str, path: str) -> bool:
        """Return whether `folder`, at `path` in the app, is left out as a virtual environment."""
        return (
            self.is_own(path)
            and any(
                os.path.lexists(os.path.join(folder, name))  # noqa: PTH118
                for name in left_out.OF_AN_ENVIRONMENT
            )
            and not self.brings_back(path, is_folder=True)
        )

    def is_own(self, path: str) -> bool:
        """Return whether `path` is in the user's own folders, not in an installed package."""
        path = path.removeprefix(f"{OUTSIDE}/")
        return not (path.startswith(f"{_MODULES}/") or f"/{_MODULES}/" in path)

    def _by_default(self, path: str, name: str, *, is_folder: bool) -> Reason | None:
        if path == name and name.startswith("."):
            return Reason.HIDDEN
        if self.is_own(path):
            return left_out.reason(name, is_folder=is_folder)
        if is_folder and name == left_out.BYTECODE:
            return Reason.USELESS
        is_cache = name == ".cache" and path.endswith(f"{_MODULES}/.cache")
        return Reason.USELESS if is_cache else None

    def _match(self, path: str, *, is_folder: bool) -> tuple[bool | None, int | None]:
        """Return whether the last matching pattern leaves `path` out, and that pattern's index."""
        if self._spec is None:
            return None, None
        found = self._spec.check_file(path + "/" if is_folder else path)
        return found.include, found.index


def read(app: Path, patterns: Iterable[str] = ()) -> Ignored:
    """Read the app's `.lambdaignore`, if there is one; its lines can undo `patterns` (`!docs`).

    Files that receive our own output are also left out, because they differ in each run.
    Raises PackageError if the file cannot be read, or has an invalid line.
    """
    try:
        with open_regular(str(app / IGNORE_FILE), follow_link=True) as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise OSError(errno.EFBIG, "it is over 1 MB")
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PackageError(
            f"{IGNORE_FILE} cannot be read: {problem}.", "Write it like a .gitignore file."
        ) from error
    ours = patterns_of(map(_path_of, _OUR_OUTPUT), app)
    return Ignored([*ours, *patterns, *text.splitlines()])


def patterns_of(files: Iterable[Path | None], app: Path) -> list[str]:
    """Return gitignore patterns for those of `files` that are in the app's folder."""
    app = app.resolve()
    paths = (file.resolve() for file in files if file)
    inside = (path.relative_to(app).as_posix() for path in paths if path.is_relative_to(app))
    return ["/" + re.sub(r"([\\*?\[\]! #])", r"\\\1", path) for path in inside]


def _path_of(descriptor: int) -> Path | None:
    """Return the path of an open regular file; None for anything else."""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        if sys.platform == "linux":
            return Path(f"/proc/self/fd/{descriptor}").readlink()
        if sys.platform == "darwin":
            import fcntl

            path = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024))
            return Path(os.fsdecode(path.rstrip(b"\0")))
    except OSError:
        pass
    return None


def _compile(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    # Imported here, because the import takes longer than building a small package.
    from pathspec import GitIgnoreSpec

    for pattern in patterns:
        _check_wildcards(pattern)
        try:
            GitIgnoreSpec.from_lines([pattern])
        except (ValueError, re.error) as error:
            raise PackageError(
                f"This is not a valid pattern: {pattern}",
                f"Write {IGNORE_FILE} like .gitignore: one pattern or # comment a line.",
            ) from error
    return GitIgnoreSpec.from_lines(patterns)


def _check_wildcards(pattern: str) -> None:
    """Refuse a pattern that would take minutes to match a long name."""
    segments = re.sub(r"\\.", "", pattern).split("/")
    stars = max(len(re.findall(r"\*+", segment)) for segment in segments)
    if max(stars, segments.count("**")) > _MOST_WILDCARDS and not pattern.startswith("#"):
        raise PackageError(
            f"This pattern has more than {_MOST_WILDCARDS} wildcards in one place: {pattern}",
            f"Use fewer wildcards, or several lines of {IGNORE_FILE}.",
        )
