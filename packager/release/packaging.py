"""Build the package for each function, and read the function's state at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packager import apps
from packager.apps import App, Candidate
from packager.errors import PackageError
from packager.function import Package
from packager.package.build import build
from packager.progress import Progress
from packager.release.destination import Inquiry, inquire
from packager.release.function_release import Options
from packager.release.parallel import Background

if TYPE_CHECKING:
    from packager.package.compression_cache import CompressionCache
    from packager.release.target import Target


class Planned(NamedTuple):
    """A package of the app, and the function that will run it, with its state before."""

    inquiry: Inquiry
    app: App
    package: Package


class Packaging:
    """The packages of one app for all functions of a target."""

    def __init__(
        self, app: Path, target: Target, folder: Path, progress: Progress, options: Options
    ) -> None:
        """Prepare to build packages in the private `folder`; read nothing yet."""
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
                self._target.config,
                self._folder / f"package{number}.zip",
                cache=cache,
                progress=self._progress,
            )
