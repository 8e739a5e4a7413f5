"""The kinds of app: what is packaged, and what the function needs to run it.

A kind of app knows its `language`, its `members`, the runtimes that it `fits`, whether it
`needs_runtime` to be packaged, and the `local_runtime` of the function that `--local` creates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from packager.apps.archive import Archive, list_archives
from packager.apps.contents import Contents, Finding
from packager.apps.node import Node
from packager.apps.python import Python
from packager.apps.signs import Sign
from packager.config.settings import Settings
from packager.errors import PackageError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager.apps import java_checks, node_checks
    from packager.apps.python import checks as python_checks
else:
    java_checks = lazy("packager.apps.java_checks")
    node_checks = lazy("packager.apps.node_checks")
    python_checks = lazy("packager.apps.python.checks")

__all__ = [
    "LANGUAGES",
    "App",
    "Archive",
    "Language",
    "Node",
    "Python",
    "choose",
    "find",
    "needs_runtime",
    "resolve",
]

App: TypeAlias = Archive | Node | Python


class Checks(Protocol):
    """Checks that a function can run a package; each language has a module of them."""

    def check_handler(self, contents: Contents, handler: str, runtime: str) -> Iterator[Finding]:
        """Check that the function's handler exists."""

    def check_dependencies(
        self, contents: Contents, runtime: str, architecture: str, command: str
    ) -> Iterator[Finding]:
        """Check that dependencies fit the function; `command` would install them again."""


class Language(NamedTuple):
    """A language of functions whose runtime's name begins with `runtime`.

    `kind` is the kind of app for a folder of sources; None if only an archive can be packaged.
    """

    name: str
    runtime: str
    checks: Checks
    kind: type[Node] | type[Python] | None = None


LANGUAGES = {
    "node": Language("Node.js", "nodejs", node_checks, Node),
    "python": Language("Python", "python3.", python_checks, Python),
    "java": Language("Java", "java", java_checks),
}

_KINDS = {language: row.kind for language, row in LANGUAGES.items() if row.kind}


class Candidate(NamedTuple):
    """An app that a folder may hold, and the file that indicates it; None if a setting names it."""

    app: App
    sign: Sign | None = None

    @property
    def strength(self) -> int:
        """How strongly the folder indicates this app."""
        return self.sign.strength if self.sign else 0


def resolve(folder: Path, settings: Settings) -> App:
    """Find the app to package, for the runtime of the settings.

    Raises PackageError if the folder holds none, or several and nothing decides between them.
    """
    return choose(find(folder, settings), settings.runtime, settings.architecture)


def find(folder: Path, settings: Settings) -> Sequence[Candidate]:
    """Find the apps that `folder` may hold: the archive that a setting names, or else an app of the
    language that a setting names, or else one for each language that the files indicate.

    Raises PackageError if there is none.
    """
    if settings.jar:
        return [Candidate(Archive(folder, settings.jar, "jar", "java"))]
    declared = _KINDS.get(settings.language or "")
    if settings.zip:
        language = declared.language if declared else None
        return [Candidate(Archive(folder, settings.zip, "zip", language))]
    if not folder.is_dir():
        raise PackageError(f"The folder {folder} does not exist.", "Pass the folder of the app.")
    if declared:
        return [Candidate(declared.of(folder, settings))]
    signs = [(kind, kind.sign(folder)) for kind in _KINDS.values()]
    found = [Candidate(kind.of(folder, settings), sign) for kind, sign in signs if sign]
    if not found:
        raise PackageError(
            f"{folder} has no package.json, requirements.txt or pyproject.toml, and neither"
            " _LAMBDA_JAR_FILE nor _LAMBDA_ZIP_FILE is set.",
            list_archives(folder, ".jar", "is this the folder of the app?"),
        )
    return found


def needs_runtime(found: Sequence[Candidate]) -> bool:
    """Return whether the package depends on the function's runtime."""
    return len(found) > 1 or found[0].app.needs_runtime


def choose(found: Sequence[Candidate], runtime: str | None, architecture: str | None) -> App:
    """Choose the app for a function of that runtime and architecture, if these are known.

    If several fit, the one with the strongest sign is chosen. Raises PackageError if several signs
    are equally strong.
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
