"""What is watched of an app, as its settings and the command line say."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from packager import ignore
from packager.settings import Settings
from packager.watch.relevance import Relevance

# Where Maven and Gradle have the sources that a jar is built from.
_SOURCES = "src"


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
        # What is not there yet may become either.
        if not path.is_dir():
            files.append(path)
        if path.is_dir() or not path.exists():
            folders.append(path)
    return Relevance(
        str(app),
        unpackaged=None if archive else ignore.read(app),
        # A symbolic link can be changed, and so can what it leads to.
        files={
            str(path)
            for file in files
            if file
            for path in (Path(os.path.abspath(file)), file.resolve())  # noqa: PTH100
        },
        folders={str(folder.resolve()) for folder in folders},
        ignored=ignore.Ignored(less),
    )
