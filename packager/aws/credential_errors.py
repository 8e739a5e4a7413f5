"""Errors of credentials before a request is sent: none, expired, or not to be retrieved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from packager.aws.error_responses import Request
from packager.errors import CredentialsError, DeployError

_Hide = Callable[[str], str]


def no_credentials(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    """Explain that no source has credentials."""
    if request.profile in (None, "default"):
        return CredentialsError(
            "No AWS credentials were found.",
            "Set _AWS_ACCESS_KEY_ID and _AWS_SECRET_ACCESS_KEY, or use --profile.",
        )
    return CredentialsError(
        f"The AWS profile {request.profile} has no credentials.",
        "Add some with `aws configure` or `aws configure sso`, or choose another profile.",
    )


def not_retrieved(error: Any, request: Request, hide: _Hide) -> DeployError:
    """Explain a source of credentials that failed."""
    if error.kwargs.get("provider") == "custom-process":
        # The output of the process is not shown, because it may contain the credentials.
        return CredentialsError(
            f"The credential_process of the AWS profile {request.profile or 'default'} failed, or"
            " did not return credentials.",
            "Run its command (in ~/.aws/config) in a shell, and fix what it reports.",
        )
    provider = hide(str(error.kwargs.get("provider") or "the machine's metadata service"))
    return CredentialsError(
        f"The AWS credentials could not be retrieved from {provider}.",
        "Check that source, or set _AWS_ACCESS_KEY_ID and _AWS_SECRET_ACCESS_KEY.",
    )


def not_signed_in(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    """Explain a missing SSO session."""
    return CredentialsError(
        f"The SSO session of the AWS profile {request.profile or 'default'} is missing or has"
        " expired.",
        f"Run `aws sso login{request.profile_option}`.",
    )


def not_logged_in(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    """Explain a missing session of `aws login`."""
    return CredentialsError(
        f"The login of the AWS profile {request.profile or 'default'} is missing or has expired.",
        f"Run `aws login{request.profile_option}`.",
    )


def mfa_expired(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    """Explain the end of a session that began with an MFA code."""
    return CredentialsError(
        f"The MFA session of the AWS profile {request.profile or 'default'} has expired.",
        "Start again with a new MFA code.",
    )


def no_profile(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    """Explain a profile that does not exist."""
    return CredentialsError(
        f"The AWS profile {request.profile!r} does not exist on this machine.",
        "List the profiles with `aws configure list-profiles`.",
    )


def wrong_aws_files(error: Any, _request: Request, hide: _Hide) -> DeployError:
    """Explain configuration files of AWS that contradict themselves."""
    # botocore names sections, keys and profiles, as for "source_profile".
    reason = hide(" ".join(str(error).split()))
    return CredentialsError(
        f"The AWS configuration files cannot be used: {reason}",
        "Fix them (~/.aws/config and ~/.aws/credentials).",
    )
