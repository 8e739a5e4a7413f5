"""The interface to a Lambda function: its state, and the operations that a deploy needs."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from packager.progress import Progress

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: "250 MB … (unzipped)".
UNPACKED_LIMIT = 250 << 20


@dataclass(frozen=True)
class FunctionState:
    """The part of a function's configuration that a deploy uses."""

    code_sha256: str
    version: str
    last_update_status: str
    last_update_status_reason: str
    runtime: str | None
    architecture: str | None
    handler: str | None = None
    package_type: str = "Zip"
    state: str = "Active"
    state_reason: str = ""
    has_layers: bool = False
    exec_wrapper: str | None = None  # its AWS_LAMBDA_EXEC_WRAPPER
    revision_id: str | None = None
    timeout: int | None = None
    memory: int | None = None
    variables: frozenset[str] = frozenset()  # the names in its environment
    description: str = ""
    code_size: int = 0
    last_modified: str = ""

    @property
    def updating(self) -> bool:
        """Whether an update is in progress; Lambda would refuse another one."""
        return self.last_update_status == "InProgress"

    @property
    def settled(self) -> bool:
        """Whether the function, or this version of it, can be invoked and updated."""
        return not self.updating and self.state != "Pending"

    @property
    def failed(self) -> bool:
        """Whether the last update failed."""
        return self.last_update_status == "Failed"


class NotInstalled(NamedTuple):
    """Dependencies that are declared but not installed, which a layer may provide."""

    problem: str
    hint: str


@dataclass(frozen=True)
class Package:
    """A deployment package, ready to be sent; `variables` is the number of variables in it.

    Some dependencies may be `missing`. The first `prefix_size` bytes seldom change from one package
    of the app to the next, and hold no config.
    """

    path: Path
    size: int
    sha256: str
    variables: int
    missing: NotInstalled | None = None
    prefix_size: int = 0
    prefix_sha256: str = ""

    @property
    def code_sha256(self) -> str:
        """The hash as Lambda writes it, in base64."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode("ascii")


@dataclass(frozen=True)
class Alias:
    """An alias of a function; `weights` are the shares of traffic that other versions get."""

    name: str
    version: str
    description: str = ""
    revision_id: str | None = None
    arn: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Invocation:
    """The result of an invocation: the handler's response, or its error as JSON if it `failed`.

    The payload and the `log` may only be shown if the user requested it.
    """

    payload: bytes = field(repr=False)
    failed: bool
    log: str = field(repr=False)
    request_id: str


class Function(Protocol):
    """A function in Lambda.

    Every method may raise DeployError, and a subclass of it for errors that the caller can handle.
    """

    def state(self, version: str | None = None) -> FunctionState:
        """Read the configuration of the function, or of one of its versions.

        (`lambda:GetFunctionConfiguration`)
        """

    def bucket_for(self, package: Package) -> str | None:
        """Return the bucket and folder to send the package to; None to send it directly to Lambda.

        Raises PackageError if the package needs a bucket and none is set.
        """

    def send(self, package: Package, progress: Progress) -> FunctionState:
        """Make the function run the package (`lambda:UpdateFunctionCode`)."""

    def clear(self, progress: Progress) -> None:
        """Remove the objects in the bucket that were sent for functions of this region."""

    def publish(
        self, description: str, *, code_sha256: str, revision_id: str | None
    ) -> FunctionState:
        """Publish a version, unless the function has changed (`lambda:PublishVersion`).

        Return the newest version if it is identical. Raises ChangedError if the function has other
        code, or another revision.
        """

    def alias(self, name: str) -> Alias | None:
        """Read an alias; return None if it does not exist (`lambda:GetAlias`)."""

    def create_alias(self, name: str, version: str) -> Alias:
        """Create an alias (`lambda:CreateAlias`). Raises ConflictError if it exists."""

    def move_alias(
        self, alias: Alias, version: str, description: str, *, drop_weights: bool = False
    ) -> Alias:
        """Point an alias to another version (`lambda:UpdateAlias`).

        Raises ChangedError if the alias has changed since it was read.
        """

    def aliases(self) -> list[Alias]:
        """List all aliases (`lambda:ListAliases`)."""

    def versions(self) -> list[FunctionState]:
        """List all published versions (`lambda:ListVersionsByFunction`)."""

    def delete_version(self, version: str) -> None:
        """Delete a version, if it exists (`lambda:DeleteFunction`)."""

    def invoke(self, event: bytes, qualifier: str | None, *, timeout: float) -> Invocation:
        """Invoke the function, a version or an alias, once (`lambda:InvokeFunction`).

        Raises UncertainError if there is no response within `timeout` seconds.
        """
