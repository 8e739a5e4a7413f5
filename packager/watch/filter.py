"""Decide by its path whether a file is watched: a package or its build may depend on it."""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH120

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePath

from packager.apps import ignore
from packager.apps.ignore import Ignored
from packager.apps.left_out import EDITORS_TEMPORARY
from packager.config.settings import Settings

# Maven and Gradle build a jar from sources in these folders.
_SOURCES = "src"

_MOST_FOLDERS_KNOWN = 50_000

# Hidden entries at the top are always ignored, and here nothing more.
_HIDDEN = Ignored(())


class Relevance:
    """Says of paths whether they are watched. All paths are absolute and normal.

    Watched is of the app what goes into its package, and what is named. Named files are watched
    whatever is ignored. A named folder of the app that goes into its package is nothing special.
    """

    def __init__(
        self,
        app: str,
        *,
        unpackaged: Ignored | None,
        files: Iterable[str] = (),
        folders: Iterable[str] = (),
        ignored: Ignored = _HIDDEN,
    ) -> None:
        """Watch of `app` all but what is `unpackaged` (nothing if that is None), and the `files`
        and `folders` named, but not what is `ignored`.
        """
        self._app = app
        self._unpackaged = unpackaged
        self._files = frozenset(files)
        self._tops = frozenset(folders) | ({app} if unpackaged else set())
        self._ignored = ignored
        named = self._files | self._tops
        self._ways = frozenset(way for path in named for way in self._way_to(path))
        self._top_of_folder: dict[str, str | None] = {}

    @property
    def app(self) -> str:
        """The app's folder."""
        return self._app

    @property
    def roots(self) -> list[str]:
        """The folders with everything that is watched below them."""
        starts = self._tops | self._ways
        return sorted(start for start in starts if os.path.dirname(start) not in starts)

    def concerns(self, path: str) -> bool:
        """Return whether a change at `path`, a file or a folder, can matter."""
        return self.file(path) or self.folder(path)

    def is_named(self, path: str) -> bool:
        """Return whether `path` is one of the named files, which may change what is watched."""
        return path in self._files

    def file(self, path: str) -> bool:
        """Return whether the file at `path` is watched."""
        if path in self._files:
            return True
        folder, name = os.path.split(path)
        top = self._top_of(folder)
        temporary = EDITORS_TEMPORARY.fullmatch(name) is not None
        return top is not None and not temporary and self._let_in(top, path, is_folder=False)

    def folder(self, path: str) -> bool:
        """Return whether anything in the folder at `path` is watched."""
        return path in self._ways or self.whole(path)

    def whole(self, folder: str) -> bool:
        """Return whether everything in `folder` is watched, apart from exceptions."""
        return self._top_of(folder) is not None

    def _way_to(self, path: str) -> list[str]:
        """The folders to be watched for `path` itself to appear and to vanish."""
        if path == self._app:
            return []
        parents = [str(parent) for parent in PurePath(path).parents]
        if self._app in parents:
            return parents[: parents.index(self._app) + 1]
        return parents[:1] if path in self._files else []

    def _top_of(self, folder: str) -> str | None:
        """The folder whose being watched makes `folder` watched, too."""
        if folder not in self._top_of_folder:
            if len(self._top_of_folder) >= _MOST_FOLDERS_KNOWN:
                self._top_of_folder.clear()  # Any number of folders can come and go.
            self._top_of_folder[folder] = self._find_top_of(folder)
        return self._top_of_folder[folder]

    def _find_top_of(self, folder: str) -> str | None:
        parent = os.path.dirname(folder)
        if parent != folder:
            top = self._top_of(parent)
            if top is not None and self._let_in(top, folder, is_folder=True):
                return top
        return folder if folder in self._tops else None

    def _let_in(self, top: str, path: str, *, is_folder: bool) -> bool:
        relative = path[len(top) :].lstrip(os.sep).replace(os.sep, "/")
        if top != self._app or self._unpackaged is None:
            return not self._ignored(relative, is_folder=is_folder)
        # A file that a pattern of the app includes again is packaged, and therefore watched.
        return not (
            self._unpackaged(relative, is_folder=is_folder)
            or self._ignored.matches(relative, is_folder=is_folder)
            or (is_folder and self._unpackaged.is_virtual_environment(path, relative))
        )


def scope(
    app: Path,
    settings: Settings,
    *,
    env_file: Path | None = None,
    more: Iterable[Path] = (),
    less: Iterable[str] = (),
    builds: bool = False,
) -> Relevance:
    """Watch what the package of `app` is made of, the `env_file`, and the paths `more`; not what
    the gitignore patterns `less` match.

    Of an app with a jar or ready-made zip, that is the archive itself and, if a command `builds`
    it, the folder `src`. Raises PackageError if `.lambdaignore` is wrong.
    """
    archive = settings.jar or settings.zip
    files = [env_file, app / archive if archive else app / ignore.IGNORE_FILE]
    folders = [app / _SOURCES] if archive and builds else []
    for path in more:
        # A path that does not exist yet may become either.
        if not path.is_dir():
            files.append(path)
        if path.is_dir() or not path.exists():
            folders.append(path)
    return Relevance(
        str(app),
        unpackaged=None if archive else ignore.read(app),
        # A symbolic link can change, and so can its target.
        files={
            str(path)
            for file in files
            if file
            for path in (Path(os.path.abspath(file)), file.resolve())  # noqa: PTH100
        },
        folders={str(folder.resolve()) for folder in folders},
        ignored=ignore.Ignored(less),
    )
