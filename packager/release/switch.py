"""Point an alias to another version, and find out where it points to afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from packager.errors import ChangedError, ConflictError, DeployError, UncertainError
from packager.function import Alias, Function
from packager.progress import Progress
from packager.release.history import History, parse
from packager.release.settle import Deadline, OutOfTimeError, patiently, settle


@dataclass
class Switch:
    """The alias `name` of one function, which was read as `alias` (None if it does not exist)."""

    function: Function
    name: str
    alias: Alias | None
    deadline: Deadline
    force: bool = False

    @property
    def history(self) -> History:
        """Return the history in the alias's description."""
        return parse(self.alias.description) if self.alias else History()

    @property
    def place(self) -> str:
        """Return a clause that reports where the alias points to."""
        if self.alias is None:
            return f"the alias {self.name} does not exist yet"
        return f"the alias {self.name} still points to version {self.alias.version}"

    def wait_for_weights(self, progress: Progress) -> None:
        """Wait until no other version gets a share of the alias's traffic.

        AWS sets such weights itself, for a while, if the alias has provisioned concurrency. Weights
        that stay are somebody's canary. Raises DeployError for them, unless `force`.
        """
        if self.force or self.alias is None or not self.alias.weights:
            return
        shares = ", ".join(
            f"{share:.0%} to version {version}" for version, share in self.alias.weights.items()
        )
        with progress.stage("weights", f"Waiting until the alias {self.name} sends no {shares}"):
            try:
                self.alias = settle(
                    lambda: self.function.alias(self.name),
                    lambda alias: alias is None or not alias.weights,
                    self.deadline,
                )
            except OutOfTimeError as error:
                raise error.because(
                    f"the alias {self.name} still sends {shares} of its traffic, as a canary does",
                    "End the canary, or switch anyway with --force.",
                ) from None

    def move(self, version: str, description: str) -> Alias:
        """Point the alias to `version`, or create it, and describe it so.

        Raises DeployError, which says where the alias points to if that can be known.
        """
        self.deadline.start_again()
        while True:
            try:
                moved = patiently(lambda: self._request(version, description), self.deadline)
            except (ChangedError, ConflictError) as error:
                found = self._look(error)
                if done := _as_asked(found, version, description):
                    return done  # The response to an earlier try was lost.
                self._check_unmoved(found)
                self.alias = found
                self._pause(error)
            except UncertainError as error:
                found = self._look(error)
                if done := _as_asked(found, version, description):
                    return done
                raise DeployError(
                    f"{error.message} When it was last asked, {self.place}, but the request may"
                    " still be carried out.",
                    error.hint,
                ) from error
            except DeployError as error:
                raise DeployError(
                    f"{error.message.rstrip('.')}: {self.place}.", error.hint
                ) from error
            else:
                if moved.version != version:
                    raise DeployError(
                        f"The alias {self.name} was moved to version {version}, but Lambda responds"
                        f" that it points to version {moved.version}.",
                        "Look at `packager status`.",
                    )
                return moved

    def _request(self, version: str, description: str) -> Alias:
        if self.alias is None:
            return self.function.create_alias(self.name, version)
        return self.function.move_alias(
            self.alias, version, description, drop_weights=bool(self.alias.weights)
        )

    def _look(self, error: DeployError) -> Alias | None:
        """Read the alias after a request whose outcome is uncertain."""
        try:
            return patiently(lambda: self.function.alias(self.name), self.deadline)
        except DeployError:
            raise DeployError(
                f"{error.message} It is not known where the alias {self.name} points now.",
                f"{error.hint} Look at `packager status`.",
            ) from error

    def _check_unmoved(self, found: Alias | None) -> None:
        """Raise DeployError if somebody else has moved, created or deleted the alias."""
        before = self.alias.version if self.alias else None
        now = found.version if found else None
        if before != now:
            place = f"points to version {now}" if now else "does not exist"
            raise DeployError(
                f"Somebody else has changed the alias {self.name} in the meantime: it {place}.",
                "Deploy again, or look at `packager status`.",
            ) from None

    def _pause(self, error: DeployError) -> None:
        try:
            self.deadline.pause()
        except OutOfTimeError as late:
            raise late.because(f"{self.place}: {error.message.rstrip('.')}") from None


def _as_asked(found: Alias | None, version: str, description: str) -> Alias | None:
    """Return the alias if it is as the request demanded."""
    if found and found.version == version and found.description == description:
        return found
    return None
