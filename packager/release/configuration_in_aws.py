"""The configuration that a function has in AWS, for a run of its handler on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packager.config.inputs import Config
from packager.errors import AccessDeniedError, MfaError, PackagerError
from packager.function import FunctionState
from packager.lazy import lazy
from packager.progress import Progress
from packager.release.parallel import Background

if TYPE_CHECKING:
    from packager.aws import client, lambda_function
    from packager.aws.client import Clients
else:
    client = lazy("packager.aws.client")
    lambda_function = lazy("packager.aws.lambda_function")

# The time for the request, and how long a run that needs the response waits for it.
_SECONDS = 3.0

# A run on this machine has its own way for these.
_HANDLED = frozenset({"AWS_LAMBDA_EXEC_WRAPPER", "ENV_PROPERTIES_FILE"})


class ConfigurationInAws:
    """The configuration of the first function that the settings name.

    It is read once, in the background, if the settings name credentials, too. Whatever prevents
    that is a note, not an error: the handler can run without it.
    """

    def __init__(self, config: Config, clients: Clients | None = None) -> None:
        """Begin to read it, with the `clients` of the user's credentials if they exist already."""
        self._config, self._clients = config, clients
        settings = config.settings
        has_credentials = bool(clients or settings.credentials or settings.profile)
        is_known = bool(settings.functions) and has_credentials
        self._asking = Background(self._read) if is_known else None
        self._has_noted = False

    def get(self, progress: Progress) -> FunctionState | None:
        """Return it, or None; the first time, a note says what differs on this machine."""
        if self._asking is None:
            return None
        state, note = None, None
        try:
            state = self._asking.get(_SECONDS)
            note = self._differing_variables(state)
        except (PackagerError, TimeoutError) as error:
            note = f"The function's own time-out, memory and handler are unknown: {_reason(error)}"
        if note and not self._has_noted:
            progress.note(note)
        self._has_noted = True
        return state

    def _read(self) -> FunctionState:
        settings = self._config.settings
        own = settings.for_function(settings.functions[0])
        clients = self._clients or client.Clients(
            own, timeout=_SECONDS, hide=self._config.hide, ask_mfa=_ask_nobody
        )
        return lambda_function.LambdaFunction(own, clients, None).state()

    def _differing_variables(self, state: FunctionState) -> str | None:
        """Name the variables of the function's configuration that the handler lacks here."""
        names = sorted(state.variables - self._config.variables.keys() - _HANDLED)
        if not names:
            return None
        return f"In AWS the function also has these variables of its own: {', '.join(names)}."


def _reason(error: PackagerError | TimeoutError) -> str:
    if isinstance(error, TimeoutError):
        return f"AWS does not respond within {_SECONDS:g} s."
    if isinstance(error, AccessDeniedError):
        return "lambda:GetFunctionConfiguration is denied."
    return error.message


def _ask_nobody(_: str) -> str:
    """Refuse to ask for an MFA code, which would interrupt what the terminal shows."""
    raise MfaError("the AWS profile needs an MFA code.", "Use --with-aws-credentials.")
