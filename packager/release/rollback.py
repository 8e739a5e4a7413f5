"""Roll back a release: point an alias to one of its previous versions again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packager.errors import AccessDeniedError, DeployError, NotFoundError
from packager.function import Alias
from packager.progress import Progress
from packager.release.destination import Destination
from packager.release.function_release import Options
from packager.release.history import format_description
from packager.release.settle import Deadline, patiently
from packager.release.switch import Switch


@dataclass(frozen=True)
class Rollback:
    """How a rollback ended for one function: its alias pointed to `before`."""

    function: str
    region: str | None
    alias: Alias
    before: str

    @property
    def label(self) -> str:
        """Return the function's name and region."""
        return f"{self.function} ({self.region})" if self.region else self.function


def roll_back(
    destinations: Sequence[Destination], to: str | None, progress: Progress, options: Options
) -> list[Rollback]:
    """Point the alias of each function to version `to`, or to its previous version.

    All functions are checked before an alias moves. Raises DeployError, which names the aliases
    that were moved.
    """
    plans = [_Plan(destination, to, options) for destination in destinations]
    with progress.stage("state", "Reading the alias"):
        for plan in plans:
            plan.check()
    done: list[Rollback] = []
    for plan in plans:
        try:
            done.append(plan.run(progress))
        except DeployError as error:
            moved = ", ".join(one.label for one in done)
            also = f" Rolled back before it: {moved}." if moved else ""
            label = f"{plan.destination.label}: " if len(plans) > 1 else ""
            raise DeployError(f"{label}{error.message}{also}", error.hint) from error
    return done


class _Plan:
    """The rollback of one function."""

    def __init__(self, destination: Destination, to: str | None, options: Options) -> None:
        self.destination = destination
        self._function = destination.function
        self._name = destination.settings.alias or ""
        self._to = to
        self._options = options
        self._deadline = Deadline(options.clock, options.timeout)

    def check(self) -> None:
        """Read the alias, and check that a previous version exists."""
        alias = patiently(lambda: self._function.alias(self._name), self._deadline)
        if alias is None:
            raise DeployError(
                f"{self.destination.label} has no alias {self._name}.",
                "Deploy with --alias first, or name another one.",
            )
        self._alias = alias
        self._switch = Switch(
            self._function, self._name, alias, self._deadline, force=self._options.force
        )
        previous = self._switch.history.previous
        version = self._to or (str(previous) if previous else None)
        if version is None:
            raise DeployError(
                f"Nothing is recorded that the alias {self._name} of {self.destination.label}"
                f" pointed to before version {alias.version}.",
                "Name the version: packager rollback --to VERSION",
            )
        self._version = version
        self._check_version()

    def _check_version(self) -> None:
        version = self._version
        try:
            patiently(lambda: self._function.state(version), self._deadline)
        except NotFoundError:
            others = self._switch.history.after_rollback(self._alias.version, version).previous
            raise DeployError(
                f"{self.destination.label} has no version {version} (any more).",
                f"The one before is {others}: packager rollback --to {others}"
                if others
                else "Name one that exists: packager rollback --to VERSION",
            ) from None
        except AccessDeniedError:
            pass  # UpdateAlias refuses a version that does not exist.

    def run(self, progress: Progress) -> Rollback:
        """Move the alias."""
        before, to = self._alias.version, self._version
        settings = self.destination.settings
        if before == to:
            return Rollback(self.destination.name, settings.region, self._alias, before)
        self._switch.wait_for_weights(progress)
        current = self._switch.alias.version if self._switch.alias else before
        description = format_description(self._switch.history.after_rollback(current, to))
        with progress.stage("switch", f"Pointing {self._name} back to version {to}"):
            alias = self._switch.move(to, description)
        return Rollback(self.destination.name, settings.region, alias, before)
