"""Delete old versions, because each holds the config that it was published with."""

from __future__ import annotations

from collections.abc import Iterable

from packager.function import Alias, Function, FunctionState
from packager.progress import Progress
from packager.release.history import parse
from packager.release.publish import DESCRIPTION
from packager.release.settle import Deadline, patiently


def prune(function: Function, keep: int, progress: Progress, deadline: Deadline) -> list[str]:
    """Delete unneeded versions, except the newest `keep`; return those that were deleted."""
    deleted = []
    with progress.stage("prune", "Deleting old versions"):
        aliases = patiently(function.aliases, deadline)
        for version in unneeded(patiently(function.versions, deadline), aliases, keep):
            patiently(lambda version=version: function.delete_version(version), deadline)  # type: ignore[misc]
            deleted.append(version)
    return deleted


def unneeded(versions: Iterable[FunctionState], aliases: Iterable[Alias], keep: int) -> list[str]:
    """Choose the versions to delete, the oldest first.

    Only versions that the packager published, without the newest `keep` of them. An alias needs the
    version it points to, those that get a share of its traffic, the one that a rollback would go
    back to, and those that a rollback has marked: a deploy compares its package with them.
    """
    needed = set()
    for alias in aliases:
        history = parse(alias.description)
        needed |= {alias.version, *alias.weights, str(history.previous)}
        needed |= set(map(str, history.rolled_back))
    ours = sorted(
        (state.version for state in versions if state.description == DESCRIPTION), key=int
    )
    return [version for version in ours[: max(0, len(ours) - keep)] if version not in needed]
