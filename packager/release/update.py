"""Update a function with a package, and find out what it runs afterwards."""

from __future__ import annotations

from packager.errors import (
    AccessDeniedError,
    ConflictError,
    DeployError,
    ThrottledError,
    UncertainError,
)
from packager.function import Function, FunctionState, Package
from packager.progress import Progress, readable
from packager.release.settle import Deadline, OutOfTimeError, patiently, settle


class Update:
    """One update of one function's code."""

    def __init__(
        self, package: Package, function: Function, progress: Progress, deadline: Deadline
    ) -> None:
        """Prepare the update; send nothing yet."""
        self._package = package
        self._function = function
        self._progress = progress
        self._deadline = deadline

    def wait_for_others(self, state: FunctionState) -> FunctionState:
        """Wait until no update is in progress, and the function is not being created."""
        if state.settled:
            return state
        with self._progress.stage("state", "Waiting until another update is done"):
            try:
                return settle(self._function.state, lambda s: s.settled, self._deadline)
            except OutOfTimeError as error:
                raise error.because(
                    "another update of the function is still in progress; nothing was sent",
                    "Try again when it has ended, or allow more time with --timeout.",
                ) from None

    def run(self, bucket: str | None) -> FunctionState:
        """Send the package, and wait until the function runs it; return its new state.

        Raises DeployError, which reports what the function runs now if that can be known.
        """
        size = readable(self._package.size)
        by = f", through s3://{bucket}" if bucket else ""
        with self._progress.stage("update", f"Updating the function ({size}{by})"):
            after = self._send()
        if not self._is_ours(after):
            raise self._another_package(after, self._package_by_its_state())
        return self._finished(after)

    def _is_ours(self, state: FunctionState) -> bool:
        return state.code_sha256 == self._package.code_sha256

    def _package_by_its_state(self) -> str:
        """Find out which package the function has, after a response that names another one."""
        try:
            state = self._function.state()
        except DeployError:
            return "it is not known whether the function runs that one"
        if self._is_ours(state):
            return "by its state the function has the one that was sent"
        return f"by its state the function has {state.code_sha256}"

    def _another_package(self, response: FunctionState, known: str) -> DeployError:
        return DeployError(
            f"Lambda reports another package (CodeSha256 {response.code_sha256}) than the one"
            f" that was sent ({self._package.code_sha256}); {known}.",
            "Somebody else has deployed at the same time, or the package was changed on the"
            " way: deploy again.",
        )

    def _send(self) -> FunctionState:
        self._deadline.start_again()
        while True:
            try:
                return patiently(
                    lambda: self._function.send(self._package, self._progress), self._deadline
                )
            except ConflictError:
                try:
                    self._deadline.pause()
                except OutOfTimeError as error:
                    raise error.because(
                        "another update of the function is still in progress; it was not updated",
                        "Try again when it has ended, or allow more time with --timeout.",
                    ) from None
            except UncertainError as error:
                return self._outcome_of(error)

    def _outcome_of(self, error: UncertainError) -> FunctionState:
        """Check whether an update without a response was carried out; otherwise raise an error."""
        try:
            state = self._function.state()
        except DeployError:
            raise DeployError(
                f"{error.message} It is not known whether the function was updated.", error.hint
            ) from error
        if self._is_ours(state):
            return state
        # It may still be updated, because a request without a response may be carried out later.
        raise DeployError(
            f"{error.message} The function did not have the package when it was last asked, but"
            " the request may still be carried out.",
            f"{error.hint} If it was, the next deploy sends nothing.",
        ) from error

    def _finished(self, state: FunctionState) -> FunctionState:
        """Wait until the update has succeeded; raise DeployError if it fails."""
        waiting = _Waiting(self._function, state, self._progress)
        with self._progress.stage("wait", "Waiting until the update is done"):
            try:
                state = settle(waiting.ask, lambda s: s.settled, self._deadline)
            except OutOfTimeError as error:
                raise error.because(
                    waiting.still,
                    "Look at the function's LastUpdateStatus, or allow more time with --timeout.",
                ) from None
            except AccessDeniedError:
                self._progress.note(
                    "skipped: without lambda:GetFunctionConfiguration the end of the update"
                    " cannot be waited for; Lambda has accepted the package"
                )
                return waiting.state
            except DeployError as error:
                raise DeployError(
                    f"{error.message} Lambda has accepted the package; it is not known whether the"
                    " update succeeded.",
                    error.hint,
                ) from error
        if not self._is_ours(state):
            # The two responses conflict, and there is no third source.
            raise self._another_package(state, "it is not known whether the function runs that one")
        if state.failed:
            raise DeployError(
                "Lambda has accepted the package, but the update failed:"
                f" {state.last_update_status_reason or 'no reason was given'}",
                "Fix what the reason names, then deploy again with --force.",
            )
        return state


class _Waiting:
    """Polls the progress of an update, and keeps the last known state without a response."""

    def __init__(self, function: Function, state: FunctionState, progress: Progress) -> None:
        """Begin with the `state` in the response to the update."""
        self.state = state
        self.still = "the update is still in progress; Lambda has accepted the package"
        self._function = function
        self._progress = progress
        self._asked = False

    def ask(self) -> FunctionState:
        """Return the newest known state; the first one is from the response to the update."""
        if self._asked:
            try:
                self.state = self._function.state()
            except (UncertainError, ThrottledError) as error:
                self._progress.detail(error.message)
                self.still = (
                    "it is not known whether the update succeeded; Lambda has accepted the package."
                    f" {error.message.rstrip('.')}"
                )
        self._asked = True
        return self.state
