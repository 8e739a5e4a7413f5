"""A Lambda function, as a deploy sees it: what it can be asked and told, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class FunctionState:
    """What of a function's configuration a deploy looks at; never its environment."""

    code_sha256: str
    version: str
    last_update_status: str
    last_update_status_reason: str
    runtime: str | None
    architecture: str | None

    @property
    def updating(self) -> bool:
        """Whether an update is under way; another one would be refused."""
        return self.last_update_status == "InProgress"

    @property
    def failed(self) -> bool:
        """Whether the last update did not come to its end."""
        return self.last_update_status == "Failed"


@dataclass(frozen=True)
class S3Object:
    """Where in S3 a deployment package is."""

    bucket: str
    key: str


class Function(Protocol):
    """A function in Lambda; `sent` is told the bytes sent so far, and how many there are.

    Every method raises DeployError; AccessDeniedError, ConflictError and UncertainError where the
    caller can do something about it.
    """

    def state(self) -> FunctionState:
        """Ask for the function's configuration (`lambda:GetFunctionConfiguration`)."""

    def update(self, package: Path, sent: Callable[[int, int], None]) -> FunctionState:
        """Send the package itself (`lambda:UpdateFunctionCode`)."""

    def update_from(self, source: S3Object) -> FunctionState:
        """Let Lambda fetch the package from S3 (`lambda:UpdateFunctionCode`, `s3:GetObject`)."""

    def upload(self, package: Path, target: S3Object, sent: Callable[[int, int], None]) -> None:
        """Put the package into S3 (`s3:PutObject`)."""
