"""Clients of AWS's services, made of the settings, and their errors in the packager's own words."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import boto3.exceptions
import botocore
import botocore.config
import botocore.exceptions

from packager.aws import request_body
from packager.aws.errors import TRIES, refusal
from packager.config.settings import Settings
from packager.errors import DeployError, SettingsError, UncertainError, UnparseableResponseError

_CONNECT_SECONDS = 10
_READ_SECONDS = 60


def _no_details(record: logging.LogRecord) -> bool:
    # botocore's debug log shows answers (a function's whole environment) and session tokens.
    return record.levelno > logging.DEBUG


def _silence_debug_logs() -> None:
    """Let no debug record of botocore through: a filter holds whatever level a program sets."""
    for name in [*logging.root.manager.loggerDict]:
        if name.partition(".")[0] in ("boto3", "botocore", "s3transfer"):
            logging.getLogger(name).addFilter(_no_details)


class Clients:
    """Makes clients of one account and region.

    `hide` takes out of AWS's words what must not be shown. `respond` is a handler of botocore's
    event `before-send`, which returns the response in place of the network.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        timeout: float,
        hide: Callable[[str], str],
        respond: Callable[..., Any] | None = None,
    ) -> None:
        """Nothing is sent yet; all tries of one step together take at most `timeout` seconds."""
        self._settings = settings
        self.hide = hide
        self._respond = respond
        self._shared: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._config = botocore.config.Config(
            retries={"mode": "standard", "total_max_attempts": TRIES},
            connect_timeout=_seconds_a_try(_CONNECT_SECONDS, timeout),
            read_timeout=_seconds_a_try(_READ_SECONDS, timeout),
            # None: those of the environment, which cannot reach the loopback of this machine.
            proxies={} if _is_on_loopback(settings.endpoint_url) else None,
        )

    def shared(self, service: str) -> Any:
        """Return the client of `service` that all functions of one region share.

        Raises SettingsError as `new` does.
        """
        with self._lock:
            if service not in self._shared:
                self._shared[service] = self.new(service)
            return self._shared[service]

    def new(self, service: str, *, one_try_of: float | None = None) -> Any:
        """Make a client of `service`; its requests are not repeated if they get `one_try_of` so
        many seconds.

        Raises SettingsError if it cannot be made, or there are no credentials.
        """
        _silence_debug_logs()
        client = self._new(service, self._config_for(one_try_of))
        if one_try_of is None:
            client.meta.events.register_first("needs-retry", _pause_if_throttled)
        if service == "lambda":
            request_body.let_bodies_be_files(client)
        _silence_debug_logs()  # Those of modules that were imported for the client.
        return client

    def method(self, action: str) -> str:
        """Name the method of a client that sends the request `action`."""
        name: str = botocore.xform_name(action)
        return name

    def _config_for(self, one_try_of: float | None) -> botocore.config.Config:
        if one_try_of is None:
            return self._config
        # Lambda is silent until the handler has ended; something in between may not like that.
        once = {"mode": "standard", "total_max_attempts": 1}
        return self._config.merge(
            botocore.config.Config(retries=once, read_timeout=one_try_of, tcp_keepalive=True)
        )

    def _new(self, service: str, config: botocore.config.Config) -> Any:
        settings = self._settings
        key = settings.credentials
        try:
            with _aws_variables_hidden(hidden=key is not None):
                session = boto3.session.Session(
                    aws_access_key_id=key and key.access_key_id,
                    aws_secret_access_key=key and key.secret_access_key,
                    aws_session_token=key and key.session_token,
                    region_name=settings.region,
                    profile_name=settings.profile,
                )
                # Else botocore says so at the first request, when the package is made.
                if session.get_credentials() is None:
                    raise _no_credentials()
                client = session.client(service, endpoint_url=settings.endpoint_url, config=config)
                if self._respond:
                    client.meta.events.register_first("before-send", self._respond)
                return client
        except botocore.exceptions.NoRegionError as error:
            raise SettingsError(
                "_AWS_DEFAULT_REGION (--region) is missing, and no other setting says the region.",
                "Set it to the function's region, as eu-west-1, or give the function's ARN.",
            ) from error
        except botocore.exceptions.ProfileNotFound as error:
            raise SettingsError(
                f"There is no AWS profile {settings.profile!r} on this machine.",
                "Look at `aws configure list-profiles`.",
            ) from error
        except (botocore.exceptions.BotoCoreError, ValueError):
            # From None, here and below: what botocore says can hold what must not be shown.
            raise SettingsError(
                "The AWS settings make no client.",
                "Check _AWS_DEFAULT_REGION, _AWS_ENDPOINT_URL and the AWS configuration files.",
            ) from None

    @contextlib.contextmanager
    def errors(self, action: str) -> Iterator[None]:
        """Raise a DeployError or SettingsError for what boto3 raises in the block."""
        try:
            yield
        except botocore.exceptions.ClientError as error:
            raise self._client_error(action, error) from None
        except boto3.exceptions.S3UploadFailedError as error:
            cause = error.__context__
            if isinstance(cause, botocore.exceptions.ClientError):
                raise self._client_error(action, cause) from None
            raise DeployError(f"{action}: the upload did not end.", "Try again.") from None
        except (
            botocore.exceptions.NoCredentialsError,
            botocore.exceptions.PartialCredentialsError,
            botocore.exceptions.CredentialRetrievalError,
            botocore.exceptions.TokenRetrievalError,
        ):
            raise _no_credentials() from None
        except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as error:
            raise UncertainError(
                f"{action}: no answer ({type(error).__name__}).",
                "Check the network, _AWS_DEFAULT_REGION and _AWS_ENDPOINT_URL, then try again.",
            ) from None
        except (botocore.exceptions.BotoCoreError, KeyError):
            # KeyError: s3transfer takes what it needs from an answer without a look.
            raise _unparseable(action) from None

    def _client_error(self, action: str, error: botocore.exceptions.ClientError) -> DeployError:
        # Of an empty element of S3's XML botocore makes None.
        code = error.response.get("Error", {}).get("Code") or ""
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        said = self.hide(error.response.get("Error", {}).get("Message") or "")
        return refusal(action, self.hide(code) or str(status), status, said)


def _seconds_a_try(most: float, timeout: float) -> float:
    """Give the seconds that a step of one try may take, for all tries to end within `timeout`."""
    return max(1.0, min(most, timeout / TRIES))


def _no_credentials() -> SettingsError:
    return SettingsError(
        "There are no AWS credentials.",
        "Set _AWS_ACCESS_KEY_ID and _AWS_SECRET_ACCESS_KEY, or give --profile.",
    )


def _unparseable(action: str) -> UnparseableResponseError:
    return UnparseableResponseError(
        f"{action}: the answer makes no sense.",
        "Check _AWS_ENDPOINT_URL, or a proxy in between, then try again.",
    )


def _pause_if_throttled(response: Any, attempts: int, **_: object) -> float | None:
    """Let a 429 be tried again, too, that says no more: botocore does so by AWS's words alone."""
    if response is None or response[0].status_code != 429 or attempts >= TRIES:
        return None
    return random.random() * 2.0 ** (attempts - 1)  # noqa: S311  As botocore: spread, not secret.


def _is_on_loopback(url: str | None) -> bool:
    return urlsplit(url or "").hostname in ("127.0.0.1", "::1", "localhost")


@contextlib.contextmanager
def _aws_variables_hidden(*, hidden: bool) -> Iterator[None]:
    """Keep the app's own `AWS_…` config vars, which are for the function, away from boto3."""
    variables = [name for name in os.environ if hidden and name.startswith("AWS_")]
    kept = {name: os.environ.pop(name) for name in variables}
    try:
        yield
    finally:
        os.environ.update(kept)
