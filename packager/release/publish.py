"""Publish a version of a function, and test it before it receives traffic."""

from __future__ import annotations

import json
import re
from pathlib import Path

from packager.errors import (
    AccessDeniedError,
    ChangedError,
    ConflictError,
    DeployError,
    InputError,
    UncertainError,
)
from packager.function import Function, FunctionState, Invocation
from packager.progress import Progress
from packager.release.settle import Deadline, OutOfTimeError, patiently, settle

# This description marks the versions that the packager may delete (_LAMBDA_KEEP_VERSIONS).
DESCRIPTION = "Published by packager"

# A handler may take as long as the function's Timeout, and Lambda itself needs some seconds.
_SECONDS_MORE, _LONGEST_TIMEOUT = 10, 1800

_ERROR_TYPE = re.compile(r"[A-Za-z_$][\w.$:]{0,99}")


class Publication:
    """A version of one function, which `state` describes if it could be read after the update."""

    def __init__(
        self,
        function: Function,
        code_sha256: str,
        state: FunctionState | None,
        progress: Progress,
        deadline: Deadline,
    ) -> None:
        """Prepare the version; publish nothing yet."""
        self._function = function
        self._code_sha256 = code_sha256
        self._revision_id = state.revision_id if state else None
        self._progress = progress
        self._deadline = deadline

    def run(self) -> FunctionState:
        """Publish a version of exactly this code, and return it once it is active.

        Lambda returns the newest version if neither code nor configuration have changed since.
        """
        with self._progress.stage("publish", "Publishing a version"):
            return self._active(self._published())

    def _published(self) -> FunctionState:
        self._deadline.start_again()
        while True:
            try:
                version = patiently(self._publish, self._deadline)
            except ConflictError as error:
                self._pause(error)
            except ChangedError as error:
                # Somebody has changed the configuration, or deployed other code.
                self._read_again(error)
                self._pause(error)
            except UncertainError as error:
                raise DeployError(
                    f"{error.message} It is not known whether a version was published.", error.hint
                ) from error
            else:
                if version.code_sha256 != self._code_sha256:
                    raise DeployError(
                        f"Lambda reports that version {version.version} has another package"
                        f" (CodeSha256 {version.code_sha256}) than the one that was sent.",
                        "Look at `packager status`, then deploy again.",
                    )
                return version

    def _publish(self) -> FunctionState:
        return self._function.publish(
            DESCRIPTION, code_sha256=self._code_sha256, revision_id=self._revision_id
        )

    def _read_again(self, error: ChangedError) -> None:
        try:
            state = settle(self._function.state, lambda s: s.settled, self._deadline)
        except AccessDeniedError:
            raise error from None
        if state.code_sha256 != self._code_sha256:
            raise DeployError(
                "Somebody else has deployed in the meantime: the function has another package"
                f" (CodeSha256 {state.code_sha256}). No version was published.",
                "Deploy again.",
            ) from None
        self._revision_id = state.revision_id

    def _pause(self, error: DeployError) -> None:
        try:
            self._deadline.pause()
        except OutOfTimeError as late:
            still = f"no version could be published: {error.message.rstrip('.')}"
            raise late.because(still) from None

    def _active(self, version: FunctionState) -> FunctionState:
        number = version.version
        try:
            if version.state == "Pending":
                version = settle(
                    lambda: self._function.state(number),
                    lambda s: s.state != "Pending",
                    self._deadline,
                )
        except OutOfTimeError as error:
            raise error.because(f"version {number} is still not ready") from None
        except AccessDeniedError as error:
            raise AccessDeniedError(
                f"It is not known whether version {number} is ready. {error.message}",
                "Allow lambda:GetFunctionConfiguration on the versions as well (…:function:NAME:*):"
                " `packager policy` prints what an alias needs.",
            ) from error
        if version.state == "Failed":
            raise DeployError(
                f"Version {number} failed to start:"
                f" {version.state_reason or 'no reason was given'}",
                "Fix what the reason names, then deploy again.",
            )
        return version


def read_event(text: str, folder: Path) -> bytes:
    """Read an event: JSON, or @FILE relative to `folder`. Raises InputError."""
    if not text.startswith("@"):
        return text.encode()
    path = folder / text[1:]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The event cannot be read: {path}: {error.strerror}.", "Name a file that holds JSON."
        ) from None
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        raise InputError(f"{path} is not JSON.", "Name a file that holds JSON.") from None
    return content


def smoke_test(
    function: Function, event: bytes, version: FunctionState, progress: Progress, deadline: Deadline
) -> None:
    """Invoke a version once. Raises DeployError if its handler fails or does not respond in time.

    The handler's response is never shown, because it may hold config.
    """
    number = version.version
    qualifier = number if number.isdigit() else None
    shown = f"version {number}" if qualifier else "the function"
    timeout = float((version.timeout or _LONGEST_TIMEOUT) + _SECONDS_MORE)
    with progress.stage("smoke", f"Trying {shown} with the smoke event"):
        try:
            deadline.start_again()
            # AWS counts a request that it throttles as not sent.
            response = patiently(
                lambda: function.invoke(event, qualifier, timeout=timeout), deadline
            )
        except UncertainError as error:
            raise DeployError(
                f"The smoke test has no result: {shown} did not respond. {error.message}",
                error.hint,
            ) from error
    if response.failed:
        raise DeployError(
            f"The smoke test failed: {shown} responded with {_error_type(response)} (request"
            f" {response.request_id}).",
            "See the function's log, or the whole error with `packager invoke`.",
        )


def _error_type(response: Invocation) -> str:
    """Return the type of a handler's error, if it is one; its text may hold config."""
    try:
        error = json.loads(response.payload)
        found = str(error["errorType"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "an error"
    return f"the error {found}" if _ERROR_TYPE.fullmatch(found) else "an error"
