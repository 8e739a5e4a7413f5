"""The session of botocore that the settings describe: its credentials, files, and clients.

boto3 adds nothing to it that is used here, and takes a fifth longer to load.
"""

from __future__ import annotations

import getpass
import ipaddress
import os
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import botocore.config
import botocore.configprovider
import botocore.credentials
import botocore.session

from packager.aws import bounded_http, models, response_check
from packager.config.settings import Settings
from packager.errors import MfaError, SettingsError

# How often a request is tried: botocore's standard retry mode.
TRIES = 3

# The only variable of AWS that is used with our own credentials: it names the trusted CAs.
_CA_BUNDLE = "ca_bundle"


def new_session(
    settings: Settings,
    config: botocore.config.Config,
    *,
    roles: MutableMapping[str, Any],
    ask_mfa: Callable[[str], str],
) -> botocore.session.Session:
    """Create a session. Its clients for credentials (STS, for example) use `config` by default.

    `roles` keeps the credentials of assumed roles; `ask_mfa` asks the user for an MFA code.
    """
    key = settings.credentials
    session = _Session.without_files() if key else _Session.with_files()
    session.allow_http = settings.allow_http
    session.set_default_client_config(config)
    for name, value in (("region", settings.region), ("profile", settings.profile)):
        if value is not None:
            session.set_config_variable(name, value)
    if key:
        session.set_credentials(key.access_key_id, key.secret_access_key, key.session_token)
    else:
        providers = botocore.credentials.create_credential_resolver(
            session, cache=roles, region_name=settings.region
        )
        providers.get_provider("assume-role")._prompter = ask_mfa
        session.register_component("credential_provider", providers)
    return session


def ask_mfa(prompt: str) -> str:
    """Ask on the terminal for an MFA code. Raises MfaError if there is none."""
    try:
        # Without one, getpass would wait for standard input.
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        raise MfaError(
            "The AWS profile's role needs an MFA code, but there is no terminal to ask for one.",
            "Run the command in a terminal, or set _AWS_ACCESS_KEY_ID, _AWS_SECRET_ACCESS_KEY and"
            " _AWS_SESSION_TOKEN to those of a session.",
        ) from None
    return getpass.getpass(prompt)


class _Session(botocore.session.Session):  # type: ignore[misc]
    """A session all of whose clients are bounded; those that get credentials are, too."""

    allow_http = False

    @classmethod
    def with_files(cls) -> _Session:
        """Create a session that reads AWS's files and variables, as the AWS CLI does."""
        session = cls()
        session.lazy_register_component(
            "data_loader", lambda: models.loader(session.get_config_variable("data_path"))
        )
        return session

    @classmethod
    def without_files(cls) -> _Session:
        """Create a session that reads none of AWS's files, and only the variable AWS_CA_BUNDLE.

        On a dyno, the home is the app's folder: a file there would come from its repository. And
        `AWS_…` config vars are for the function.
        """
        nothing: dict[str, object] = {
            name: (None, variable if name == _CA_BUNDLE else None, default, convert)
            for name, (_, variable, default, convert) in cls.SESSION_VARIABLES.items()
        }
        for name in ("config_file", "credentials_file"):
            nothing[name] = (None, None, os.devnull, None)
        session = cls(session_vars=nothing)
        session.get_component("config_store").set_config_provider(
            "s3", botocore.configprovider.ConstantProvider(None)
        )
        session.register_component("data_loader", models.own_loader())
        return session

    def create_client(self, *args: Any, **more: Any) -> Any:
        client = super().create_client(*args, **more)
        if not self.allow_http:
            _refuse_http(client.meta.endpoint_url)
        bounded_http.bound(client)
        response_check.check_responses(client)
        return client


def _refuse_http(url: str) -> None:
    if urlsplit(url).scheme == "http" and not is_on_loopback(url):
        raise SettingsError(
            f"The endpoint http://{urlsplit(url).hostname} has no TLS: anybody on the network path"
            " could read the package with its config.",
            "Use https://, or allow it with --allow-http (_AWS_ALLOW_HTTP=true).",
        )


def is_on_loopback(url: str | None) -> bool:
    """Return whether a URL leads to this machine."""
    host = urlsplit(url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
