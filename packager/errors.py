"""What can go wrong, and what the user can do about it.

    PackagerError                          exits with 1
    ├── InputError                         exits with 2: nothing was sent
    │   ├── SettingsError
    │   ├── VariableError
    │   ├── ArchiveError
    │   ├── PackageError
    │   └── MfaInputError
    ├── VendorError
    ├── BuildError                         in watch/build.py
    └── DeployError
        ├── AccessDeniedError
        ├── ChangedError
        ├── ConflictError
        ├── CredentialsError
        │   └── MfaError
        ├── NotFoundError
        ├── OutOfTimeError             in release/settle.py
        ├── ReleaseError               in release/outcome.py
        ├── ThrottledError
        └── UncertainError
            └── UnparseableResponseError

Every error is a one-line message (what happened, what was seen) and a hint (what to do). Neither
ever contains the value of a variable or a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from packager.lazy import lazy

if TYPE_CHECKING:
    import traceback
else:
    traceback = lazy("traceback")


class PackagerError(Exception):
    """The root of all errors that the packager raises."""

    # The exit status of the process.
    exit_status: ClassVar[int] = 1
    # Whether a second attempt may succeed although no watched file has changed.
    transient: ClassVar[bool] = True

    def __init__(self, message: str, hint: str = "") -> None:
        """Take the `message` (one line) and a `hint` (what the user can do)."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        # Further keys of the JSON object that --json prints.
        self.result: Mapping[str, object] = {}


class InputError(PackagerError):
    """The command line, the settings or the input is wrong; nothing was sent."""

    exit_status = 2


class SettingsError(InputError):
    """Settings are missing or wrong."""


class VariableError(InputError):
    """A variable cannot be written, or the file of variables cannot be read."""


class ArchiveError(InputError):
    """A jar or zip is broken, or Lambda does not support it."""


class PackageError(InputError):
    """An app cannot be packaged."""


class MfaInputError(InputError):
    """An MFA code is missing or wrong, and nothing was sent."""

    transient = False  # Each attempt would ask the user for another code.


class VendorError(PackagerError):
    """A vendored reader cannot be written."""


class DeployError(PackagerError):
    """The deployment package could not be sent, or Lambda did not accept it."""


class AccessDeniedError(DeployError):
    """The credentials do not allow an action."""


class ConflictError(DeployError):
    """Another update of the function is in progress."""


class ChangedError(DeployError):
    """The function or alias has changed since it was read."""


class CredentialsError(DeployError):
    """AWS credentials are missing, or AWS does not accept them."""


class MfaError(CredentialsError):
    """A code for multi-factor authentication is needed, or AWS does not accept it."""

    transient = False  # Each attempt would ask the user for another code.


class NotFoundError(DeployError):
    """The function, version or alias does not exist."""


class ThrottledError(DeployError):
    """AWS accepts no more requests for now."""


class UncertainError(DeployError):
    """No usable response arrived, so the request may or may not have been carried out."""


class UnparseableResponseError(UncertainError):
    """A response cannot be parsed: it is incomplete, or does not come from AWS."""


def explained(error: Exception) -> PackagerError:
    """Convert any exception to an error that can be shown; return a PackagerError unchanged."""
    if isinstance(error, PackagerError):
        return error
    if isinstance(error, OSError):
        # The system's own text and a path, neither of which is secret.
        where = f"{error.filename}: " if error.filename else ""
        return PackagerError(f"{where}{error.strerror or 'input or output failed'}.")
    # Only the location, because the text of the exception and of the traceback can contain values.
    last = traceback.extract_tb(error.__traceback__)[-1]
    return PackagerError(
        f"Unexpected {type(error).__name__} at {Path(last.filename).name}:{last.lineno}.",
        "Please report this defect of the packager, with the command that you ran.",
    )
