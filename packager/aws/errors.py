"""What an error of AWS means for a deploy, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from packager.errors import (
    AccessDeniedError,
    ChangedError,
    ConflictError,
    DeployError,
    NotFoundError,
    ThrottledError,
    UncertainError,
)

# How often a request is tried: botocore's standard retry mode.
TRIES = 3


class _Meaning(NamedTuple):
    """What error codes, or else HTTP statuses, mean; the texts may name `action` and `code`."""

    codes: tuple[str, ...]
    message: str
    hint: str
    error: type[DeployError] = DeployError
    statuses: tuple[int, ...] = ()


# https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html#API_UpdateFunctionCode_Errors,
# https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html,
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_MEANINGS = (
    _Meaning(
        ("AccessDeniedException", "AccessDenied", "403"),
        "The credentials do not allow {action}.",
        "Add {action} on this function or bucket to the IAM policy of the user.",
        AccessDeniedError,
    ),
    _Meaning(
        ("ResourceConflictException",),
        "Another update of the function is in progress.",
        "Try again when it has ended.",
        ConflictError,
    ),
    _Meaning(
        (
            *("TooManyRequestsException", "ThrottlingException", "Throttling"),
            *("RequestLimitExceeded", "SlowDown"),
        ),
        f"{{action}}: AWS takes no more requests now ({{code}}), after {TRIES} tries.",
        "Wait a minute, then try again.",
        ThrottledError,
        statuses=(429,),
    ),
    _Meaning(
        ("ExpiredToken", "ExpiredTokenException"),
        "The AWS credentials have expired.",
        "Get new ones (as by `aws sso login`), try again.",
    ),
    _Meaning(
        ("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"),
        "{action}: the clock of this machine is not the clock of AWS.",
        "Set the clock.",
    ),
    _Meaning(
        (
            *("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"),
            *("InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"),
            *("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
        ),
        "AWS does not accept the credentials ({code}).",
        "Check _AWS_ACCESS_KEY_ID, _AWS_SECRET_ACCESS_KEY and _AWS_SESSION_TOKEN.",
    ),
    _Meaning(
        ("ResourceNotFoundException",),
        "There is no such function in this region and account.",
        "Check _LAMBDA_FUNCTION_ARN and _AWS_DEFAULT_REGION; the function has to exist.",
        NotFoundError,
    ),
    _Meaning(
        ("PreconditionFailedException",),
        "{action}: somebody else has changed the function or alias meanwhile.",
        "Try again.",
        ChangedError,
        statuses=(412,),
    ),
    _Meaning(("NoSuchBucket",), "There is no such S3 bucket.", "Check _LAMBDA_S3_BUCKET."),
    _Meaning(
        ("RequestEntityTooLargeException", "RequestTooLargeException", "EntityTooLarge"),
        "The package is larger than Lambda takes in a request.",
        "Set _LAMBDA_S3_BUCKET: larger ones go by S3.",
        statuses=(413,),
    ),
    _Meaning(
        ("CodeStorageExceededException",),
        "The code storage of the AWS account is full in this region.",
        "Delete old versions of functions, or have the quota raised.",
    ),
    _Meaning(
        ("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"),
        "{action}: the answer came from another place ({code}).",
        "The bucket or function is in another region: check _AWS_DEFAULT_REGION.",
        statuses=(301, 302, 303, 307, 308),
    ),
)
_SERVER_FAILED = _Meaning(
    (),
    f"{{action}}: AWS failed ({{code}}), after {TRIES} tries.",
    "Try again later.",
    UncertainError,
)


def refusal(action: str, code: str, status: int, said: str) -> DeployError:
    """Make the error for an answer with the error `code` and the HTTP `status`.

    `said` is AWS's own text, shown where the code alone does not say what to do.
    """
    # PublishVersion's condition on the code has the code of every wrong parameter.
    if action == "lambda:PublishVersion" and "CodeSHA256" in said:
        code = "PreconditionFailedException"
    # AWS has the same code for a wrong signature and for one that is too old.
    if "Signature expired" in said:
        code = "RequestExpired"
    by_code = (meaning for meaning in _MEANINGS if code in meaning.codes)
    by_status = (meaning for meaning in _MEANINGS if status in meaning.statuses)
    meaning = next(by_code, None) or next(by_status, None)
    if meaning is None and status >= 500:
        meaning = _SERVER_FAILED
    if meaning is None:
        words = f" AWS says: {said}" if said else ""
        return DeployError(
            f"{action} failed ({code}).{words}", "Mend what AWS names, then try again."
        )
    return meaning.error(
        meaning.message.format(action=action, code=code), meaning.hint.format(action=action)
    )
