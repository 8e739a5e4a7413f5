"""Read what functions run, and what a deploy or a rollback would change."""

from __future__ import annotations

from dataclasses import dataclass

from packager.errors import AccessDeniedError, NotFoundError
from packager.function import Alias, FunctionState, Package
from packager.release.destination import Destination, Inquiry
from packager.release.function_release import Options
from packager.release.history import History, parse
from packager.release.settle import Deadline, patiently


@dataclass(frozen=True)
class Status:
    """One function: `latest` is what `$LATEST` runs, `live` what the alias runs.

    A state is None if it may not be read. `package` is what a deploy would send now, if it could be
    built.
    """

    destination: Destination
    latest: FunctionState | None
    alias: Alias | None
    live: FunctionState | None
    package: Package | None

    @property
    def history(self) -> History:
        """Return the previous versions of the alias."""
        return parse(self.alias.description) if self.alias else History()

    def is_current(self, state: FunctionState | None) -> bool | None:
        """Whether a deploy would send the package of this version; None if that is not known."""
        if state is None or self.package is None:
            return None
        return state.code_sha256 == self.package.code_sha256


def read_status(inquiry: Inquiry, package: Package | None, options: Options) -> Status:
    """Read the version and state that the alias of a function runs."""
    function, alias = inquiry.destination.function, inquiry.alias
    live = None
    if alias:
        deadline = Deadline(options.clock, options.timeout)
        try:
            live = patiently(lambda: function.state(alias.version), deadline)
        except (AccessDeniedError, NotFoundError):
            live = None
    return Status(inquiry.destination, inquiry.state, alias, live, package)
