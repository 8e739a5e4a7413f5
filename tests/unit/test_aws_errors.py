"""The message and hint for each error of AWS."""

from __future__ import annotations

import inspect

import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from packager.aws.error_responses import Request, Response, explain_response
from packager.aws.errors import TABLE, explain
from packager.errors import (
    AccessDeniedError,
    ChangedError,
    ConflictError,
    CredentialsError,
    DeployError,
    MfaError,
    NotFoundError,
    ThrottledError,
    UncertainError,
    UnparseableResponseError,
)

REQUEST = Request("lambda:UpdateFunctionCode", "hello (eu-west-1)")
OF_PROFILE = Request("AWS credentials", profile="work")


def refusal(request: Request, code: str, status: int, reason: str = "") -> DeployError:
    return explain_response(request, Response(code, status, reason))


@pytest.mark.parametrize(
    ("code", "status", "reason", "kind", "message"),
    [
        ("AccessDeniedException", 403, "", AccessDeniedError, "do not allow lambda:UpdateFunction"),
        ("ResourceConflictException", 409, "", ConflictError, "in progress"),
        ("TooManyRequestsException", 429, "", ThrottledError, "throttled the request"),
        ("429", 429, "", ThrottledError, "throttled the request"),
        ("ExpiredTokenException", 403, "", CredentialsError, "have expired"),
        ("InvalidSignatureException", 403, "", CredentialsError, "does not accept the credentials"),
        ("InvalidSignatureException", 403, "Signature expired: …", DeployError, "clock is wrong"),
        (
            "InvalidSignatureException",
            403,
            "Signature not yet current: 20261127T1000Z is still later than 20261127T0900Z",
            DeployError,
            "this machine's clock is wrong",
        ),
        ("ResourceNotFoundException", 404, "", NotFoundError, "The function does not exist"),
        ("NoSuchBucket", 404, "", DeployError, "The S3 bucket does not exist"),
        ("RequestEntityTooLargeException", 413, "", DeployError, "larger than Lambda takes"),
        ("413", 413, "", DeployError, "larger than Lambda takes"),
        ("CodeStorageExceededException", 400, "", DeployError, "storage of the AWS account"),
        ("301", 301, "", DeployError, "AWS redirected the request"),
        ("ServiceException", 500, "", UncertainError, "AWS failed (ServiceException)"),
        ("503", 503, "", UncertainError, "AWS failed (503)"),
    ],
)
def test_an_error_has_a_message_and_a_hint(
    code: str, status: int, reason: str, kind: type[DeployError], message: str
) -> None:
    error = refusal(REQUEST, code, status, reason)
    assert type(error) is kind
    assert message in error.message
    assert "hello (eu-west-1)" in error.message
    assert error.hint


_USER = "User: arn:aws:iam::123456789012:user/deploy is not authorized to perform:"
_FUNCTION = "on resource: arn:aws:lambda:eu-west-1:123456789012:function:hello"


@pytest.mark.parametrize(
    ("reason", "kind", "message", "hint"),
    [
        (
            (
                f"{_USER} lambda:UpdateFunctionCode {_FUNCTION} with an explicit deny in a service"
                " control policy: arn:aws:organizations::1:policy/o-1/p-1"
            ),
            AccessDeniedError,
            (
                "An organisation policy denies lambda:UpdateFunctionCode on hello (eu-west-1): your"
                " IAM policy cannot allow it. AWS's reason: User:"
            ),
            "administers the AWS organisation",
        ),
        (
            (
                f"{_USER} lambda:UpdateFunctionCode {_FUNCTION} because no service control policy"
                " allows the lambda:UpdateFunctionCode action"
            ),
            AccessDeniedError,
            "An organisation policy denies",
            "administers",
        ),
        (
            (
                f"{_USER} lambda:UpdateFunctionCode {_FUNCTION} with an explicit deny in a"
                " permissions boundary"
            ),
            AccessDeniedError,
            "permissions boundary of the user or role denies",
            "permissions boundary",
        ),
        (
            (
                f"{_USER} lambda:UpdateFunctionCode {_FUNCTION} with an explicit deny in an"
                " identity-based policy"
            ),
            AccessDeniedError,
            "A policy denies lambda:UpdateFunctionCode",
            "Deny statement",
        ),
        (
            (
                "Your access has been denied by S3, please make sure your request credentials have"
                " permission to GetObject for bucket/package.zip. S3 Error Code: AccessDenied. S3"
                " Error Message: Access Denied"
            ),
            AccessDeniedError,
            "do not allow s3:GetObject",
            "Add s3:GetObject on the package",
        ),
        (
            (
                f"{_USER} s3:GetObject on resource: arn:aws:s3:::bucket/package.zip because no"
                " identity-based policy allows the s3:GetObject action"
            ),
            AccessDeniedError,
            "do not allow s3:GetObject",
            "Add s3:GetObject on the package",
        ),
        (
            (
                f"{_USER} kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:1:key/2 because no"
                " identity-based policy allows the kms:GenerateDataKey action (Service: Kms, Status"
                " Code: 400)"
            ),
            AccessDeniedError,
            "KMS denied the use of a key (kms:GenerateDataKey on hello",
            "policy of the key",
        ),
        (
            (
                f"{_USER} lambda:UpdateFunctionCode {_FUNCTION} because no identity-based policy"
                " allows the lambda:UpdateFunctionCode action"
            ),
            AccessDeniedError,
            "The credentials do not allow lambda:UpdateFunctionCode on hello (eu-west-1). AWS's",
            "Add lambda:UpdateFunctionCode",
        ),
    ],
)
def test_a_denial_names_the_principal_and_the_action(
    reason: str, kind: type[DeployError], message: str, hint: str
) -> None:
    error = refusal(REQUEST, "AccessDeniedException", 403, reason)
    assert type(error) is kind
    assert message in error.message
    assert hint in error.hint


def test_a_denial_of_s3_is_recognized_under_any_code_of_lambda() -> None:
    reason = "Error occurred while GetObject. S3 Error Code: AccessDenied. S3 Error Message: Denied"
    error = refusal(REQUEST, "InvalidParameterValueException", 400, reason)
    assert "s3:GetObject" in error.message


def test_code_that_changed_before_the_version_was_published_is_recognized() -> None:
    """Lambda reports it with the code for any invalid parameter."""
    reason = "CodeSHA256 (a) is different from current CodeSHA256 in $LATEST (b)."
    request = Request("lambda:PublishVersion")
    assert type(refusal(request, "InvalidParameterValueException", 400, reason)) is ChangedError


def test_if_the_code_is_ambiguous_the_reason_is_shown() -> None:
    error = refusal(REQUEST, "InvalidParameterValueException", 400, "Unzipped size is too large")
    assert "Unzipped size is too large" in error.message


def test_a_code_with_braces_is_shown_unchanged() -> None:
    assert "({action})" in refusal(REQUEST, "{action}", 500).message


def _classes() -> dict[str, type[Exception]]:
    return {
        name: one
        for name, one in vars(botocore.exceptions).items()
        if inspect.isclass(one)
        and issubclass(one, Exception)
        and not issubclass(one, Warning)
        and one.__module__ == "botocore.exceptions"
    }


def test_every_exception_of_botocore_is_in_the_table() -> None:
    """For each new one, a developer decides what it means for a deploy."""
    assert set(_classes()) - set(TABLE) == set()


def _example(kind: type[Exception]) -> Exception:
    """Return an exception with a value for each placeholder of its text."""
    if issubclass(kind, ClientError):
        return kind({"Error": {"Code": "Code", "Message": "words"}}, "Operation")
    if text := getattr(kind, "fmt", None):
        names = ("msg", "error", "error_msg", "provider", "report", "profile", "endpoint_url")

        class Arguments(dict[str, str]):
            def __missing__(self, name: str) -> str:
                return "value"

        error = kind.__new__(kind)
        Exception.__init__(error, text.format_map(Arguments()))
        error.kwargs = dict.fromkeys(names, "value")  # type: ignore[attr-defined]
        return error
    return kind("value")


@pytest.mark.parametrize("name", sorted(_classes()))
def test_every_exception_of_botocore_becomes_one_line_and_a_hint_or_is_a_defect(name: str) -> None:
    error = explain(_example(_classes()[name]), OF_PROFILE, str)
    if TABLE[name] is None:
        assert error is None
    else:
        assert error
        assert "\n" not in error.message + error.hint
        assert error.message.endswith(".") or name.startswith(("Config", "Infinite", "InvalidConf"))
        assert error.hint.endswith(".")


def test_an_unknown_class_of_exception_is_treated_like_its_base() -> None:
    class NewError(botocore.exceptions.SSOError):  # type: ignore[misc]
        pass

    class OtherError(BotoCoreError):  # type: ignore[misc]
        pass

    signed_out = explain(NewError(), OF_PROFILE, str)
    assert signed_out
    assert signed_out.hint == "Run `aws sso login --profile work`."
    assert type(explain(OtherError(), OF_PROFILE, str)) is UncertainError


def test_an_error_response_with_another_type_than_text_cannot_be_parsed() -> None:
    for found in ({"Code": 7, "Message": "words"}, {"Code": "", "Message": b"\x1f\x8b"}, ["Code"]):
        error = ClientError.__new__(ClientError)
        error.operation_name = "UpdateFunctionCode"
        error.response = {"Error": found, "ResponseMetadata": {"HTTPStatusCode": 400}}
        assert type(explain(error, REQUEST, str)) is UnparseableResponseError


def test_a_wrong_mfa_code_is_not_retried() -> None:
    reason = "MultiFactorAuthentication failed with invalid MFA one time pass code."
    error = refusal(Request("sts:AssumeRole", profile="work"), "AccessDenied", 403, reason)
    assert type(error) is MfaError
    assert not error.transient
