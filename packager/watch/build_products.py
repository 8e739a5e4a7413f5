"""Learn which files the build command writes, so that they do not start another build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from packager.watch.snapshot import Difference

# A file that changes during a build may be its output, or the user may have saved it. At first
# nothing distinguishes the two, so the build runs again. A file that changes in this many builds,
# but not between them, is an output. A file that has also changed between builds needs more: the
# user may save it again and again during slow builds.
_BUILDS = 2
_BUILDS_IF_SAVED = 4


class Outputs:
    """Learns which files the builds write; this may cause extra builds, but not endless ones."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Treat the paths `known` as outputs from the beginning."""
        self._known = frozenset(known)
        self._made: set[str] = set()
        self._saved: set[str] = set()
        self._builds: Counter[str] = Counter()

    def changed_between_builds(self, paths: Iterable[str]) -> None:
        """Learn that these files were written by somebody other than the build."""
        for path in paths:
            self._saved.add(path)
            self._made.discard(path)
            del self._builds[path]

    def changed_by_build(self, difference: Difference) -> set[str]:
        """Learn which files changed during a build; return those that a user may have saved."""
        self._made |= difference.created - self._saved
        self._builds.update(difference.contents | difference.rewritten)
        return {path for path in difference.contents if not self._is_output(path)}

    def _is_output(self, path: str) -> bool:
        if path in self._known or path in self._made:
            return True
        return self._builds[path] >= (_BUILDS_IF_SAVED if path in self._saved else _BUILDS)
