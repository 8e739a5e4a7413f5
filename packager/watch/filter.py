"""Decide which files are watched: those that a package or its build may depend on."""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH119, PTH120

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from packager.apps import ignore
from packager.apps.ignore import Ignored
from packager.apps.left_out import EDITORS_TEMPORARY, Reason
from packager.apps.rules import Entry, Folder, Root, Rules
from packager.config.settings import Settings

# Maven and Gradle build a jar from sources in these folders.
_SOURCES = "src"

_MOST_FOLDERS_KNOWN = 50_000

# Without patterns, only the names that packages leave out by default are ignored.
_HIDDEN = Ignored(())


@dataclass(frozen=True)
class Selected:
    """A folder whose contents are watched, except those that its `rules` leave out."""

    rules: Rules
    folder: Folder

    def entries(self) -> Iterator[Entry]:
        """List the folder. Raises OSError if it cannot be read."""
        return self.rules.entries(self.folder)

    def entry(self, name: str) -> Entry | None:
        """Return one entry of the folder; None if it does not exist."""
        return self.rules.entry(name, self.folder)


class Filter:
    """Decides which files are watched. All paths are absolute and normal.

    These are the files that are packaged, those in the named folders, and the named files. Named
    files are watched even if they are ignored. A named folder of the app whose contents are
    packaged follows the rules of the app.
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
        """Watch the named `files` and `folders`, and the `app` except what is `unpackaged`.

        If `unpackaged` is None, only the named files and folders of the app are watched. Nothing
        that is `ignored` is watched, except named files.
        """
        self._app = app
        self._files = frozenset(files)
        rules = {folder: Rules(folder, _Unwatched(ignored, ignored)) for folder in folders}
        if unpackaged:
            rules[app] = Rules(app, _Unwatched(unpackaged, ignored))
        self._rules = rules
        named = self._files | rules.keys()
        self._ancestors = frozenset(folder for path in named for folder in self._ancestors_of(path))
        self._starts = rules.keys() | self._ancestors
        self._top_of_folder: dict[str, str | None] = {}

    @property
    def roots(self) -> list[str]:
        """The folders that contain everything that is watched."""
        starts = self._starts
        return sorted(start for start in starts if os.path.dirname(start) not in starts)

    def starts_in(self, folder: str) -> Iterator[str]:
        """Yield the folders directly in `folder` that are watched even if its rules exclude them.

        They are named, or on the way to something named.
        """
        return (start for start in self._starts if os.path.dirname(start) == folder)

    def is_start(self, folder: str) -> bool:
        """Return whether `folder` is named, or on the way to something named."""
        return folder in self._starts

    def start(self, folder: str) -> Selected | None:
        """Return the named folder; None if it is only on the way to something named."""
        rules = self._rules.get(folder)
        return Selected(rules, Folder(folder, "", (Root(folder, ""),))) if rules else None

    def named_in(self, folder: str) -> Iterator[str]:
        """Yield the names of the named files in `folder`."""
        return (os.path.basename(path) for path in self._files if os.path.dirname(path) == folder)

    def concerns(self, path: str) -> bool:
        """Return whether a change at `path`, a file or a folder, can matter."""
        return self.watches_file(path) or self.watches_folder(path)

    def is_named(self, path: str) -> bool:
        """Return whether `path` is one of the named files, which may change what is watched."""
        return path in self._files

    def watches_file(self, path: str) -> bool:
        """Return whether the file at `path` is watched."""
        top = self._top_of(os.path.dirname(path))
        return path in self._files or (top is not None and self._lets_in(top, path))

    def watches_folder(self, path: str) -> bool:
        """Return whether anything in the folder at `path` is watched."""
        return path in self._ancestors or self._top_of(path) is not None

    def _ancestors_of(self, path: str) -> list[str]:
        """Return the folders to watch to notice that `path` itself is created or removed."""
        if path == self._app:
            return []
        parents = [str(parent) for parent in PurePath(path).parents]
        if self._app in parents:
            return parents[: parents.index(self._app) + 1]
        return parents[:1] if path in self._files else []

    def _top_of(self, folder: str) -> str | None:
        """Return the named folder, or the app, by whose rules `folder` is watched."""
        if folder not in self._top_of_folder:
            if len(self._top_of_folder) >= _MOST_FOLDERS_KNOWN:
                self._top_of_folder.clear()  # Any number of folders can come and go.
            self._top_of_folder[folder] = self._find_top_of(folder)
        return self._top_of_folder[folder]

    def _find_top_of(self, folder: str) -> str | None:
        parent = os.path.dirname(folder)
        if parent != folder:
            top = self._top_of(parent)
            if top is not None and self._lets_in(top, folder, is_folder=True):
                return top
        return folder if folder in self._rules else None

    def _lets_in(self, top: str, path: str, *, is_folder: bool = False) -> bool:
        relative = path[len(top) :].lstrip(os.sep).replace(os.sep, "/")
        return self._rules[top].why_left_out(path, relative, is_folder=is_folder) is None


class _Unwatched(Ignored):
    """Leaves out unpackaged files, those that are `ignored`, and editors' temporary files,
    even if a pattern of the app includes these.
    """

    def __init__(self, unpackaged: Ignored, ignored: Ignored) -> None:
        super().__init__(unpackaged.patterns)
        self._ignored = ignored

    def why(self, path: str, *, is_folder: bool) -> Reason | None:
        if self._ignored.patterns and self._ignored.matches(path, is_folder=is_folder):
            return Reason.PATTERN
        if not is_folder and EDITORS_TEMPORARY.fullmatch(path.rpartition("/")[2]):
            return Reason.USELESS
        return super().why(path, is_folder=is_folder)


def new_filter(
    app: Path,
    settings: Settings,
    *,
    env_file: Path | None = None,
    extra_paths: Iterable[Path] = (),
    ignore_patterns: Iterable[str] = (),
    builds: bool = False,
) -> Filter:
    """Watch the packaged files of `app`, the `env_file` and the `extra_paths`, except files that
    match the gitignore patterns `ignore_patterns`.

    For a jar or ready-made zip, watch the archive itself and, if a command `builds` it, the folder
    `src`. Raises PackageError if `.lambdaignore` or a pattern is not valid.
    """
    archive = settings.jar or settings.zip
    files = [env_file, app / archive if archive else app / ignore.IGNORE_FILE]
    folders = [app / _SOURCES] if archive and builds else []
    for path in extra_paths:
        # A path that does not exist yet may become a file or a folder.
        if not path.is_dir():
            files.append(path)
        if path.is_dir() or not path.exists():
            folders.append(path)
    return Filter(
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
        ignored=ignore.Ignored(ignore_patterns),
    )
