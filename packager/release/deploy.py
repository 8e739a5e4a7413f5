"""Sends a deployment package to Lambda, and knows afterwards what the function runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packager import apps
from packager.config.inputs import Config
from packager.errors import (
    AccessDeniedError,
    ConflictError,
    DeployError,
    PackageError,
    ThrottledError,
    UncertainError,
)
from packager.function import Function, FunctionState, Package
from packager.package.build import build
from packager.progress import Progress, readable
from packager.release.settle import Clock, Deadline, OutOfTimeError, settle

if TYPE_CHECKING:
    from packager.package.zip_folder import CompressionCache

Outcome = Literal["deployed", "unchanged", "dry run"]


@dataclass(frozen=True)
class Deployment:
    """How a deploy ended: what the function runs now, or with "dry run" what it would."""

    outcome: Outcome
    version: str
    package: Package


def deploy(
    app: Path,
    config: Config,
    function: Function,
    folder: Path,
    progress: Progress,
    *,
    force: bool = False,
    dry_run: bool = False,
    timeout: float = 300.0,
    cache: CompressionCache | None = None,
    clock: Clock | None = None,
) -> Deployment:
    """Build the package of `app` in the private `folder`, and make `function` run it.

    Raises InputError before anything is sent, or DeployError as `send` does.
    """
    settings = config.settings
    found = apps.find(app, settings)
    runtime, architecture = settings.runtime, settings.architecture
    state = None
    if asked := apps.needs_runtime(found):
        state = _ask(function, progress, "the runtime is that of the settings, and ")
    if state:
        runtime, architecture = state.runtime or runtime, state.architecture or architecture
    resolved = apps.choose(found, runtime, architecture)
    if state and not resolved.fits(state.runtime):
        raise PackageError(
            f"The function's runtime is {state.runtime}, but the app is a {resolved.description}.",
            "Check _LAMBDA_FUNCTION_ARN and the folder of the app, or give the function a runtime"
            " of the app's language.",
        )
    with progress.stage("package", f"Packaging {app.resolve().name}"):
        package = build(resolved, config.variables, folder / "package.zip", cache=cache)
    bucket = function.bucket_for(package)
    if not asked:
        state = _ask(function, progress)
    deploying = _Deploying(package, function, progress, Deadline(clock or Clock(), timeout))
    return deploying.run(state, bucket, force=force, dry_run=dry_run)


def send(
    package: Package,
    function: Function,
    progress: Progress,
    *,
    force: bool = False,
    dry_run: bool = False,
    timeout: float = 300.0,
    clock: Clock | None = None,
) -> Deployment:
    """Make `function` run `package`, unless it does already and not `force`.

    All waiting together takes at most `timeout` seconds. Raises DeployError, which says what the
    function runs now if that can be known, and PackageError for a package too large to send.
    """
    bucket = function.bucket_for(package)
    state = _ask(function, progress)
    deploying = _Deploying(package, function, progress, Deadline(clock or Clock(), timeout))
    return deploying.run(state, bucket, force=force, dry_run=dry_run)


def _ask(function: Function, progress: Progress, also: str = "") -> FunctionState | None:
    """Ask for the function's state; return None, and say what is not known, if that is denied."""
    try:
        with progress.stage("state", "Asking for the function's state"):
            return function.state()
    except AccessDeniedError:
        progress.note(
            f"skipped: without lambda:GetFunctionConfiguration {also}it is not known whether the"
            " function has this package already"
        )
        return None


class _Deploying:
    """The steps of one deploy."""

    def __init__(
        self, package: Package, function: Function, progress: Progress, deadline: Deadline
    ) -> None:
        self._package = package
        self._function = function
        self._progress = progress
        self._deadline = deadline

    def run(
        self, state: FunctionState | None, bucket: str | None, *, force: bool, dry_run: bool
    ) -> Deployment:
        """Update the function, which was in `state`, unless it has the package already."""
        before = self._settled(state) if state else None
        package = self._package
        if before and before.code_sha256 == package.code_sha256 and not (force or before.failed):
            return Deployment("unchanged", before.version, package)
        if dry_run:
            return Deployment("dry run", before.version if before else "", package)
        after = self.update(bucket)
        return Deployment("deployed", self.finished(after).version, package)

    def _settled(self, state: FunctionState) -> FunctionState:
        """Wait until the update that is in progress in `state`, if any, has ended."""
        if not state.updating:
            return state
        with self._progress.stage("state", "Waiting until another update is done"):
            try:
                return settle(self._function.state, lambda s: not s.updating, self._deadline)
            except OutOfTimeError as error:
                raise error.because(
                    "another update of the function is still in progress; nothing was sent",
                    "Try again when it has ended, or give it longer by --timeout.",
                ) from None

    def update(self, bucket: str | None) -> FunctionState:
        """Send the package until Lambda takes it, and check that it is what Lambda has."""
        size = readable(self._package.size)
        by = f", by s3://{bucket}" if bucket else ""
        with self._progress.stage("update", f"Updating the function ({size}{by})"):
            after = self._send()
        if not self._is_ours(after):
            raise self._another_package(after, self._package_by_its_state())
        return after

    def _is_ours(self, state: FunctionState) -> bool:
        return state.code_sha256 == self._package.code_sha256

    def _package_by_its_state(self) -> str:
        """Say which package the function has, where the answer to an update said another one."""
        try:
            state = self._function.state()
        except DeployError:
            return "whether the function runs that is not known"
        if self._is_ours(state):
            return "by its state the function has the one that was sent"
        return f"by its state the function has {state.code_sha256}"

    def _another_package(self, answer: FunctionState, known: str) -> DeployError:
        return DeployError(
            f"Lambda answers with another package (CodeSha256 {answer.code_sha256}) than the one"
            f" that was sent ({self._package.code_sha256}); {known}.",
            "Somebody else has deployed at the same time, or what was sent was changed on the"
            " way: deploy again.",
        )

    def _send(self) -> FunctionState:
        self._deadline.start_again()
        while True:
            try:
                return self._function.send(
                    self._package, self._progress.sending(self._package.size)
                )
            except ConflictError:
                try:
                    self._deadline.pause()
                except OutOfTimeError as error:
                    raise error.because(
                        "another update of the function is still in progress; it was not updated",
                        "Try again when it has ended, or give it longer by --timeout.",
                    ) from None
            except UncertainError as error:
                return self._what_became_of_it(error)

    def _what_became_of_it(self, error: UncertainError) -> FunctionState:
        """Look whether an update without an answer was carried out; if not, say what is known."""
        try:
            state = self._function.state()
        except DeployError:
            raise DeployError(
                f"{error.message} Whether the function was updated is not known.", error.hint
            ) from error
        if self._is_ours(state):
            return state
        # Not that it was not updated: what got no answer in time may still be under way.
        raise DeployError(
            f"{error.message} The function did not have the package when it was last asked, but"
            " the request may still be carried out.",
            f"{error.hint} A package that the function has by then is not sent again.",
        ) from error

    def finished(self, state: FunctionState) -> FunctionState:
        """Wait until the update has succeeded; raise DeployError if it fails."""
        waiting = _Waiting(self._function, state, self._progress)
        with self._progress.stage("wait", "Waiting until the update is done"):
            try:
                state = settle(waiting.ask, lambda s: not s.updating, self._deadline)
            except OutOfTimeError as error:
                raise error.because(
                    waiting.still,
                    "Look at the function's LastUpdateStatus, or give it longer by --timeout.",
                ) from None
            except AccessDeniedError:
                self._progress.note(
                    "skipped: without lambda:GetFunctionConfiguration the end of the update"
                    " cannot be waited for; Lambda has taken the package"
                )
                return waiting.state
            except DeployError as error:
                raise DeployError(
                    f"{error.message} Lambda has taken the package; whether the update"
                    " succeeded is not known.",
                    error.hint,
                ) from error
        if not self._is_ours(state):
            # The update was answered with ours: which of the two is true, nobody else can be asked.
            raise self._another_package(state, "whether the function runs that is not known")
        if state.failed:
            raise DeployError(
                "Lambda has taken the package, but the update failed:"
                f" {state.last_update_status_reason or 'no reason was given'}",
                "Mend what the reason names, then deploy again with --force.",
            )
        return state


class _Waiting:
    """Asks how an update goes on, and keeps what is known where there is no response."""

    def __init__(self, function: Function, state: FunctionState, progress: Progress) -> None:
        """Begin with the `state` in the response to the update."""
        self.state = state
        self.still = "the update is still in progress; Lambda has taken the package"
        self._function = function
        self._progress = progress
        self._asked = False

    def ask(self) -> FunctionState:
        """Give the newest state that is known; the first one is that of the update itself."""
        if self._asked:
            try:
                self.state = self._function.state()
            except (UncertainError, ThrottledError) as error:
                self._progress.detail(error.message)
                self.still = (
                    "it is not known whether the update succeeded; Lambda has taken the package."
                    f" {error.message.rstrip('.')}"
                )
        self._asked = True
        return self.state
