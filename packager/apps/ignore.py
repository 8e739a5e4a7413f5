"""What in an app's folder never goes into its package."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import PackageError
from packager.names import PRIVATE_FOLDER

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".lambdaignore"

# The app's own is replaced by the one that holds the config vars.
ENV_PROPERTIES = "env.properties"

# What Python writes beside modules when it runs them here: of use to no other version or machine,
# and other bytes each time.
_BYTECODE = "__pycache__"


_OUR_OUTPUT = (1, 2)  # stdout, stderr


class Ignored:
    """Says of paths relative to the app, with `/` between names, whether they stay out.

    To be asked from the top down: all that is in an ignored folder is ignored with it.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        """Ignore what the gitignore `patterns` match, and what never goes in.

        Raises PackageError for what is no pattern.
        """
        self.patterns = tuple(pattern for pattern in patterns if pattern.strip())
        self._spec = _compile(self.patterns) if self.patterns else None

    def __call__(self, path: str, *, is_folder: bool) -> bool:
        """Say whether the file or folder at `path` stays out."""
        if "/" not in path and (path.startswith(".") or path == ENV_PROPERTIES):
            return True
        name = path.rpartition("/")[2]
        # Where TMPDIR is in the app, so are the private folders of this run and of others.
        if is_folder and (name == _BYTECODE or name.startswith(PRIVATE_FOLDER)):
            return True
        if self._spec is None:
            return False
        return self._spec.match_file(path + "/" if is_folder else path)


def read(app: Path, patterns: Iterable[str] = ()) -> Ignored:
    """Read the app's `.lambdaignore`, if there is one; it can take `patterns` back, as by `!docs`.

    The files that our own output goes to stay out, too: they would be others each time.
    Raises PackageError if it cannot be read, or has a line that is no pattern.
    """
    try:
        text = (app / IGNORE_FILE).read_text(encoding="utf-8-sig")
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
        try:
            GitIgnoreSpec.from_lines([pattern])
        except (ValueError, re.error) as error:
            raise PackageError(
                f"This is no pattern to ignore files by: {pattern}",
                f"A line of {IGNORE_FILE} is a pattern as in .gitignore, or a comment after #.",
            ) from error
    return GitIgnoreSpec.from_lines(patterns)
