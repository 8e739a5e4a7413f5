"""One run of a session: why it happens, what it does, and where it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from packager.errors import PackagerError
from packager.progress import Progress
from packager.watch.build_products import Outputs


class SupersededError(Exception):
    """A file was saved while the handler ran: what the handler does is not wanted any more."""


Result = TypeVar("Result")
Shown = TypeVar("Shown", contravariant=True)


@dataclass(frozen=True)
class Cause:
    """Why there is a run: the file that has changed (none at the start) and how many more have.

    It is a `retry` of one that failed, or the user has `asked` for it.
    """

    path: str | None
    more: int
    retry: bool
    asked: bool = False


class View(Protocol[Shown]):
    """Where it is shown what happens."""

    def started(self, cause: Cause) -> Progress:
        """Report that a run begins; return the Progress for its stages."""

    def succeeded(self, cause: Cause, result: Shown) -> None:
        """The run has ended with `result`."""

    def failed(self, cause: Cause, error: PackagerError, retry_in: float | None) -> None:
        """The run has failed; without a change it is tried again after `retry_in` seconds."""

    def notice(self, text: str) -> None:
        """There is something else that the user has to know."""


@dataclass(frozen=True)
class Work(Generic[Result]):
    """What a run does: `build`, if the user gave a command, then `deploy` with the paths that have
    changed since the last deploy. `outputs` knows which of them only a build writes.
    """

    deploy: Callable[[frozenset[str], Progress], Result]
    outputs: Outputs
    build: Callable[[], None] | None = None
