"""Which files the build command writes itself, so that they do not start it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from packager.watch.snapshot import Difference

# A file that changes in the course of a build may be an output of it, or have been saved meanwhile:
# nothing tells them apart at once. So another build is made; what changes in so many builds, and
# not between them, is an output. A file that has been changed between builds is granted more: its
# user may save it again and again while slow builds run.
_BUILDS = 2
_BUILDS_IF_SAVED = 4


class Outputs:
    """Learns what the builds write. There can be needless builds for it, but no endless ones."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Take the paths `known` for outputs from the beginning."""
        self._known = frozenset(known)
        self._made: set[str] = set()
        self._saved: set[str] = set()
        self._builds: Counter[str] = Counter()

    def changed_between_builds(self, paths: Iterable[str]) -> None:
        """Learn that these files were written by somebody else."""
        for path in paths:
            self._saved.add(path)
            self._made.discard(path)
            del self._builds[path]

    def changed_by_build(self, difference: Difference) -> set[str]:
        """Learn what changed while a build ran; return what may have been saved meanwhile."""
        self._made |= difference.created - self._saved
        self._builds.update(difference.contents | difference.rewritten)
        return {path for path in difference.contents if not self._is_output(path)}

    def _is_output(self, path: str) -> bool:
        if path in self._known or path in self._made:
            return True
        return self._builds[path] >= (_BUILDS_IF_SAVED if path in self._saved else _BUILDS)
