"""The outcome of a release, for each of its functions and for all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from packager.errors import DeployError, PackagerError
from packager.function import Alias, Package

Outcome = Literal[
    "deployed",
    "unchanged",
    "dry run",
    "held back",  # A rollback took this package out of service: the alias stays where it is.
    "not released",  # The function has the package, but another one failed: its alias stays.
    "moved back",  # The alias was moved, but another one failed, so it points where it did before.
    "failed",
]


@dataclass(frozen=True)
class Deployment:
    """The outcome for one function.

    `version` is the one that was deployed, or that the function has: `$LATEST` without an alias.
    `alias` is where the alias points to at the end, as far as it is known, and `previous` the
    version that it pointed to before.
    """

    function: str
    region: str | None
    outcome: Outcome
    package: Package
    version: str = ""
    alias: Alias | None = None
    previous: str | None = None
    created: bool = False
    deleted: tuple[str, ...] = ()
    error: PackagerError | None = None

    @property
    def label(self) -> str:
        """Return the function's name and region."""
        return f"{self.function} ({self.region})" if self.region else self.function


@dataclass(frozen=True)
class Release:
    """The outcome for every function, in the order of the settings."""

    deployments: tuple[Deployment, ...]

    @property
    def outcome(self) -> Outcome:
        """Return "failed" if one function failed, and "unchanged" only if all are unchanged."""
        outcomes = [deployment.outcome for deployment in self.deployments]
        order: tuple[Outcome, ...] = ("failed", "dry run", "deployed", "held back", "unchanged")
        return next(outcome for outcome in order if outcome in outcomes)

    @property
    def package(self) -> Package:
        """Return the package, or the first of several."""
        return self.deployments[0].package


class ReleaseError(DeployError):
    """A release failed for one function or more; `release` has the outcome for each."""

    def __init__(self, release: Release) -> None:
        """Take the message of a single function's error, or else count the failures."""
        self.release = release
        failed = [deployment for deployment in release.deployments if deployment.error]
        first = failed[0].error or PackagerError("")
        if len(release.deployments) == 1:
            super().__init__(first.message, first.hint)
            return
        super().__init__(
            f"{len(failed)} of {len(release.deployments)} functions failed: "
            + " ".join(f"{one.label}: {one.error.message}" for one in failed if one.error),
            first.hint,
        )
