"""Errors between this machine and AWS: no response, or one that is not AWS's."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from typing import Any

from packager.aws.bounded_http import ResponseTooLargeError
from packager.aws.error_responses import Request
from packager.aws.response_check import NotFromAwsError
from packager.errors import DeployError, UncertainError, UnparseableResponseError

_Hide = Callable[[str], str]

_CHECK_ENDPOINT = "Check _AWS_ENDPOINT_URL, or a proxy in between, then try again."


def unparseable(_: Exception, request: Request, _hide: _Hide) -> UnparseableResponseError:
    """Return the error for a response that cannot be parsed."""
    return UnparseableResponseError(
        f"{request}: the response could not be parsed.",
        _CHECK_ENDPOINT,
    )


def not_from_aws(error: NotFromAwsError, request: Request, _: _Hide) -> DeployError:
    """Explain a web page in place of a response."""
    return UnparseableResponseError(
        f"{request}: a web page came instead of AWS's response (HTTP status {error.status}).",
        "A web filter, a proxy or a Wi-Fi login page is between this machine and AWS: allow AWS's"
        " hosts there, or use another network.",
    )


def too_large(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    """Explain a response that is larger than any of AWS's."""
    return UnparseableResponseError(
        f"{request}: the response is larger than any of AWS's.",
        _CHECK_ENDPOINT,
    )


def no_response(error: Any, request: Request, hide: _Hide) -> DeployError:
    """Explain a request without a response."""
    if any(isinstance(cause, ResponseTooLargeError) for cause in _causes(error)):
        return too_large(error, request, hide)
    if any(isinstance(cause, FileNotFoundError) for cause in _causes(error)):
        return _no_ca_file(request)
    return UncertainError(
        f"{request}: no response ({type(error).__name__}).",
        "Check the network, _AWS_DEFAULT_REGION and _AWS_ENDPOINT_URL, then try again.",
    )


def _no_ca_file(request: Request) -> DeployError:
    return DeployError(
        f"{request}: the file of CA certificates cannot be read.",
        f"Check {_ca_setting() or 'ca_bundle in ~/.aws/config'}: it must be the path of a PEM"
        " file on this machine.",
    )


def _ca_setting() -> str | None:
    names = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
    return next((name for name in names if os.environ.get(name)), None)


def untrusted(error: Any, request: Request, hide: _Hide) -> DeployError:
    """Explain a TLS connection that failed."""
    reasons = [
        cause.verify_message
        for cause in _causes(error)
        if isinstance(cause, ssl.SSLCertVerificationError)
    ]
    if not reasons:
        return no_response(error, request, hide)
    given = _ca_setting()
    return UncertainError(
        f"{request}: no response, because the TLS certificate of the other side is not trusted"
        f" ({hide(reasons[0])}).",
        f"Add the CA that signed it to the PEM file of {given}."
        if given
        else "If a company's proxy or your own endpoint has its own CA, set AWS_CA_BUNDLE to a"
        " PEM file with that CA's certificate.",
    )


def no_proxy(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    """Explain a proxy that does not forward requests."""
    return UncertainError(
        f"{request}: no response, because the proxy cannot be reached or refuses the request.",
        "Check HTTPS_PROXY (host, port, user and password), or name the endpoint's host in"
        " NO_PROXY.",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield all causes of an exception; botocore and urllib3 keep some as arguments."""
    waiting: list[Any] = [error]
    seen: list[BaseException] = []
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or any(one is other for other in seen):
            continue
        seen.append(one)
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        waiting += getattr(one, "kwargs", {}).values()
