"""What an error response of AWS means, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from packager.aws.session import TRIES
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
)


@dataclass(frozen=True)
class Request:
    """A request: its `action` in IAM's terms, and its resource (example: "hello (eu-west-1)").

    `profile` is the AWS profile in use; None if the credentials are the settings' own.
    """

    action: str
    resource: str = ""
    profile: str | None = None

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}" if self.resource else self.action

    @property
    def credentials(self) -> str:
        """The source of the credentials, for messages."""
        if self.profile is None:
            return "_AWS_ACCESS_KEY_ID, _AWS_SECRET_ACCESS_KEY and _AWS_SESSION_TOKEN"
        return f"the credentials of the AWS profile {self.profile}"

    @property
    def profile_option(self) -> str:
        """Return the AWS CLI's option for the profile, with a leading blank."""
        return f" --profile {self.profile}" if self.profile not in (None, "default") else ""


@dataclass(frozen=True)
class Response:
    """An error response: its `code`, its HTTP `status`, and AWS's `reason` without secrets.

    If the response has no code, `code` is the status.
    """

    code: str
    status: int
    reason: str = ""


@dataclass(frozen=True)
class _Meaning:
    """The meaning of some error codes or HTTP statuses.

    The texts may name {request}, {action}, {code}, {reason}, {credentials} and {profile}.
    """

    codes: tuple[str, ...]
    message: str
    hint: str
    error: type[DeployError] = DeployError
    statuses: tuple[int, ...] = ()

    def __call__(self, request: Request, response: Response) -> DeployError:
        words = {
            "request": str(request),
            "action": request.action,
            "code": response.code,
            "credentials": request.credentials,
            "profile": request.profile_option,
            "reason": f" AWS's reason: {response.reason}" if response.reason else "",
        }
        return self.error(self.message.format(**words), self.hint.format(**words))


_DENIED = _Meaning(
    ("AccessDeniedException", "AccessDenied", "403"),
    "The credentials do not allow {request}.{reason}",
    "Add {action} on this function or bucket to the IAM policy of the user.",
    AccessDeniedError,
)
_S3_DENIED = _Meaning(
    (),
    "S3 did not let Lambda read the package: the credentials do not allow s3:GetObject on it"
    " ({request}).{reason}",
    "Add s3:GetObject on the package in the bucket (_LAMBDA_S3_BUCKET, _LAMBDA_S3_PREFIX) to the"
    " IAM policy of the user, and check the bucket's policy.",
    AccessDeniedError,
)
_KMS_DENIED = _Meaning(
    ("KMSAccessDeniedException",),
    "KMS denied the use of a key ({request}).{reason}",
    "Allow the KMS action on the key (_LAMBDA_KMS_KEY_ARN, or the bucket's key): in the IAM policy"
    " of the user and in the policy of the key.",
    AccessDeniedError,
)
_ROLE_DENIED = _Meaning(
    (),
    "AWS denied {request}.{reason}",
    "Allow {action} on the profile's role: in the IAM policy of the user, and in the role's trust"
    " policy.",
    CredentialsError,
)
_MFA_REFUSED = _Meaning(
    (),
    "AWS did not accept the MFA code ({request}).",
    "Start again with a new code.",
    MfaError,
)
_SIGN_IN = _Meaning(
    (),
    "The SSO session has expired, or AWS does not accept it ({request}).{reason}",
    "Run `aws sso login{profile}`.",
    CredentialsError,
)
_NO_ROLE = _Meaning(
    ("ForbiddenException",),
    "AWS denied {request}: the SSO user does not have the profile's role in its account.{reason}",
    "Check sso_account_id and sso_role_name of the profile.",
    CredentialsError,
)
_CLOCK = _Meaning(
    ("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"),
    "{request}: this machine's clock is wrong.{reason}",
    "Set the clock, then try again.",
)

# https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html#API_UpdateFunctionCode_Errors,
# https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html,
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_MEANINGS = (
    _DENIED,
    _KMS_DENIED,
    _CLOCK,
    _Meaning(
        ("ResourceConflictException",),
        "Another update of the function is in progress ({request}).",
        "Try again when it has ended.",
        ConflictError,
    ),
    _Meaning(
        (
            *("TooManyRequestsException", "ThrottlingException", "Throttling"),
            *("RequestLimitExceeded", "SlowDown"),
        ),
        f"{{request}}: AWS throttled the request ({{code}}) {TRIES} times.",
        "Wait a minute, then try again.",
        ThrottledError,
        statuses=(429,),
    ),
    _Meaning(
        ("ExpiredToken", "ExpiredTokenException"),
        "{request}: the AWS credentials have expired.",
        "Renew {credentials}, then try again.",
        CredentialsError,
    ),
    _Meaning(
        (
            *("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"),
            *("InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"),
            *("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
        ),
        "{request}: AWS does not accept the credentials ({code}).",
        "Check {credentials}.",
        CredentialsError,
    ),
    _Meaning(
        ("ResourceNotFoundException",),
        "The function does not exist in this region and account ({request}).",
        "Check _LAMBDA_FUNCTION_ARN and _AWS_DEFAULT_REGION. The packager creates no functions.",
        NotFoundError,
    ),
    _Meaning(
        ("PreconditionFailedException",),
        "{request}: somebody else has changed the function or alias in the meantime.",
        "Try again.",
        ChangedError,
        statuses=(412,),
    ),
    _Meaning(
        ("NoSuchBucket",), "The S3 bucket does not exist ({request}).", "Check _LAMBDA_S3_BUCKET."
    ),
    _Meaning(
        ("RequestEntityTooLargeException", "RequestTooLargeException", "EntityTooLarge"),
        "{request}: the package is larger than Lambda takes in a request.",
        "Set _LAMBDA_S3_BUCKET: larger packages go through S3.",
        statuses=(413,),
    ),
    _Meaning(
        ("CodeStorageExceededException",),
        "The code storage of the AWS account is full in this region ({request}).",
        "Delete old versions of functions, or have the quota raised.",
    ),
    _Meaning(
        ("KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException"),
        "{request}: the KMS key cannot be used ({code}).{reason}",
        "Check the key's state, and _LAMBDA_KMS_KEY_ARN.",
    ),
    _Meaning(
        ("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"),
        "{request}: AWS redirected the request ({code}).",
        "The bucket or function is in another region: check _AWS_DEFAULT_REGION.",
        statuses=(301, 302, 303, 307, 308),
    ),
)
_SERVER_FAILED = _Meaning(
    (),
    f"{{request}}: AWS failed ({{code}}), after {TRIES} tries.",
    "Try again later.",
    UncertainError,
)
_OTHER = _Meaning((), "{request} failed ({code}).{reason}", "Fix what AWS reports, then try again.")

# Denials that the user's own IAM policy cannot override, by a phrase of AWS's reason.
_DENIED_ABOVE = (
    (
        r"(?:explicit deny in a|no) (?:service|resource) control policy",
        "An organisation policy denies {request}: your IAM policy cannot allow it.{reason}",
        "Ask who administers the AWS organisation.",
    ),
    (
        r"(?:explicit deny in a|no) permissions boundary",
        "The permissions boundary of the user or role denies {request}.{reason}",
        "Have {action} allowed in the permissions boundary as well.",
    ),
    (
        r"(?:explicit deny in a|no) (?:session|VPC endpoint) policy",
        "The policy of the credentials' session or of the VPC endpoint denies {request}.{reason}",
        "Allow {action} there as well.",
    ),
    (
        r"explicit deny",
        "A policy denies {request} explicitly.{reason}",
        "Remove or narrow that Deny statement: an Allow cannot override it.",
    ),
)


def explain_response(request: Request, response: Response) -> DeployError:
    """Return the error for an error response."""
    service = request.action.partition(":")[0]
    if service in ("sso", "sso-oidc") and response.status < 500 and response.status != 429:
        return (_NO_ROLE if response.code in _NO_ROLE.codes else _SIGN_IN)(request, response)
    code = _unambiguous_code(request, response)
    if code in _DENIED.codes:
        return _denied(request, response)
    by_code = (meaning for meaning in _MEANINGS if code in meaning.codes)
    by_status = (meaning for meaning in _MEANINGS if response.status in meaning.statuses)
    other = _SERVER_FAILED if response.status >= 500 else _OTHER
    return (next(by_code, None) or next(by_status, None) or other)(request, response)


def _unambiguous_code(request: Request, response: Response) -> str:
    """Return the code, or a more specific one if AWS uses it for several errors."""
    reason = response.reason
    # A failed condition of PublishVersion has the error code of any invalid parameter.
    if request.action == "lambda:PublishVersion" and "CodeSHA256" in reason:
        return "PreconditionFailedException"
    # A wrong signature has the same code as one that is too old, or too new.
    if "Signature expired" in reason or "Signature not yet current" in reason:
        return "RequestExpired"
    if "S3 Error Code: PermanentRedirect" in reason:
        return "PermanentRedirect"
    if "S3 Error Code: AccessDenied" in reason or "not authorized to perform" in reason:
        return "AccessDenied"
    return response.code


def _denied(request: Request, response: Response) -> DeployError:
    reason = response.reason
    if "MultiFactorAuthentication failed" in reason:
        return _MFA_REFUSED(request, response)
    # AWS names what it denied, which may be an action that the request implies.
    named = re.search(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)", reason)
    is_role = request.action.startswith("sts:")
    if named and not is_role and named[1] != request.action:
        request = replace(request, action=named[1])
    for pattern, message, hint in _DENIED_ABOVE:
        if re.search(pattern, reason):
            error = CredentialsError if is_role else AccessDeniedError
            return _Meaning((), message, hint, error)(request, response)
    if is_role:
        return _ROLE_DENIED(request, response)
    if request.action.startswith("kms:"):
        return _KMS_DENIED(request, response)
    if re.search(r"denied by S3|S3 Error Code", reason) or request.action == "s3:GetObject":
        return _S3_DENIED(request, response)
    return _DENIED(request, response)
