"""What an exception of botocore means, and what to do about it: one table of all its classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from packager.aws import credential_errors, network_errors
from packager.aws.error_responses import Request, Response, explain_response
from packager.errors import DeployError, ThrottledError, UncertainError

_Hide = Callable[[str], str]
_Explanation = Callable[[Any, Request, _Hide], DeployError]

# Operations that retrieve credentials, which any request may need.
_SERVICES_OF_CREDENTIALS = {
    "AssumeRole": "sts",
    "AssumeRoleWithSAML": "sts",
    "AssumeRoleWithWebIdentity": "sts",
    "GetSessionToken": "sts",
    "GetRoleCredentials": "sso",
    "CreateToken": "sso-oidc",
    "CreateOAuth2Token": "signin",
}


def explain(error: Exception, request: Request, hide: _Hide) -> DeployError | None:
    """Return the error for an exception that boto3 raises; None if it is a defect of the packager.

    `hide` removes secrets from the exception's text.
    """
    for kind in type(error).__mro__:
        if kind.__name__ in TABLE:
            explanation = TABLE[kind.__name__]
            return explanation and explanation(error, request, hide)
    return None


def _client_error(error: Any, request: Request, hide: _Hide) -> DeployError:
    if service := _SERVICES_OF_CREDENTIALS.get(error.operation_name):
        action = f"{service}:{error.operation_name}"
        where = f"the role of the profile {request.profile}" if request.profile else ""
        request = Request(action, where, request.profile)
    details = error.response.get("Error")
    metadata = error.response.get("ResponseMetadata")
    if not isinstance(details, Mapping) or not isinstance(metadata, Mapping):
        return network_errors.unparseable(error, request, hide)
    # botocore parses an empty element of S3's XML to None.
    code, reason = details.get("Code") or "", details.get("Message") or ""
    status = metadata.get("HTTPStatusCode", 0)
    if not isinstance(code, str) or not isinstance(reason, str):
        return network_errors.unparseable(error, request, hide)
    return explain_response(request, Response(hide(code) or str(status), status, hide(reason)))


def _wrong_region(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    return DeployError(
        f"{request}: AWS has no such region, or no such endpoint in it.",
        "Check _AWS_DEFAULT_REGION and the region in _LAMBDA_FUNCTION_ARN.",
    )


def _no_region(_: Exception, _request: Request, _hide: _Hide) -> DeployError:
    return DeployError(
        "_AWS_DEFAULT_REGION (--region) is missing, and no other setting names the region.",
        "Set it to the function's region (example: eu-west-1), or use the function's ARN.",
    )


def _wrong_aws_setting(error: Any, request: Request, _: _Hide) -> DeployError:
    return DeployError(
        f"{request}: a setting of AWS's own is wrong ({type(error).__name__}).",
        "Check ~/.aws/config and the variables whose names begin with AWS_.",
    )


def _wrong_bucket(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    return DeployError(
        f"{request}: S3 does not allow this name of a bucket.", "Check _LAMBDA_S3_BUCKET."
    )


def _throttled(_: Exception, request: Request, _hide: _Hide) -> DeployError:
    return ThrottledError(
        f"{request}: AWS throttled the request.", "Wait a minute, then try again."
    )


def _broken_installation(error: Any, request: Request, _: _Hide) -> DeployError:
    return DeployError(
        f"{request}: boto3 is not completely installed ({type(error).__name__}).",
        "Install it again: `pip install --force-reinstall 'boto3[crt]'`.",
    )


def _failed(error: Any, request: Request, _: _Hide) -> DeployError:
    return UncertainError(
        f"{request}: boto3 raised {type(error).__name__}.",
        "Try again. If it happens again, please report it with the command that you ran.",
    )


def _upload_failed(error: Exception, request: Request, hide: _Hide) -> DeployError:
    cause = error.__context__
    found = explain(cause, request, hide) if isinstance(cause, Exception) else None
    return found or DeployError(
        f"{request}: the upload did not end.",
        "Try again. If it happens again, please report it with the command that you ran.",
    )


def _all(explanation: _Explanation | None, names: str) -> Iterable[tuple[str, _Explanation | None]]:
    return ((name, explanation) for name in names.split())


# The classes are named, because older versions of botocore lack some. For any other class, its
# nearest base counts. None marks a defect of the packager, whose location the message shows.
TABLE: Mapping[str, _Explanation | None] = dict(
    (
        *_all(_client_error, "ClientError"),
        *_all(_failed, "BotoCoreError"),
        *_all(_upload_failed, "S3UploadFailedError"),
        *_all(network_errors.not_from_aws, "NotFromAwsError"),
        *_all(network_errors.too_large, "ResponseTooLargeError"),
        *_all(
            network_errors.unparseable,
            "ResponseParserError WrongTypeError IncompleteReadError ChecksumError EventStreamError"
            " FlexibleChecksumError PaginationError AwsChunkedWrapperError"
            # Parsers raise these for unexpected JSON and XML, and s3transfer for a response without
            # the fields that it needs.
            " ValueError TypeError LookupError AttributeError ArithmeticError RecursionError",
        ),
        *_all(
            network_errors.no_response,
            "ConnectionError ConnectTimeoutError EndpointConnectionError ConnectionClosedError"
            " HTTPClientError ReadTimeoutError ResponseStreamingError UnseekableStreamError",
        ),
        *_all(network_errors.untrusted, "SSLError"),
        *_all(network_errors.no_proxy, "ProxyConnectionError InvalidProxiesConfigError"),
        *_all(_throttled, "CapacityNotAvailableError"),
        *_all(
            credential_errors.no_credentials,
            "NoCredentialsError PartialCredentialsError UnknownCredentialError",
        ),
        *_all(credential_errors.not_retrieved, "CredentialRetrievalError MetadataRetrievalError"),
        *_all(
            credential_errors.not_signed_in,
            "SSOError SSOTokenLoadError UnauthorizedSSOTokenError TokenRetrievalError"
            " NoAuthTokenError UnknownTokenProviderError",
        ),
        *_all(
            credential_errors.not_logged_in,
            "LoginError LoginAuthorizationCodeError LoginInsufficientPermissions"
            " LoginRefreshRequired LoginTokenLoadError",
        ),
        *_all(credential_errors.mfa_expired, "RefreshWithMFAUnsupportedError"),
        *_all(credential_errors.no_profile, "ProfileNotFound"),
        *_all(
            credential_errors.wrong_aws_files,
            "InvalidConfigError InfiniteLoopConfigError ConfigParseError ConfigNotFound",
        ),
        *_all(_no_region, "NoRegionError"),
        *_all(
            _wrong_region,
            "InvalidRegionError UnknownRegionError UnknownEndpointError ServiceNotInRegionError"
            " BaseEndpointResolverError EndpointVariantError UnknownFIPSEndpointError"
            " EndpointProviderError EndpointResolutionError InvalidHostLabelError"
            " InvalidEndpointConfigurationError",
        ),
        *_all(
            _wrong_aws_setting,
            "InvalidChecksumConfigError InvalidDefaultsMode InvalidIMDSEndpointError"
            " InvalidEndpointDiscoveryConfigurationError InvalidIMDSEndpointModeError"
            " InvalidMaxRetryAttemptsError InvalidRetryConfigurationError InvalidRetryModeError"
            " InvalidS3AddressingStyleError InvalidS3UsEast1RegionalEndpointConfigError"
            " InvalidSTSRegionalEndpointsConfigError UnsupportedS3ConfigurationError",
        ),
        *_all(
            _wrong_bucket,
            "InvalidDNSNameError UnsupportedS3ArnError UnsupportedS3AccesspointConfigurationError"
            " UnsupportedOutpostResourceError",
        ),
        *_all(
            _broken_installation,
            "DataNotFoundError UnknownServiceError ApiVersionNotFoundError MissingServiceIdError"
            " MissingDependencyException MD5UnavailableError UndefinedModelAttributeError"
            " UnknownServiceStyle UnknownSignatureVersionError UnsupportedServiceProtocolsError"
            " UnsupportedSignatureVersionError",
        ),
        *_all(
            None,
            "AliasConflictParameterError InvalidExpressionError MissingParametersError"
            " OperationNotPageableError ParamValidationError RangeError StubAssertionError"
            " StubResponseError UnStubbedResponseError UnknownClientMethodError UnknownKeyError"
            " UnknownEndpointResolutionBuiltInName UnknownParameterError"
            " UnsupportedS3ControlArnError UnsupportedS3ControlConfigurationError ValidationError"
            " WaiterConfigError WaiterError",
        ),
    )
)
