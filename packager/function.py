"""A Lambda function, as a deploy sees it: its state, and what can be sent to it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from packager.progress import Progress

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: "250 MB … (unzipped)".
UNPACKED_LIMIT = 250 << 20


@dataclass(frozen=True)
class FunctionState:
    """What of a function's configuration a deploy looks at; of its environment, one name."""

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
    description: str = ""
    code_size: int = 0
    last_modified: str = ""

    @property
    def updating(self) -> bool:
        """Whether an update is under way; another one would be refused."""
        return self.last_update_status == "InProgress"

    @property
    def settled(self) -> bool:
        """Whether the function, or this version of it, can be invoked and updated."""
        return not self.updating and self.state != "Pending"

    @property
    def failed(self) -> bool:
        """Whether the last update did not come to its end."""
        return self.last_update_status == "Failed"


@dataclass(frozen=True)
class Package:
    """A deployment package, ready to be sent; `variables`: how many it holds.

    Dependencies that are `missing` are declared and not installed; a layer may have them. The first
    `prefix_size` bytes seldom change from one package of the app to the next, and hold no config.
    """

    path: Path
    size: int
    sha256: str
    variables: int
    missing: tuple[str, ...] = ()
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
    """What an invocation gave: the handler's response, or its error as JSON if it `failed`.

    Neither it nor the `log` may be shown unless the user asked for it.
    """

    payload: bytes = field(repr=False)
    failed: bool
    log: str = field(repr=False)
    request_id: str


class Function(Protocol):
    """A function in Lambda.

    Every method raises DeployError; its subclasses where the caller can do something about it.
    """

    def state(self, version: str | None = None) -> FunctionState:
        """Read the configuration of the function, or of one of its versions.

        (`lambda:GetFunctionConfiguration`)
        """

    def bucket_for(self, package: Package) -> str | None:
        """Name the bucket, and the folder in it, by which the package goes; None if by none.

        Raises PackageError if there is no bucket for a package that needs one.
        """

    def send(self, package: Package, progress: Progress) -> FunctionState:
        """Make the function run the package (`lambda:UpdateFunctionCode`)."""

    def clear(self, progress: Progress) -> None:
        """Remove from the bucket what was sent there for functions of this region."""

    def publish(
        self, description: str, *, code_sha256: str, revision_id: str | None
    ) -> FunctionState:
        """Publish a version, if the function still is as expected (`lambda:PublishVersion`).

        Returns the newest version if nothing has changed since. Raises ChangedError if the function
        has other code, or another revision.
        """

    def alias(self, name: str) -> Alias | None:
        """Read an alias; return None if there is none (`lambda:GetAlias`)."""

    def create_alias(self, name: str, version: str) -> Alias:
        """Create an alias (`lambda:CreateAlias`). Raises ConflictError if it exists."""

    def move_alias(
        self, alias: Alias, version: str, description: str, *, drop_weights: bool = False
    ) -> Alias:
        """Point an alias to another version (`lambda:UpdateAlias`).

        Raises ChangedError if the alias is not as it was read.
        """

    def aliases(self) -> list[Alias]:
        """List all aliases (`lambda:ListAliases`)."""

    def versions(self) -> list[FunctionState]:
        """List all published versions (`lambda:ListVersionsByFunction`)."""

    def delete_version(self, version: str) -> None:
        """Delete a version; one that does not exist is no error (`lambda:DeleteFunction`)."""

    def invoke(self, event: bytes, qualifier: str | None, *, timeout: float) -> Invocation:
        """Invoke the function, a version or an alias, once (`lambda:InvokeFunction`).

        Raises UncertainError if there is no response within `timeout` seconds.
        """
