"""When to act: after a quiet time, and again after a failure, ever later.

A state machine without a clock: callers pass the time, in seconds.
"""

from __future__ import annotations

from typing import Literal

Due = Literal["change", "retry"]

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0

# Seconds of changes without a pause after which the user is notified of the file: they do not come
# from saves.
RESTLESS = 10.0


class Schedule:
    """Decides when to look at changes, and when to retry a failed deploy."""

    def __init__(self, quiet_time: float) -> None:
        """Wait after each change until nothing has changed for `quiet_time` seconds."""
        self._quiet_time = quiet_time
        self._restless_since: float | None = None
        self._quiet_at: float | None = None
        self._retry_at: float | None = None
        self._next_pause = FIRST_RETRY

    def changed(self, now: float) -> None:
        """Note that something has changed."""
        if self._quiet_at is None:
            self._restless_since = now
        self._quiet_at = now + self._quiet_time

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds until something is due; None if only a change can cause that."""
        return None if self._due_at is None else max(0.0, self._due_at - now)

    def take(self, now: float) -> Due | None:
        """Return what is due, if anything, and clear it."""
        if self._due_at is None or now < self._due_at:
            return None
        if self._quiet_at is not None:
            self._quiet_at = self._restless_since = None
            return "change"
        self._retry_at = None
        return "retry"

    def restless(self, now: float) -> bool:
        """Return whether changes have gone on for long without a quiet time; true only once."""
        if self._restless_since is None or now - self._restless_since < RESTLESS:
            return False
        self._restless_since = None
        return True

    def succeeded(self) -> None:
        """Note that everything is deployed, so that nothing is retried."""
        self._retry_at = None
        self._next_pause = FIRST_RETRY

    def failed(self, now: float, *, retries: bool) -> float | None:
        """Note a failure. If a retry may help, return the seconds until then."""
        if not retries:
            self.succeeded()
            return None
        pause = self._next_pause
        self._retry_at = now + pause
        self._next_pause = min(2 * pause, LONGEST_RETRY)
        return pause

    @property
    def _due_at(self) -> float | None:
        # While files change, a retry waits for the quiet time, and deploys the changes, too.
        return self._retry_at if self._quiet_at is None else self._quiet_at
