"""What errors of AWS mean."""

from __future__ import annotations

import pytest

from packager.aws.errors import refusal
from packager.errors import (
    AccessDeniedError,
    ChangedError,
    ConflictError,
    DeployError,
    NotFoundError,
    ThrottledError,
    UncertainError,
)

ACTION = "lambda:UpdateFunctionCode"


@pytest.mark.parametrize(
    ("code", "status", "said", "kind", "message"),
    [
        ("AccessDeniedException", 403, "", AccessDeniedError, "do not allow lambda:UpdateFunction"),
        ("ResourceConflictException", 409, "", ConflictError, "in progress"),
        ("TooManyRequestsException", 429, "", ThrottledError, "takes no more requests"),
        ("429", 429, "", ThrottledError, "takes no more requests"),
        ("ExpiredTokenException", 403, "", DeployError, "have expired"),
        ("InvalidSignatureException", 403, "", DeployError, "does not accept the credentials"),
        ("InvalidSignatureException", 403, "Signature expired: …", DeployError, "the clock"),
        ("ResourceNotFoundException", 404, "", NotFoundError, "no such function"),
        ("NoSuchBucket", 404, "", DeployError, "no such S3 bucket"),
        ("RequestEntityTooLargeException", 413, "", DeployError, "larger than Lambda takes"),
        ("413", 413, "", DeployError, "larger than Lambda takes"),
        ("CodeStorageExceededException", 400, "", DeployError, "storage of the AWS account"),
        ("301", 301, "", DeployError, "another place"),
        ("ServiceException", 500, "", UncertainError, "AWS failed (ServiceException)"),
        ("503", 503, "", UncertainError, "AWS failed (503)"),
    ],
)
def test_an_error_says_what_it_means_and_what_to_do(
    code: str, status: int, said: str, kind: type[DeployError], message: str
) -> None:
    error = refusal(ACTION, code, status, said)
    assert type(error) is kind
    assert message in error.message
    assert error.hint


def test_a_version_is_not_published_of_other_code_than_ours() -> None:
    """Lambda has the code of every wrong parameter for it."""
    said = "CodeSHA256 (a) is different from current CodeSHA256 in $LATEST (b)."
    error = refusal("lambda:PublishVersion", "InvalidParameterValueException", 400, said)
    assert type(error) is ChangedError


def test_where_the_code_alone_does_not_say_it_awss_words_are_shown() -> None:
    error = refusal(ACTION, "InvalidParameterValueException", 400, "Unzipped size is too large")
    assert "Unzipped size is too large" in error.message


def test_a_code_with_braces_is_shown_as_it_is() -> None:
    assert "({action})" in refusal(ACTION, "{action}", 500, "").message
