"""A Lambda function, as a deploy sees it: its state, and what can be sent to it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


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

    @property
    def updating(self) -> bool:
        """Whether an update is under way; another one would be refused."""
        return self.last_update_status == "InProgress"

    @property
    def failed(self) -> bool:
        """Whether the last update did not come to its end."""
        return self.last_update_status == "Failed"


@dataclass(frozen=True)
class Package:
    """A deployment package, ready to be sent; `variables`: how many it holds."""

    path: Path
    size: int
    sha256: str
    variables: int

    @property
    def code_sha256(self) -> str:
        """The hash as Lambda writes it, in base64."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode("ascii")


class Function(Protocol):
    """A function in Lambda.

    Every method raises DeployError; AccessDeniedError, ConflictError and UncertainError where the
    caller can do something about it.
    """

    def state(self) -> FunctionState:
        """Ask for the function's configuration (`lambda:GetFunctionConfiguration`)."""

    def bucket_for(self, package: Package) -> str | None:
        """Name the S3 bucket by which the package goes; None if it is sent directly.

        Raises PackageError if there is no bucket for a package that needs one.
        """

    def send(self, package: Package, on_sent: Callable[[int, int], None]) -> FunctionState:
        """Make the function run the package (`lambda:UpdateFunctionCode`).

        `on_sent` receives the bytes sent so far, and how many there are.
        """
