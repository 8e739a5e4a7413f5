"""Deploys an app: from its folder and its config to functions that run it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packager import apps
from packager.apps import App, Candidate
from packager.errors import DeployError, PackageError, PackagerError
from packager.function import Package
from packager.package.build import build
from packager.progress import Progress
from packager.release.destination import Inquiry, inquire
from packager.release.function_release import FunctionRelease, Options
from packager.release.outcome import Release, ReleaseError
from packager.release.parallel import Background, side_by_side
from packager.release.publish import read_event

if TYPE_CHECKING:
    from packager.package.zip_folder import CompressionCache
    from packager.release.target import Target

# What an interrupted upload of a package through S3 may leave.
_PARTS_LEFT = "Parts of the package may be left in the bucket."


@dataclass(frozen=True)
class Planned:
    """A package of the app, and the function that is to run it, as it was before."""

    inquiry: Inquiry
    app: App
    package: Package


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
    plan = _Packaging(app, target, folder, progress, options).run(cache)
    for planned in plan:
        planned.inquiry.destination.function.bucket_for(planned.package)
    releases = [
        FunctionRelease(planned.inquiry, planned.package, event, options) for planned in plan
    ]
    return release(releases, progress)


def release(releases: Sequence[FunctionRelease], progress: Progress) -> Release:
    """Release to all functions side by side; no alias moves unless every function is ready.

    Raises ReleaseError if it fails for a function.
    """
    by_s3 = any(one.destination.function.bucket_for(one.package) for one in releases)
    jobs = [(one.destination.label, one.make_ready) for one in releases]
    for one, outcome in zip(
        releases, side_by_side(jobs, progress, left=_PARTS_LEFT if by_s3 else ""), strict=True
    ):
        _keep(one, outcome.error)
    if not _failed(releases):
        _switch(releases, progress)
    if _failed(releases):
        for one in releases:
            one.give_up(progress)
    else:
        for one in releases:
            one.tidy(progress)
    ended = Release(tuple(one.result for one in releases))
    if _failed(releases):
        raise ReleaseError(ended)
    return ended


def _switch(releases: Sequence[FunctionRelease], progress: Progress) -> None:
    """Move the aliases in turn, until one fails."""
    moved: list[str] = []
    try:
        for one in releases:
            try:
                one.switch(progress)
            except DeployError as error:
                one.fail(error)
                return
            moved += [one.destination.label] if one.must_switch else []
    except KeyboardInterrupt as interrupt:
        if len(releases) > 1:
            interrupt.args = (f"Aliases were moved of: {', '.join(moved) or 'no function'}.",)
        raise


def _keep(one: FunctionRelease, error: Exception | None) -> None:
    if isinstance(error, PackagerError):
        one.fail(error)
    elif error is not None:
        raise error


def _failed(releases: Sequence[FunctionRelease]) -> bool:
    return any(one.result.error for one in releases)


class _Packaging:
    """The packages of one app for all functions of a target."""

    def __init__(
        self, app: Path, target: Target, folder: Path, progress: Progress, options: Options
    ) -> None:
        self._app = app
        self._target = target
        self._folder = folder
        self._progress = progress
        self._options = options

    def run(self, cache: CompressionCache | None) -> list[Planned]:
        """Build the package, or one for each runtime and architecture if it depends on them."""
        settings = self._target.config.settings
        found = apps.find(self._app, settings)
        if apps.needs_runtime(found):
            with self._progress.stage("state", "Asking for the function's runtime"):
                inquiries = self._inquire()
            return self._for_each_runtime(found, inquiries, cache)
        resolved = apps.choose(found, settings.runtime, settings.architecture)
        # Loading boto3 and asking Lambda take about as long as packaging a small app.
        asking = Background(self._inquire)
        package = self._build(resolved, 1, cache)
        with self._progress.stage("state", "Asking for the function's state"):
            return [Planned(inquiry, resolved, package) for inquiry in asking.get()]

    def _inquire(self) -> list[Inquiry]:
        return inquire(self._target.open(), self._options.timeout, self._options.clock)

    def _for_each_runtime(
        self, found: Sequence[Candidate], inquiries: list[Inquiry], cache: CompressionCache | None
    ) -> list[Planned]:
        built: dict[tuple[str | None, str | None], Package] = {}
        plan = []
        for inquiry in inquiries:
            settings, state = inquiry.destination.settings, inquiry.state
            runtime = (state and state.runtime) or settings.runtime
            architecture = (state and state.architecture) or settings.architecture
            if state is None:
                self._progress.note(
                    "skipped: without lambda:GetFunctionConfiguration the runtime of"
                    f" {inquiry.destination.label} is that of the settings"
                )
            resolved = apps.choose(found, runtime, architecture)
            if state and not resolved.fits(state.runtime):
                raise PackageError(
                    f"The function's runtime is {state.runtime}, but the app is a"
                    f" {resolved.description}.",
                    "Check _LAMBDA_FUNCTION_ARN and the folder of the app, or give the function a"
                    " runtime of the app's language.",
                )
            key = (runtime, architecture) if resolved.needs_runtime else (None, None)
            if key not in built:
                built[key] = self._build(resolved, len(built) + 1, cache)
            plan.append(Planned(inquiry, resolved, built[key]))
        return plan

    def _build(self, app: App, number: int, cache: CompressionCache | None) -> Package:
        with self._progress.stage("package", f"Packaging {self._app.resolve().name}"):
            return build(
                app,
                self._target.config.variables,
                self._folder / f"package{number}.zip",
                leave_out=[self._target.config.env_file],
                cache=cache,
                progress=self._progress,
            )
