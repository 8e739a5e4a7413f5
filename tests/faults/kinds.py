"""The faults of the matrix, and the expected behaviour of a deploy for each."""

from __future__ import annotations

from dataclasses import dataclass

from tests.proxy import (
    Fault,
    changed,
    error,
    garbage,
    lose_response,
    redirect,
    reset_after_the_body,
    reset_before_the_body,
    reset_during_the_body,
    silence,
    truncate_response,
)

# AWS's messages can quote the request, so these contain secrets; no output may show them.
_MESSAGE = "The value canary/session+token== or second canary line is not right"


@dataclass(frozen=True)
class Kind:
    """A fault at Lambda and at S3 (None: S3 has no such fault), and a pattern of the error.

    `retried`: a request with this fault is sent again; `carried_out`: the service has carried the
    request out; `unparseable`: there is a response, but it cannot be parsed.
    """

    at_lambda: Fault
    at_s3: Fault | None
    words: str
    retried: bool = False
    carried_out: bool = False
    unparseable: bool = False


def _same(fault: Fault, words: str, *, carried_out: bool = False) -> Kind:
    return Kind(fault, fault, words, retried=True, carried_out=carried_out)


def _unparseable(fault: Fault) -> Kind:
    # botocore treats such a response of S3 as a failure.
    words = r"could not be parsed|a web page came|AWS failed \(500\), after 3 tries"
    return Kind(fault, fault, words, retried=True, carried_out=True, unparseable=True)


def _error(status: int, code: str, words: str, *, s3: tuple[int, str] | None) -> Kind:
    return Kind(error(status, code, _MESSAGE), error(*s3, _MESSAGE) if s3 else None, words)


def _retried(status: int, code: str, s3: tuple[int, str], words: str) -> Kind:
    return Kind(error(status, code, _MESSAGE), error(*s3, _MESSAGE), words, retried=True)


NO_RESPONSE = r"no response \(\w+\)"
AWS_FAILED = r"AWS failed \(\w+\), after 3 tries"
NO_MORE = r"AWS throttled the request \(\w+\) 3 times"

KINDS = {
    "reset before the body": _same(reset_before_the_body, NO_RESPONSE),
    "reset during the body": _same(reset_during_the_body, NO_RESPONSE),
    "reset after the body": _same(reset_after_the_body, NO_RESPONSE),
    "lost response": _same(lose_response, NO_RESPONSE, carried_out=True),
    "truncated response": _unparseable(truncate_response),
    "silence": _same(silence(30), NO_RESPONSE),
    "429": _retried(429, "", (429, ""), NO_MORE),
    "TooManyRequests": _retried(429, "TooManyRequestsException", (503, "SlowDown"), NO_MORE),
    "500": _retried(500, "ServiceException", (500, "InternalError"), AWS_FAILED),
    "502": _retried(502, "", (502, ""), AWS_FAILED),
    "503": _retried(503, "ServiceUnavailable", (503, "ServiceUnavailable"), AWS_FAILED),
    "conflict": _error(
        409,
        "ResourceConflictException",
        "nother update of the function is (still )?in progress",
        s3=None,
    ),
    "not found": _error(
        404,
        "ResourceNotFoundException",
        "The (function|S3 bucket) does not exist",
        s3=(404, "NoSuchBucket"),
    ),
    "invalid parameter": _error(
        400,
        "InvalidParameterValueException",
        r"failed \(Invalid\w+\)\. AWS's reason: The value \*\*\* or \*\*\* is not right",
        s3=(400, "InvalidArgument"),
    ),
    "too large": _error(
        413, "RequestEntityTooLargeException", "larger than", s3=(400, "EntityTooLarge")
    ),
    "storage full": _error(
        400, "CodeStorageExceededException", "code storage of the AWS account is full", s3=None
    ),
    "denied": _error(
        403, "AccessDeniedException", "do not allow (lambda|s3):", s3=(403, "AccessDenied")
    ),
    "expired": _error(
        403, "ExpiredTokenException", "credentials have expired", s3=(400, "ExpiredToken")
    ),
    "another package": Kind(changed(CodeSha256="another"), None, "another package"),
    "garbage": _unparseable(garbage),
    "redirect": Kind(
        redirect("http://127.0.0.1:9/elsewhere"),
        redirect("http://127.0.0.1:9/elsewhere"),
        "AWS redirected",
    ),
    "clock": _error(
        403,
        "RequestTimeTooSkewed",
        "this machine.s clock is wrong",
        s3=(403, "RequestTimeTooSkewed"),
    ),
}
