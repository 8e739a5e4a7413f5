"""A function to deploy to, and its state before anything is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

from packager.config.settings import Settings
from packager.errors import AccessDeniedError
from packager.function import Alias, Function, FunctionState
from packager.progress import Progress
from packager.release.parallel import side_by_side
from packager.release.settle import Clock, Deadline, patiently


class Destination(NamedTuple):
    """A function, and the settings for it."""

    function: Function
    settings: Settings

    @property
    def name(self) -> str:
        """Return the function's bare name."""
        return self.settings.function_name

    @property
    def label(self) -> str:
        """Return the function's name and region."""
        return f"{self.name} ({self.settings.region})" if self.settings.region else self.name


class Inquiry(NamedTuple):
    """The state of a function (None if it may not be read) and its alias, read `at` that time."""

    destination: Destination
    state: FunctionState | None
    alias: Alias | None
    at: float


def inquire(destinations: Sequence[Destination], timeout: float, clock: Clock) -> list[Inquiry]:
    """Read the state and the alias of each function. Raises the first DeployError."""
    jobs = [
        (one.label, lambda _, one=one: _inquire(one, Deadline(clock, timeout), clock))
        for one in destinations
    ]
    return [outcome.get() for outcome in side_by_side(jobs, Progress())]


def _inquire(destination: Destination, deadline: Deadline, clock: Clock) -> Inquiry:
    function, name = destination.function, destination.settings.alias
    state = None
    at = clock.now()
    # `lambda:UpdateFunctionCode` alone must be enough; the deploy reports what it could not read.
    with contextlib.suppress(AccessDeniedError):
        state = patiently(function.state, deadline)
    alias = patiently(lambda: function.alias(name), deadline) if name else None
    return Inquiry(destination, state, alias, at)
