"""What can go wrong, and what the user can do about it.

Every error is a one-line message (what happened, what was seen) and a hint (what to do). Neither
ever holds the value of a variable or a credential.
"""

from __future__ import annotations

from pathlib import Path


class PackagerError(Exception):
    """The root of all errors that the packager raises."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Hold `message` (one line) and `hint` (what the user can do), shown as they are."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(PackagerError):
    """The command line, the settings or the input is wrong; nothing was sent."""


class SettingsError(InputError):
    """Settings are missing or wrong."""


class VariableError(InputError):
    """A variable cannot be written, or the file of variables cannot be read."""


class ArchiveError(InputError):
    """A jar or zip is broken, or of a kind that Lambda does not take."""


class PackageError(InputError):
    """An app cannot be made into a deployment package."""


class VendorError(PackagerError):
    """A vendored reader cannot be written."""


class DeployError(PackagerError):
    """The deployment package could not be sent, or Lambda did not take it."""


class AccessDeniedError(DeployError):
    """The credentials do not allow an action."""


class ConflictError(DeployError):
    """Another update of the function is under way."""


class ThrottledError(DeployError):
    """AWS takes no more requests for now."""


class UncertainError(DeployError):
    """No answer, or none that makes sense: a request was perhaps carried out and perhaps not."""


class SenselessError(UncertainError):
    """An answer that makes no sense: it broke off, or is not of the one who was asked."""


def explained(error: Exception) -> PackagerError:
    """Make of any error one that can be shown; an error of ours is shown as it is."""
    if isinstance(error, PackagerError):
        return error
    if isinstance(error, OSError):
        # The system's own text, and a path of the user's.
        where = f"{error.filename}: " if error.filename else ""
        return PackagerError(f"{where}{error.strerror or 'input or output failed'}.")
    import traceback  # here, for it is a tenth of every start

    # Where it comes from; not its text, nor a traceback's, which can hold values.
    last = traceback.extract_tb(error.__traceback__)[-1]
    return PackagerError(
        f"Unexpected {type(error).__name__} at {Path(last.filename).name}:{last.lineno}.",
        "This is a defect of the packager: please report it, with the command.",
    )
