"""AWS, as a deploy uses it: the only module that imports boto3."""

from __future__ import annotations

import base64
import contextlib
import io
import logging
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import boto3.exceptions
import boto3.s3.transfer
import botocore.config
import botocore.exceptions

from packager.aws.errors import TRIES, refusal
from packager.config.settings import Settings
from packager.errors import (
    DeployError,
    SenselessError,
    SettingsError,
    UncertainError,
)
from packager.function import FunctionState, S3Object

_CONNECT_SECONDS = 10
_READ_SECONDS = 60

# A multiple of 3, so that base64 of the parts is base64 of the whole.
_CHUNK = 3 << 18

_PARTS_LEFT = "Parts of the package may be left in the bucket."

_Sent = Callable[[int, int], None]


def _no_details(record: logging.LogRecord) -> bool:
    # botocore's debug log shows answers (a function's whole environment) and session tokens.
    return record.levelno > logging.DEBUG


def _silence_debug_logs() -> None:
    """Let no debug record of botocore through: a filter holds whatever level a program sets."""
    for name in [*logging.root.manager.loggerDict]:
        if name.partition(".")[0] in ("boto3", "botocore", "s3transfer"):
            logging.getLogger(name).addFilter(_no_details)


class LambdaFunction:
    """A function in AWS Lambda (a `packager.function.Function`).

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
        """Make the session and the client; nothing is sent yet.

        Raises SettingsError if they cannot be made, or there are no credentials.
        """
        self._function = settings.function or ""
        self._hide = hide
        self._settings = settings
        self._respond = respond
        self._config = botocore.config.Config(
            retries={"mode": "standard", "total_max_attempts": TRIES},
            connect_timeout=_seconds_a_try(_CONNECT_SECONDS, timeout),
            read_timeout=_seconds_a_try(_READ_SECONDS, timeout),
            # None: those of the environment, which cannot reach the loopback of this machine.
            proxies={} if _is_on_loopback(settings.endpoint_url) else None,
        )
        _silence_debug_logs()
        self._client = self._new_client("lambda", settings.endpoint_url)
        _silence_debug_logs()  # Those of modules that were imported for the client.

    def state(self) -> FunctionState:
        """Ask for the function's configuration (`lambda:GetFunctionConfiguration`).

        Asked again if the answer makes no sense, which botocore takes for final: a question changes
        nothing, and the connection may have broken off within the answer.
        """
        for _ in range(TRIES - 1):
            with contextlib.suppress(SenselessError):
                return self._state_as_answered()
        return self._state_as_answered()

    def _state_as_answered(self) -> FunctionState:
        with self._errors("lambda:GetFunctionConfiguration"):
            answer = self._client.get_function_configuration(FunctionName=self._function)
            return self._state(answer)

    def update(self, package: Path, sent: _Sent) -> FunctionState:
        """Send the package itself (`lambda:UpdateFunctionCode`)."""
        # Given the bytes, botocore would hold them four times: as they are, in base64, in JSON and
        # encoded. So the body is made in a file beside the package, and the file is sent.
        with _request_body(package) as body, self._sending(body, sent):
            return self._update(ZipFile=b"")

    def update_from(self, source: S3Object) -> FunctionState:
        """Let Lambda fetch the package from S3 (`lambda:UpdateFunctionCode`, `s3:GetObject`)."""
        return self._update(S3Bucket=source.bucket, S3Key=source.key)

    def upload(self, package: Path, target: S3Object, sent: _Sent) -> None:
        """Put the package into S3 in parts (`s3:PutObject`).

        A failed one leaves no parts there, or the error says that some may be left.
        """
        size = package.stat().st_size
        done = 0

        def add(count: int) -> None:
            nonlocal done
            done += count
            sent(done, size)

        client = self._new_client("s3", self._settings.endpoint_url)
        with _no_parts_left(client, target), self._errors("s3:PutObject"):
            client.upload_file(
                str(package),
                target.bucket,
                target.key,
                Callback=add,
                # Four parts under way at once of 8 MB each: more takes memory and gains little.
                Config=boto3.s3.transfer.TransferConfig(
                    max_concurrency=4, preferred_transfer_client="classic"
                ),
            )

    def _update(self, **code: object) -> FunctionState:
        with self._errors("lambda:UpdateFunctionCode"):
            answer = self._client.update_function_code(FunctionName=self._function, **code)
            return self._state(answer)

    @contextlib.contextmanager
    def _sending(self, body: io.BufferedReader, sent: _Sent) -> Iterator[None]:
        events = self._client.meta.events
        name = "lambda.UpdateFunctionCode"
        shown = _ShownFile(body, sent)

        def take_body(params: dict[str, Any], **_: object) -> None:
            params["body"] = shown

        def begin(**_: object) -> None:
            shown.begin()

        events.register(f"before-call.{name}", take_body)
        events.register(f"before-send.{name}", begin)
        try:
            yield
        finally:
            events.unregister(f"before-call.{name}", take_body)
            events.unregister(f"before-send.{name}", begin)

    def _new_client(self, service: str, endpoint_url: str | None) -> Any:
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
                client = session.client(service, endpoint_url=endpoint_url, config=self._config)
                client.meta.events.register_first("needs-retry", _pause_if_throttled)
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
    def _errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except botocore.exceptions.ClientError as error:
            raise self._client_error(action, error) from None
        except boto3.exceptions.S3UploadFailedError as error:
            cause = error.__context__
            if isinstance(cause, botocore.exceptions.ClientError):
                raise self._client_error(action, cause) from None
            raise DeployError(
                f"{action}: the upload did not end.", "Try again; see --verbose."
            ) from None
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
            raise _senseless(action) from None

    def _state(self, answer: dict[str, Any]) -> FunctionState:
        # Only these: an answer holds the function's whole environment as well.
        architectures = answer.get("Architectures") or [None]
        return FunctionState(
            code_sha256=answer["CodeSha256"],
            version=answer.get("Version", ""),
            last_update_status=answer.get("LastUpdateStatus", ""),
            last_update_status_reason=self._hide(answer.get("LastUpdateStatusReason", "")),
            runtime=answer.get("Runtime"),
            architecture=architectures[0],
        )

    def _client_error(self, action: str, error: botocore.exceptions.ClientError) -> DeployError:
        # Of an empty element of S3's XML botocore makes None.
        code = error.response.get("Error", {}).get("Code") or ""
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        said = self._hide(error.response.get("Error", {}).get("Message") or "")
        return refusal(action, self._hide(code) or str(status), status, said)


def _seconds_a_try(most: float, timeout: float) -> float:
    """Give the seconds that a step of one try may take, for all tries to end within `timeout`."""
    return max(1.0, min(most, timeout / TRIES))


def _no_credentials() -> SettingsError:
    return SettingsError(
        "There are no AWS credentials.",
        "Set _AWS_ACCESS_KEY_ID and _AWS_SECRET_ACCESS_KEY, or give --profile.",
    )


def _senseless(action: str) -> SenselessError:
    return SenselessError(
        f"{action}: the answer makes no sense.",
        "Check _AWS_ENDPOINT_URL, or a proxy in between, then try again.",
    )


def _pause_if_throttled(response: Any, attempts: int, **_: object) -> float | None:
    """Let a 429 be tried again, too, that says no more: botocore does so by AWS's words alone."""
    if response is None or response[0].status_code != 429 or attempts >= TRIES:
        return None
    return random.random() * 2.0 ** (attempts - 1)  # noqa: S311  As botocore: spread, not secret.


@contextlib.contextmanager
def _no_parts_left(client: Any, target: S3Object) -> Iterator[None]:
    """Abort what s3transfer has not: an upload whose start was answered too late, or never."""
    begun = 0

    def begin(**_: object) -> None:
        nonlocal begun
        begun += 1

    def end(http_response: Any, **_: object) -> None:
        nonlocal begun
        begun -= http_response.status_code < 300

    def refused(http_response: Any, **_: object) -> None:
        nonlocal begun
        begun -= 400 <= http_response.status_code < 500

    events = client.meta.events
    events.register("before-send.s3.CreateMultipartUpload", begin)
    events.register("after-call.s3.CreateMultipartUpload", refused)
    events.register("after-call.s3.CompleteMultipartUpload", end)
    events.register("after-call.s3.AbortMultipartUpload", end)
    try:
        yield
    except DeployError as error:
        if begun > 0 and not _aborted(client, target):
            raise type(error)(error.message, f"{error.hint} {_PARTS_LEFT}") from None
        raise
    except KeyboardInterrupt as interrupt:
        if begun > 0 and not _aborted(client, target):
            interrupt.args = (_PARTS_LEFT,)
        raise
    else:
        if begun > 0:
            _aborted(client, target)


def _aborted(client: Any, target: S3Object) -> bool:
    """Abort all uploads of this package (`s3:ListBucketMultipartUploads`); tell if that worked."""
    place = {"Bucket": target.bucket}
    try:
        answer = client.list_multipart_uploads(**place, Prefix=target.key)
        for upload in answer.get("Uploads", []):
            client.abort_multipart_upload(**place, Key=upload["Key"], UploadId=upload["UploadId"])
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
        return False
    return True


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


@contextlib.contextmanager
def _request_body(package: Path) -> Iterator[io.BufferedReader]:
    path = package.with_name(package.name + ".request")
    try:
        with package.open("rb") as source, open(path, "xb", opener=_only_ours) as body:
            body.write(b'{"ZipFile":"')
            while chunk := source.read(_CHUNK):
                body.write(base64.b64encode(chunk))
            body.write(b'"}')
        with path.open("rb") as body_file:
            yield body_file
    finally:
        path.unlink(missing_ok=True)


def _only_ours(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _ShownFile:
    """A file that tells how much of it was sent; botocore reads it once before, to sign it."""

    def __init__(self, file: io.BufferedReader, sent: _Sent) -> None:
        self._file = file
        self._sent = sent
        self._size = os.fstat(file.fileno()).st_size
        self._sending = False

    def begin(self) -> None:
        self._sending = True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if self._sending:
            self._sent(self._file.tell(), self._size)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
