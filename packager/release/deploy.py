"""Deploy an app: from its folder and its config to functions that run it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import DeployError, PackagerError
from packager.lazy import lazy
from packager.progress import Progress
from packager.release.function_release import FunctionRelease, Options
from packager.release.outcome import Release, ReleaseError
from packager.release.packaging import Packaging
from packager.release.parallel import named, side_by_side
from packager.release.publish import read_event

if TYPE_CHECKING:
    from packager.package.compression_cache import CompressionCache
    from packager.release import checks
    from packager.release.target import Target
else:
    checks = lazy("packager.release.checks")


def deploy(
    app: Path,
    target: Target,
    folder: Path,
    progress: Progress,
    options: Options,
    cache: CompressionCache | None = None,
) -> Release:
    """Build the package of `app` in the private `folder`, and release it to the target's functions.

    Raises InputError before anything is sent, and ReleaseError if it fails for a function.
    """
    settings = target.config.settings
    event = read_event(settings.smoke_event, app) if settings.smoke_event else None
    plan = Packaging(app, target, folder, progress, options).run(cache)
    for planned in plan:
        planned.inquiry.destination.function.bucket_for(planned.package)
        state = planned.inquiry.state
        if state is None or state.code_sha256 != planned.package.code_sha256:
            checks.check(
                *(planned.package, planned.app, planned.inquiry, progress),
                runs_here=target.run is not None,
            )
    releases = [
        FunctionRelease(planned.inquiry, planned.package, event, options) for planned in plan
    ]
    return release(releases, progress)


def release(releases: Sequence[FunctionRelease], progress: Progress) -> Release:
    """Release to all functions side by side; no alias moves unless every function is ready.

    Raises ReleaseError if it fails for a function.
    """
    jobs = [(one.destination.label, one.make_ready) for one in releases]
    try:
        with _stage_of_all(releases, progress, "update", "Deploying to"):
            outcomes = side_by_side(jobs, progress)
    finally:
        for one in releases:
            one.destination.function.clear(progress)
    for one, outcome in zip(releases, outcomes, strict=True):
        _keep(one, outcome.error)
    if not _failed(releases):
        _switch(releases, progress)
    for one in releases:
        own = _progress_of(one, releases, progress)
        if _failed(releases):
            one.give_up(own)
        else:
            one.tidy(own)
    ended = Release(tuple(one.result for one in releases))
    if _failed(releases):
        raise ReleaseError(ended)
    return ended


def _switch(releases: Sequence[FunctionRelease], progress: Progress) -> None:
    """Move the aliases in turn, until one fails."""
    waiting = [one for one in releases if one.must_switch]
    moved: list[str] = []
    try:
        with _stage_of_all(waiting, progress, "switch", "Pointing the aliases of"):
            for one in waiting:
                try:
                    one.switch(_progress_of(one, releases, progress))
                except DeployError as error:
                    one.fail(error)
                    return
                moved.append(one.destination.label)
    except KeyboardInterrupt as interrupt:
        if len(releases) > 1:
            interrupt.args = (f"Aliases were moved of: {', '.join(moved) or 'no function'}.",)
        raise


def _stage_of_all(
    releases: Sequence[FunctionRelease], progress: Progress, name: str, message: str
) -> contextlib.AbstractContextManager[None]:
    """Return one stage for several functions; a single function reports its own stages."""
    if len(releases) < 2:
        return contextlib.nullcontext()
    return progress.stage(name, f"{message} {len(releases)} functions")


def _progress_of(
    one: FunctionRelease, releases: Sequence[FunctionRelease], progress: Progress
) -> Progress:
    """Return the progress of one function; if there are several, it names the function."""
    return named(one.destination.label, progress.sink) if len(releases) > 1 else progress


def _keep(one: FunctionRelease, error: Exception | None) -> None:
    if isinstance(error, PackagerError):
        one.fail(error)
    elif error is not None:
        raise error


def _failed(releases: Sequence[FunctionRelease]) -> bool:
    return any(one.result.error for one in releases)
