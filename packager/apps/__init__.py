"""The kinds of app: what goes into a package, and what the function needs to run it.

A kind of app knows its `language`, its `members`, the runtimes that it `fits`, whether it
`needs_runtime` to be packaged, and the `local_runtime` that `--local` gives to its function.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from packager.apps.archive import Archive, list_archives
from packager.apps.node import Node
from packager.apps.python import Python
from packager.apps.signs import Sign
from packager.config.settings import Settings
from packager.errors import PackageError

__all__ = ["App", "Archive", "Node", "Python", "choose", "find", "needs_runtime", "resolve"]

App: TypeAlias = Archive | Node | Python

# By the value of _LAMBDA_LANGUAGE.
_LANGUAGES: dict[str, type[Node] | type[Python]] = {"node": Node, "python": Python}


class Candidate(NamedTuple):
    """An app that a folder may hold, and the file that shows it; None if a setting names it."""

    app: App
    sign: Sign | None = None

    @property
    def strength(self) -> int:
        """How surely it is this one."""
        return self.sign.strength if self.sign else 0


def resolve(folder: Path, settings: Settings) -> App:
    """Find the app that is packaged, for the runtime of the settings.

    Raises PackageError if there is none, or if it is not certain which one of several.
    """
    return choose(find(folder, settings), settings.runtime, settings.architecture)


def find(folder: Path, settings: Settings) -> Sequence[Candidate]:
    """Find the apps that `folder` may hold: the archive that a setting names, or else an app of the
    language that a setting names, or else one for each language that the files show.

    Raises PackageError if there is none.
    """
    if settings.jar:
        return [Candidate(Archive(folder, settings.jar, "jar", "java"))]
    stated = _LANGUAGES.get(settings.language or "")
    if settings.zip:
        language = stated.language if stated else None
        return [Candidate(Archive(folder, settings.zip, "zip", language))]
    if not folder.is_dir():
        raise PackageError(f"There is no folder {folder}.", "Give the folder of the app.")
    if stated:
        return [Candidate(stated.of(folder, settings))]
    shown = [(kind, kind.sign(folder)) for kind in _LANGUAGES.values()]
    found = [Candidate(kind.of(folder, settings), sign) for kind, sign in shown if sign]
    if not found:
        raise PackageError(
            f"{folder} has no package.json, requirements.txt or pyproject.toml, and neither"
            " _LAMBDA_JAR_FILE nor _LAMBDA_ZIP_FILE is set.",
            list_archives(folder, ".jar", "is this the folder of the app?"),
        )
    return found


def needs_runtime(found: Sequence[Candidate]) -> bool:
    """Say whether the function's runtime decides what is packaged."""
    return len(found) > 1 or found[0].app.needs_runtime


def choose(found: Sequence[Candidate], runtime: str | None, architecture: str | None) -> App:
    """Choose the app that fits a function of that runtime and architecture, if these are known.

    Of several that fit, the one with the strongest sign is chosen. Raises PackageError if several
    signs are equally strong.
    """
    fitting = [candidate for candidate in found if candidate.app.fits(runtime)] or found
    strongest = max(candidate.strength for candidate in fitting)
    best = [candidate for candidate in fitting if candidate.strength == strongest]
    if len(best) == 1:
        return best[0].app.on(runtime, architecture)
    files = " and ".join(candidate.sign.file for candidate in best if candidate.sign)
    kinds = " or a ".join(candidate.app.description for candidate in best)
    raise PackageError(
        f"{best[0].app.folder} has {files}: is it a {kinds}?",
        f"Set _LAMBDA_LANGUAGE (--language) to {' or '.join(c.app.kind for c in best)}, or"
        " _LAMBDA_RUNTIME (--runtime) to the function's runtime.",
    )
