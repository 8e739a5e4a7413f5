"""A function in AWS Lambda."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from packager.aws.client import Clients
from packager.aws.errors import TRIES
from packager.aws.storage import PackageStore, S3Object
from packager.config.settings import Settings
from packager.errors import ConflictError, PackageError, UnparseableResponseError
from packager.function import FunctionState, Package

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: "50 MB (zipped, when
# uploaded through the Lambda API)"; a MB there is 2**20 bytes.
DIRECT_LIMIT = 50 << 20

# A multiple of 3, so that base64 of the parts is base64 of the whole.
_CHUNK = 3 << 18

_OnSent = Callable[[int, int], None]


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
        self._bucket = settings.s3_bucket
        self._clients = Clients(settings, timeout=timeout, hide=hide, respond=respond)
        self._client = self._clients.new("lambda")
        prefix = f"{settings.s3_prefix.rstrip('/')}/" if settings.s3_prefix else ""
        self._store = settings.s3_bucket and PackageStore(
            self._clients, settings.s3_bucket, f"{prefix}{settings.function_name}/"
        )
        self._in_store: tuple[str, S3Object] | None = None

    def state(self) -> FunctionState:
        """Ask for the function's configuration (`lambda:GetFunctionConfiguration`).

        Asked again if the answer makes no sense, which botocore takes for final: a question changes
        nothing, and the connection may have broken off within the answer.
        """
        for _ in range(TRIES - 1):
            with contextlib.suppress(UnparseableResponseError):
                return self._state_as_answered()
        return self._state_as_answered()

    def _state_as_answered(self) -> FunctionState:
        with self._clients.errors("lambda:GetFunctionConfiguration"):
            answer = self._client.get_function_configuration(FunctionName=self._function)
            return self._state(answer)

    def bucket_for(self, package: Package) -> str | None:
        """Name the S3 bucket by which the package goes; None if it is sent directly.

        Raises PackageError if there is no bucket for a package that needs one.
        """
        if package.size <= DIRECT_LIMIT:
            return None
        if self._bucket is None:
            raise PackageError(
                f"The package has {package.size / 2**20:.1f} MB, and Lambda takes at most"
                f" {DIRECT_LIMIT >> 20} MB directly.",
                "Set _LAMBDA_S3_BUCKET (--s3-bucket) to a bucket in the function's region: the"
                " package then goes by S3.",
            )
        return self._bucket

    def send(self, package: Package, on_sent: _OnSent) -> FunctionState:
        """Make the function run the package (`lambda:UpdateFunctionCode`).

        A large one goes by the S3 bucket of the settings (`s3:PutObject`, `s3:GetObject`).
        """
        if self.bucket_for(package) and self._store:
            return self._send_by(self._store, package, on_sent)
        # Given the bytes, botocore would hold them four times: as they are, in base64, in JSON and
        # encoded. So the body is made in a file beside the package, and the file is sent.
        with _request_body(package.path) as body, self._sending(body, on_sent):
            return self._update(ZipFile=b"")

    def _send_by(self, store: PackageStore, package: Package, on_sent: _OnSent) -> FunctionState:
        if self._in_store is None or self._in_store[0] != package.sha256:
            self._in_store = package.sha256, store.put(package, on_sent)
        _, source = self._in_store
        try:
            state = self._update(S3Bucket=source.bucket, S3Key=source.key)
        except ConflictError:
            raise  # The caller tries again, and the package need not be uploaded again.
        except BaseException:
            self._in_store = None
            raise
        self._in_store = None
        return state

    def _update(self, **code: object) -> FunctionState:
        with self._clients.errors("lambda:UpdateFunctionCode"):
            answer = self._client.update_function_code(FunctionName=self._function, **code)
            return self._state(answer)

    @contextlib.contextmanager
    def _sending(self, body: io.BufferedReader, on_sent: _OnSent) -> Iterator[None]:
        events = self._client.meta.events
        name = "lambda.UpdateFunctionCode"
        shown = _ShownFile(body, on_sent)

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

    def _state(self, answer: dict[str, Any]) -> FunctionState:
        # Only these: a response holds the function's whole environment as well.
        architectures = answer.get("Architectures") or [None]
        environment = (answer.get("Environment") or {}).get("Variables") or {}
        return FunctionState(
            code_sha256=answer["CodeSha256"],
            version=answer.get("Version", ""),
            last_update_status=answer.get("LastUpdateStatus", ""),
            last_update_status_reason=self._clients.hide(answer.get("LastUpdateStatusReason", "")),
            runtime=answer.get("Runtime"),
            architecture=architectures[0],
            handler=answer.get("Handler"),
            package_type=answer.get("PackageType", "Zip"),
            state=answer.get("State", "Active"),
            state_reason=self._clients.hide(answer.get("StateReason", "")),
            has_layers=bool(answer.get("Layers")),
            exec_wrapper=environment.get("AWS_LAMBDA_EXEC_WRAPPER") or None,
        )


@contextlib.contextmanager
def _request_body(package: Path) -> Iterator[io.BufferedReader]:
    """Write the body of the request into a file beside the package, and open it."""
    with tempfile.NamedTemporaryFile(dir=package.parent, suffix=".request") as body:
        with package.open("rb") as source:
            body.write(b'{"ZipFile":"')
            while chunk := source.read(_CHUNK):
                body.write(base64.b64encode(chunk))
            body.write(b'"}')
        body.flush()
        with Path(body.name).open("rb") as body_file:
            yield body_file


class _ShownFile:
    """A file that tells how much of it was sent; botocore reads it once before, to sign it."""

    def __init__(self, file: io.BufferedReader, on_sent: _OnSent) -> None:
        self._file = file
        self._on_sent = on_sent
        self._size = os.fstat(file.fileno()).st_size
        self._sending = False

    def begin(self) -> None:
        self._sending = True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if self._sending:
            self._on_sent(self._file.tell(), self._size)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
