"""What in an app's folder never goes into its package."""

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

# The app's own is replaced by the one that holds the config vars.
ENV_PROPERTIES = "env.properties"

# Each wildcard of a segment makes the matching slower by a factor of the name's length.
_MOST_WILDCARDS = 3
_LARGEST = 1 << 20

_MODULES = "node_modules"
_OUR_OUTPUT = (1, 2)  # stdout, stderr


class Ignored:
    """Says of paths relative to the app, with `/` between names, whether they stay out.

    To be asked from the top down: all that is in an ignored folder is ignored with it.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        """Ignore what the gitignore `patterns` match, and what never goes in.

        Raises PackageError for what is not a pattern.
        """
        self.patterns = tuple(pattern for pattern in patterns if pattern.strip())
        self._spec = _compile(self.patterns) if self.patterns else None

    def __call__(self, path: str, *, is_folder: bool) -> bool:
        """Say whether the file or folder at `path` stays out."""
        return self.why(path, is_folder=is_folder) is not None

    def why(self, path: str, *, is_folder: bool) -> Reason | None:
        """Say why the file or folder at `path` stays out; None if it goes in."""
        if path == ENV_PROPERTIES:
            return Reason.USELESS
        name = path.rpartition("/")[2]
        # Where TMPDIR is in the app, so are the private folders of this run and of others.
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
        """Say whether a pattern as `!NAME` keeps `path` although it would stay out.

        The pattern has to be about the path itself, not about a folder that it is in: `!.next`
        brings the folder back, but not a file of secrets in it.
        """
        matched, pattern = self._match(path, is_folder=is_folder)
        folder = path.rpartition("/")[0]
        return matched is False and not (
            folder and self._match(folder, is_folder=True)[1] == pattern
        )

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Say whether a pattern leaves `path` out, whatever stays out without one."""
        return self._match(path, is_folder=is_folder)[0] is True

    def is_virtual_environment(self, folder: str, path: str) -> bool:
        """Say whether the `folder`, which is `path` in the app, stays out as one."""
        return (
            self.is_own(path)
            and os.path.lexists(os.path.join(folder, left_out.VIRTUAL_ENVIRONMENT))  # noqa: PTH118
            and not self.brings_back(path, is_folder=True)
        )

    def is_own(self, path: str) -> bool:
        """Say whether `path` is in the app's own folders, not in those of installed packages."""
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
        """Say whether the last pattern that matches leaves `path` out, and which one that is."""
        if self._spec is None:
            return None, None
        found = self._spec.check_file(path + "/" if is_folder else path)
        return found.include, found.index


def read(app: Path, patterns: Iterable[str] = ()) -> Ignored:
    """Read the app's `.lambdaignore`, if there is one; it can take `patterns` back, as by `!docs`.

    The files that our own output goes to stay out, too: they would be others each time.
    Raises PackageError if it cannot be read, or has a line that is not a pattern.
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
            f"{IGNORE_FILE} cannot be read: {problem}.", "It has to be a file like .gitignore."
        ) from error
    ours = patterns_of(map(_path_of, _OUR_OUTPUT), app)
    return Ignored([*ours, *patterns, *text.splitlines()])


def patterns_of(files: Iterable[Path | None], app: Path) -> list[str]:
    """Write those of `files` that are in the app's folder as patterns of `.gitignore`."""
    app = app.resolve()
    paths = (file.resolve() for file in files if file)
    inside = (path.relative_to(app).as_posix() for path in paths if path.is_relative_to(app))
    return ["/" + re.sub(r"([\\*?\[\]! #])", r"\\\1", path) for path in inside]


def _path_of(descriptor: int) -> Path | None:
    """Find the path of an open file, if it is one that has any."""
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
    # Imported here: it takes longer than many a package without a pattern.
    from pathspec import GitIgnoreSpec

    for pattern in patterns:
        _check_wildcards(pattern)
        try:
            GitIgnoreSpec.from_lines([pattern])
        except (ValueError, re.error) as error:
            raise PackageError(
                f"This is not a pattern to ignore files by: {pattern}",
                f"A line of {IGNORE_FILE} is a pattern as in .gitignore, or a comment after #.",
            ) from error
    return GitIgnoreSpec.from_lines(patterns)


def _check_wildcards(pattern: str) -> None:
    """Refuse a pattern that takes minutes to match a long name."""
    segments = re.sub(r"\\.", "", pattern).split("/")
    stars = max(len(re.findall(r"\*+", segment)) for segment in segments)
    if max(stars, segments.count("**")) > _MOST_WILDCARDS and not pattern.startswith("#"):
        raise PackageError(
            f"This pattern has more than {_MOST_WILDCARDS} wildcards in one place: {pattern}",
            f"Write it with fewer, or as several lines of {IGNORE_FILE}.",
        )
