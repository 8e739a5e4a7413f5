"""One run of a session: its cause, its work, and the view that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from packager.errors import PackagerError
from packager.progress import Progress
from packager.watch.build_products import Outputs


class SupersededError(Exception):
    """A file was saved while the handler ran, so the handler was stopped."""


Result = TypeVar("Result")
Shown = TypeVar("Shown", contravariant=True)


@dataclass(frozen=True)
class Cause:
    """Why a run starts: the path of a changed file (None at the start), and how many more changed.

    The run is a `retry` of one that failed, or the user `requested` it with the Enter key.
    """

    path: str | None
    more: int
    retry: bool
    requested: bool = False


class View(Protocol[Shown]):
    """Shows the runs of a session."""

    def started(self, cause: Cause) -> Progress:
        """Show that a run begins; return the Progress for its stages."""

    def succeeded(self, cause: Cause, result: Shown) -> None:
        """Show that the run has ended with `result`."""

    def failed(self, cause: Cause, error: PackagerError, retry_in: float | None) -> None:
        """Show that the run has failed. If no file changes, a retry follows in `retry_in` seconds,
        or never if that is None.
        """

    def notice(self, text: str) -> None:
        """Show something that does not belong to a run."""


@dataclass(frozen=True)
class Work(Generic[Result]):
    """The work of a run: `build`, if the user gave a command, then `deploy` with the paths of files
    that have changed since the last deploy. `outputs` knows which of them only the build writes.
    """

    deploy: Callable[[frozenset[str], Progress], Result]
    outputs: Outputs
    build: Callable[[], None] | None = None
