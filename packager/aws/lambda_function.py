"""A function in AWS Lambda."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from packager.aws import request_body
from packager.aws.client import Clients
from packager.aws.session import TRIES
from packager.config.settings import Settings
from packager.errors import (
    AccessDeniedError,
    ConflictError,
    DeployError,
    NotFoundError,
    PackageError,
    ThrottledError,
    UncertainError,
    UnparseableResponseError,
)
from packager.function import Alias, FunctionState, Invocation, Package
from packager.progress import Progress

if TYPE_CHECKING:
    from packager.aws.storage import PackageStore
    from packager.aws.upload import S3Object

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: "50 MB (zipped, when
# uploaded through the Lambda API)"; a MB there is 2**20 bytes.
DIRECT_LIMIT = 50 << 20

# A synchronous response has 6 MB at most; more than all versions or aliases that fit into 75 GB.
_PAYLOAD_LIMIT, _PAGES = 16 << 20, 2000

T = TypeVar("T")


class _RefusedByS3Error(Exception):
    """The package cannot be sent through S3."""

    def __init__(self, error: DeployError) -> None:
        super().__init__()
        self.error = error


class LambdaFunction:
    """A function in AWS Lambda (a `packager.function.Function`)."""

    def __init__(
        self, settings: Settings, clients: Clients, store: PackageStore | None = None
    ) -> None:
        """Take one function's settings, and the clients and store that a region's functions share.

        Send nothing yet. Raises SettingsError without credentials.
        """
        self._function = settings.function or ""
        self._name = settings.function_name
        self._encryption = {"SourceKMSKeyArn": settings.kms_key} if settings.kms_key else {}
        self._clients = clients
        self._client = self._clients.shared("lambda")
        self._store = store
        # The hash of a package that S3 has refused, so that it is sent directly.
        self._refused: str | None = None

    def state(self, version: str | None = None) -> FunctionState:
        """Read the configuration of the function, or of one of its versions.

        (`lambda:GetFunctionConfiguration`)
        """
        qualifier = {"Qualifier": version} if version else {}
        return self._ask("GetFunctionConfiguration", self._state, **qualifier)

    def bucket_for(self, package: Package) -> str | None:
        """Return the bucket and folder to send the package to; None to send it directly to Lambda.

        Raises PackageError if the package needs a bucket and none is set.
        """
        if self._store and self._store.takes(package):
            return self._store.place
        if package.size <= DIRECT_LIMIT:
            return None
        raise PackageError(
            f"The package has {package.size / 2**20:.1f} MB, but Lambda accepts at most"
            f" {DIRECT_LIMIT >> 20} MB directly.",
            "Set _LAMBDA_S3_BUCKET (--s3-bucket) to a bucket in the function's region: the package"
            " then goes through S3.",
        )

    def send(self, package: Package, progress: Progress) -> FunctionState:
        """Make the function run the package (`lambda:UpdateFunctionCode`).

        It goes by the S3 bucket of the settings (`s3:PutObject`, `s3:GetObject`, `s3:DeleteObject`)
        unless it is small, or S3 refuses it and Lambda takes it directly.
        """
        if self._store and self.bucket_for(package) and self._refused != package.sha256:
            try:
                return self._send_by(self._store, package, progress)
            except _RefusedByS3Error as refusal:
                if package.size > DIRECT_LIMIT:
                    raise refusal.error from None
                progress.warn(f"The package is sent without S3. {refusal.error.message}")
                self._refused = package.sha256
        with request_body.sending(package.path, progress.sending(package.size)):
            return self._update(ZipFile=b"")

    def clear(self, progress: Progress) -> None:
        """Remove the objects in the bucket that were sent for functions of this region."""
        for left in self._store.clear() if self._store else ():
            progress.warn(left)

    def _send_by(self, store: PackageStore, package: Package, progress: Progress) -> FunctionState:
        try:
            source = store.put(package, progress.sending(package.size))
        except DeployError as error:
            if isinstance(error, UncertainError):
                # Only the outcome of the upload is uncertain; the function has not changed.
                error = DeployError(error.message, error.hint)
            raise _RefusedByS3Error(error) from error
        try:
            state = self._update_from(source)
        except (ConflictError, ThrottledError):
            raise  # The caller tries again, and the package need not be uploaded again.
        except BaseException:
            self._leave(store, package, progress)
            raise
        self._leave(store, package, progress)
        return state

    def _leave(self, store: PackageStore, package: Package, progress: Progress) -> None:
        if left := store.is_served(package, self._function):
            progress.warn(left)

    def _update_from(self, source: S3Object) -> FunctionState:
        try:
            return self._update(S3Bucket=source.bucket, S3Key=source.key)
        except DeployError as error:
            # Lambda reads the object with the caller's credentials, and forwards the error of S3.
            if isinstance(error, AccessDeniedError) or " S3 " in error.message:
                raise _RefusedByS3Error(error) from error
            raise

    def _update(self, **code: object) -> FunctionState:
        # Without the key, Lambda would encrypt the package with its own from now on.
        return self._call("UpdateFunctionCode", self._state, **code, **self._encryption)

    def publish(
        self, description: str, *, code_sha256: str, revision_id: str | None
    ) -> FunctionState:
        """Publish a version, unless the function has changed (`lambda:PublishVersion`).

        Return the newest version if it is identical. Raises ChangedError if the function
        has other code, or another revision.
        """
        revision = {"RevisionId": revision_id} if revision_id else {}
        return self._ask(
            "PublishVersion",
            self._state,
            CodeSha256=code_sha256,
            Description=description,
            **revision,
        )

    def alias(self, name: str) -> Alias | None:
        """Read an alias; return None if it does not exist (`lambda:GetAlias`)."""
        try:
            return self._ask("GetAlias", self._alias, Name=name)
        except NotFoundError:
            return None

    def create_alias(self, name: str, version: str) -> Alias:
        """Create an alias (`lambda:CreateAlias`). Raises ConflictError if it exists."""
        return self._call("CreateAlias", self._alias, Name=name, FunctionVersion=version)

    def move_alias(
        self, alias: Alias, version: str, description: str, *, drop_weights: bool = False
    ) -> Alias:
        """Point an alias to another version (`lambda:UpdateAlias`).

        Raises ChangedError if the alias has changed since it was read.
        """
        revision = {"RevisionId": alias.revision_id} if alias.revision_id else {}
        no_weights: dict[str, Any] = {"RoutingConfig": {"AdditionalVersionWeights": {}}}
        return self._call(
            "UpdateAlias",
            self._alias,
            Name=alias.name,
            FunctionVersion=version,
            Description=description,
            **revision,
            **(no_weights if drop_weights else {}),
        )

    def aliases(self) -> list[Alias]:
        """List all aliases (`lambda:ListAliases`)."""
        return self._list("ListAliases", "Aliases", self._alias)

    def versions(self) -> list[FunctionState]:
        """List all published versions (`lambda:ListVersionsByFunction`)."""
        found = self._list("ListVersionsByFunction", "Versions", self._state)
        return [state for state in found if state.version.isdigit()]

    def delete_version(self, version: str) -> None:
        """Delete a version, if it exists (`lambda:DeleteFunction`)."""
        if not version.isdigit():  # Without a version it would delete the function.
            raise ValueError(version)
        with contextlib.suppress(NotFoundError):
            self._ask("DeleteFunction", lambda _: None, Qualifier=version)

    def invoke(self, event: bytes, qualifier: str | None, *, timeout: float) -> Invocation:
        """Invoke the function, a version or an alias, once (`lambda:InvokeFunction`).

        Raises UncertainError if there is no response within `timeout` seconds.
        """
        client = self._clients.new("lambda", one_try_of=timeout)
        target = {"Qualifier": qualifier} if qualifier else {}
        with self._clients.errors("lambda:InvokeFunction", self._name), contextlib.closing(client):
            response = client.invoke(
                FunctionName=self._function, Payload=event, LogType="Tail", **target
            )
            _ = response["ExecutedVersion"]  # Only a response from Lambda has it.
            log = base64.b64decode(response.get("LogResult", "")).decode("utf-8", "replace")
            payload = response["Payload"].read(_PAYLOAD_LIMIT)
            response["Payload"].read(1)  # Only at its end botocore checks that it is complete.
            return Invocation(
                payload=payload,
                failed=bool(response.get("FunctionError")),
                log=log,
                request_id=response.get("ResponseMetadata", {}).get("RequestId", ""),
            )

    def _list(self, action: str, field: str, parse: Callable[[dict[str, Any]], T]) -> list[T]:
        found: list[T] = []
        marker: dict[str, str] = {}
        for _ in range(_PAGES):
            items, following = self._ask(
                action,
                lambda page: ([parse(item) for item in page[field]], page.get("NextMarker")),
                **marker,
            )
            found += items
            if not following:
                break
            marker = {"Marker": following}
        return found

    def _ask(self, action: str, parse: Callable[[dict[str, Any]], T], **parameters: Any) -> T:
        """Send a request that may be repeated, and parse its response.

        It is sent again if the response cannot be parsed, which botocore takes as final: the
        connection may have broken off within the response.
        """
        for _ in range(TRIES - 1):
            with contextlib.suppress(UnparseableResponseError):
                return self._call(action, parse, **parameters)
        return self._call(action, parse, **parameters)

    def _call(self, action: str, parse: Callable[[dict[str, Any]], T], **parameters: Any) -> T:
        method = getattr(self._client, self._clients.method(action))
        with self._clients.errors(f"lambda:{action}", self._name):
            return parse(method(FunctionName=self._function, **parameters))

    def _alias(self, response: Mapping[str, Any]) -> Alias:
        routing = response.get("RoutingConfig") or {}
        return Alias(
            name=response["Name"],
            version=response["FunctionVersion"],
            description=response.get("Description", ""),
            revision_id=response.get("RevisionId"),
            arn=response.get("AliasArn", ""),
            weights=routing.get("AdditionalVersionWeights") or {},
        )

    def _state(self, response: Mapping[str, Any]) -> FunctionState:
        # Only these fields, because a response also holds the values of the environment.
        hide = self._clients.hide
        environment = (response.get("Environment") or {}).get("Variables") or {}
        return FunctionState(
            code_sha256=response["CodeSha256"],
            version=response.get("Version", ""),
            last_update_status=response.get("LastUpdateStatus", ""),
            last_update_status_reason=hide(response.get("LastUpdateStatusReason", "")),
            runtime=response.get("Runtime"),
            architecture=(response.get("Architectures") or [None])[0],
            handler=response.get("Handler"),
            package_type=response.get("PackageType", "Zip"),
            state=response.get("State", "Active"),
            state_reason=hide(response.get("StateReason", "")),
            has_layers=bool(response.get("Layers")),
            exec_wrapper=environment.get("AWS_LAMBDA_EXEC_WRAPPER") or None,
            revision_id=response.get("RevisionId"),
            timeout=response.get("Timeout"),
            memory=response.get("MemorySize"),
            variables=frozenset(environment),
            description=response.get("Description", ""),
            code_size=response.get("CodeSize", 0),
            last_modified=response.get("LastModified", ""),
        )
