"""Create clients of AWS's services from the settings, and translate their errors."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import botocore
import botocore.config
import botocore.exceptions
import botocore.session

from packager.aws import request_body
from packager.aws.session import TRIES, ask_mfa, is_on_loopback, new_session
from packager.config.settings import Credentials, Settings
from packager.errors import (
    CredentialsError,
    DeployError,
    MfaError,
    MfaInputError,
    PackagerError,
    SettingsError,
    UncertainError,
)
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager.aws import error_responses
    from packager.aws import errors as aws_errors
else:
    # Most commands meet no error.
    error_responses = lazy("packager.aws.error_responses")
    aws_errors = lazy("packager.aws.errors")

_CONNECT_SECONDS = 10
_READ_SECONDS = 60

# Credentials of assumed roles. While they are valid, a new session (watch creates one after a
# failure) asks for no new MFA code.
_role_credentials: dict[str, Any] = {}


def _no_details(record: logging.LogRecord) -> bool:
    # botocore's debug log shows responses (a function's whole environment) and session tokens.
    return record.levelno > logging.DEBUG


def silence_debug_logs() -> None:
    """Suppress debug records of botocore, with a filter that works at any level a program sets."""
    for name in [*logging.root.manager.loggerDict]:
        if name.partition(".")[0] in ("boto3", "botocore", "s3transfer"):
            logging.getLogger(name).addFilter(_no_details)


class Clients:
    """Creates clients for one account and region.

    `hide` removes secrets from AWS's messages. `respond` is a handler of botocore's event
    `before-send`, which returns the response in place of the network.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        timeout: float,
        hide: Callable[[str], str],
        respond: Callable[..., Any] | None = None,
        ask_mfa: Callable[[str], str] = ask_mfa,
    ) -> None:
        """Send nothing yet. All attempts at one request together take at most `timeout` seconds."""
        self._settings = settings
        self.hide = hide
        self._respond = respond
        self._ask = ask_mfa
        self._shared: dict[str, Any] = {}
        self._session: botocore.session.Session | None = None
        self._has_asked = False
        self._lock = threading.RLock()
        self._default_config = botocore.config.Config(
            retries={"mode": "standard", "total_max_attempts": TRIES},
            connect_timeout=_seconds_a_try(_CONNECT_SECONDS, timeout),
            read_timeout=_seconds_a_try(_READ_SECONDS, timeout),
        )
        own = botocore.config.Config(
            # None means the environment's proxies, which cannot reach this machine's loopback.
            proxies={} if is_on_loopback(settings.endpoint_url) else None,
            # With `_AWS_…` credentials, only `_AWS_ENDPOINT_URL` may set another endpoint.
            ignore_configured_endpoint_urls=settings.credentials is not None or None,
        )
        self._config = self._default_config.merge(own)

    def shared(self, service: str) -> Any:
        """Return the client of `service` that all functions of one region share.

        Raises SettingsError as `new` does.
        """
        with self._lock:
            if service not in self._shared:
                self._shared[service] = self.new(service)
            return self._shared[service]

    def new(self, service: str, *, one_try_of: float | None = None) -> Any:
        """Create a client of `service`.

        With `one_try_of`, its requests may take that many seconds, and are not repeated. Raises
        SettingsError if the client cannot be created, or credentials are missing.
        """
        silence_debug_logs()
        client = self._new(service, self._config_for(one_try_of))
        if one_try_of is None:
            client.meta.events.register_first("needs-retry", _pause_if_throttled)
        if service == "lambda":
            request_body.let_bodies_be_files(client)
        silence_debug_logs()  # again, for the modules that creating the client has imported
        return client

    def credentials(self) -> Credentials:
        """Return the credentials that requests are signed with. Raises SettingsError."""
        with self._lock, self._opening("AWS credentials"):
            self._session = self._session or self._new_session()
            key = self._session.get_credentials().get_frozen_credentials()
        return Credentials(key.access_key, key.secret_key, key.token)

    def method(self, action: str) -> str:
        """Return the name of the client's method for the request `action`."""
        name: str = botocore.xform_name(action)
        return name

    def _config_for(self, one_try_of: float | None) -> botocore.config.Config:
        if one_try_of is None:
            return self._config
        # Lambda sends nothing until the handler has ended; a proxy may close such a connection.
        once = {"mode": "standard", "total_max_attempts": 1}
        return self._config.merge(
            botocore.config.Config(retries=once, read_timeout=one_try_of, tcp_keepalive=True)
        )

    def _new(self, service: str, config: botocore.config.Config) -> Any:
        with self._lock:
            if self._session is None:
                with self._opening("AWS credentials"):
                    self._session = self._new_session()
            with self._opening("AWS client"):
                try:
                    client = self._session.create_client(
                        service, endpoint_url=self._settings.endpoint_url, config=config
                    )
                except ValueError as error:
                    if isinstance(error, botocore.exceptions.BotoCoreError):
                        raise
                    raise SettingsError(
                        "Cannot create an AWS client from these settings.",
                        "Check _AWS_DEFAULT_REGION, _AWS_ENDPOINT_URL and the AWS configuration"
                        " files.",
                    ) from None
        if self._respond:
            client.meta.events.register_first("before-send", self._respond)
        return client

    def _new_session(self) -> botocore.session.Session:
        session = new_session(
            self._settings, self._default_config, roles=_role_credentials, ask_mfa=self._ask_mfa
        )
        try:
            credentials = session.get_credentials()
            if credentials is None:
                raise botocore.exceptions.NoCredentialsError
            # Assume a role and ask for an MFA code now, not after the package is built.
            credentials.get_frozen_credentials()
        except json.JSONDecodeError as error:
            # botocore handles invalid JSON from every source of credentials except this one.
            raise botocore.exceptions.CredentialRetrievalError(
                provider="custom-process", error_msg=""
            ) from error
        return session

    def _ask_mfa(self, prompt: str) -> str:
        self._has_asked = True
        return self._ask(prompt)

    @contextlib.contextmanager
    def _opening(self, action: str) -> Iterator[None]:
        """Raise SettingsError if a session or client cannot be created: nothing was sent."""
        self._has_asked = False
        try:
            with self.errors(action):
                yield
        except UncertainError:
            raise
        except DeployError as error:
            asks = self._has_asked or isinstance(error, MfaError)
            kind = MfaInputError if asks else SettingsError
            raise kind(error.message, error.hint) from None

    @contextlib.contextmanager
    def errors(self, action: str, resource: str = "") -> Iterator[None]:
        """Translate exceptions of boto3 in the block to DeployError.

        The messages name the `action` and the `resource`, as a function or a bucket.
        """
        try:
            yield
        except PackagerError:
            raise
        except Exception as error:
            found = aws_errors.explain(error, self._request(action, resource), self.hide)
            if found is None:
                raise
            if isinstance(found, CredentialsError):
                _role_credentials.clear()
            # From None, because messages of boto3 may contain secrets.
            raise found from None

    def _request(self, action: str, resource: str) -> error_responses.Request:
        settings, session = self._settings, self._session
        region = settings.region or (session and session.get_config_variable("region"))
        if resource and region:
            resource = f"{resource} ({region})"
        profile = None
        if settings.credentials is None:
            variables = map(os.environ.get, ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"))
            profile = settings.profile or next(filter(None, variables), "default")
        return error_responses.Request(action, resource, profile)


def _seconds_a_try(most: float, timeout: float) -> float:
    """Return the seconds for a step of one try, so that all tries end within `timeout`."""
    return max(1.0, min(most, timeout / TRIES))


def _pause_if_throttled(response: Any, attempts: int, **_: object) -> float | None:
    """Also repeat a request after a bare 429: botocore does so only for AWS's error codes."""
    if response is None or response[0].status_code != 429 or attempts >= TRIES:
        return None
    return random.random() * 2.0 ** (attempts - 1)  # noqa: S311  As botocore: spread, not secret.
