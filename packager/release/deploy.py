"""Sends a deployment package to Lambda, and knows afterwards what the function runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packager.config.inputs import Config
from packager.config.settings import Settings
from packager.errors import (
    AccessDeniedError,
    ConflictError,
    DeployError,
    PackageError,
    ThrottledError,
    UncertainError,
)
from packager.function import Function, FunctionState, S3Object
from packager.package.build import Package, build, kind_of
from packager.progress import Progress, readable

if TYPE_CHECKING:
    from packager.package.zip_folder import CompressionCache

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: "50 MB (zipped, when
# uploaded through the Lambda API)"; a MB there is 2**20 bytes.
DIRECT_LIMIT = 50 << 20

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0

Outcome = Literal["deployed", "unchanged", "dry run"]


@dataclass(frozen=True)
class Deployment:
    """How a deploy ended: what the function runs now, or with "dry run" what it would."""

    outcome: Outcome
    version: str
    package: Package


@dataclass(frozen=True)
class Clock:
    """The time in seconds, and a way to let it pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


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
    # Of an app folder with the files of both kinds, the function's runtime tells which it is.
    if kind_of(app, replace(settings, runtime="python")) == "python":
        settings = _for_function(app, settings, function, progress)
    with progress.stage("package", f"Packaging {app.resolve().name}"):
        package = build(app, settings, config.variables, folder / "package.zip", cache=cache)
    return send(
        package,
        function,
        settings,
        progress,
        force=force,
        dry_run=dry_run,
        timeout=timeout,
        clock=clock,
    )


def _for_function(
    app: Path, settings: Settings, function: Function, progress: Progress
) -> Settings:
    """Take runtime and architecture from the function; from the settings if it may not be asked.

    Raises PackageError for a Python app where the function has the runtime of another language.
    """
    try:
        with progress.stage("state", "Asking for the function's runtime"):
            state = function.state()
    except AccessDeniedError:
        progress.say(
            "  skipped: without lambda:GetFunctionConfiguration the runtime is that of the settings"
        )
        return settings
    settings = replace(
        settings,
        runtime=state.runtime or settings.runtime,
        architecture=state.architecture or settings.architecture,
    )
    # A function with a runtime of its own (provided.…), or with none, may well run Python.
    of_python = (state.runtime or "provided").startswith(("python", "provided"))
    if not of_python and kind_of(app, settings) == "python":
        raise PackageError(
            f"The function's runtime is {state.runtime}, but the app is a Python app.",
            "Check _LAMBDA_FUNCTION_ARN and the folder of the app, or give the function a runtime"
            " of Python.",
        )
    return settings


def send(
    package: Package,
    function: Function,
    settings: Settings,
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
    source = _s3_object(package, settings)
    deploying = _Deploying(package, function, progress, _Waiting(clock or Clock(), timeout))
    before = deploying.settled_state()
    if before and before.code_sha256 == package.code_sha256 and not (force or before.failed):
        return Deployment("unchanged", before.version, package)
    if dry_run:
        return Deployment("dry run", before.version if before else "", package)
    after = deploying.update(source)
    return Deployment("deployed", deploying.finished(after).version, package)


def _s3_object(package: Package, settings: Settings) -> S3Object | None:
    """Say where in S3 the package goes; None if it is sent directly."""
    if package.size <= DIRECT_LIMIT:
        return None
    if settings.s3_bucket is None:
        raise PackageError(
            f"The package has {package.size / 2**20:.1f} MB, and Lambda takes at most"
            f" {DIRECT_LIMIT >> 20} MB directly.",
            "Set _LAMBDA_S3_BUCKET (--s3-bucket) to a bucket in the function's region: the package"
            " then goes by S3.",
        )
    prefix = f"{settings.s3_prefix.rstrip('/')}/" if settings.s3_prefix else ""
    return S3Object(settings.s3_bucket, f"{prefix}{settings.function_name}/{package.sha256}.zip")


class _Waiting:
    """Pauses that grow, until all of the time is used up."""

    def __init__(self, clock: Clock, timeout: float) -> None:
        self._clock = clock
        self._timeout = timeout
        self._end = clock.now() + timeout
        self._pause = _FIRST_PAUSE

    def pause(self, still: str, hint: str) -> None:
        """Let some time pass; raise DeployError, which says what is `still` so, if none is left."""
        left = self._end - self._clock.now()
        if left <= 0:
            raise DeployError(f"After {self._timeout:g} s {still}.", hint)
        self._clock.sleep(min(self._pause, left))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def start_again(self) -> None:
        """Pause shortly again: something new is waited for."""
        self._pause = _FIRST_PAUSE


class _Deploying:
    """The steps of one deploy."""

    def __init__(
        self, package: Package, function: Function, progress: Progress, waiting: _Waiting
    ) -> None:
        self._package = package
        self._function = function
        self._progress = progress
        self._waiting = waiting

    def settled_state(self) -> FunctionState | None:
        """Wait until no update is in progress; None where the state may not be asked."""
        with self._progress.stage("state", "Asking for the function's state"):
            try:
                state = self._function.state()
                while state.updating:
                    self._waiting.pause(
                        "another update of the function is still in progress; nothing was sent",
                        "Try again when it has ended, or give it longer by --timeout.",
                    )
                    state = self._function.state()
            except AccessDeniedError:
                self._progress.say(
                    "  skipped: without lambda:GetFunctionConfiguration it is not known whether"
                    " the function has this package already"
                )
                return None
        return state

    def update(self, source: S3Object | None) -> FunctionState:
        """Send the package until Lambda takes it, and check that it is what Lambda has."""
        size = readable(self._package.size)
        if source:
            with self._progress.stage("upload", f"Uploading {size} to s3://{source.bucket}"):
                self._function.upload(self._package.path, source, self._progress.sent)
        with self._progress.stage("update", f"Updating the function ({size})"):
            self._waiting.start_again()
            after = self._send(source)
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

    def _send(self, source: S3Object | None) -> FunctionState:
        while True:
            try:
                if source:
                    return self._function.update_from(source)
                return self._function.update(self._package.path, self._progress.sent)
            except ConflictError:
                self._waiting.pause(
                    "another update of the function is still in progress; it was not updated",
                    "Try again when it has ended, or give it longer by --timeout.",
                )
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
        hint = "Look at the function's LastUpdateStatus, or give it longer by --timeout."
        with self._progress.stage("wait", "Waiting until the update is done"):
            self._waiting.start_again()
            still = "the update is still in progress; Lambda has taken the package"
            while state.updating:
                self._waiting.pause(still, hint)
                try:
                    state = self._function.state()
                except AccessDeniedError:
                    self._progress.say(
                        "  skipped: without lambda:GetFunctionConfiguration the end of the update"
                        " cannot be waited for; Lambda has taken the package"
                    )
                    return state
                except (UncertainError, ThrottledError) as error:
                    self._progress.detail(f"  {error.message}")
                    still = (
                        "it is not known whether the update succeeded; Lambda has taken the"
                        f" package. {error.message.rstrip('.')}"
                    )
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
