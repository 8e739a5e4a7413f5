"""Wait, for a limited time, until something in AWS has settled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from packager.errors import DeployError, ThrottledError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0

_LONGER = "Try again, or allow more time with --timeout."

T = TypeVar("T")


@dataclass(frozen=True)
class Clock:
    """The time in seconds, and a way to let it pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class OutOfTimeError(DeployError):
    """The time for waiting, in `seconds`, is used up."""

    def __init__(self, seconds: float) -> None:
        """Use a general message; `because` returns an error that names the state."""
        super().__init__(f"Lambda was not ready after {seconds:g} s.", _LONGER)
        self.seconds = seconds

    def because(self, still: str, hint: str = _LONGER) -> DeployError:
        """Return the error with the state that `still` holds."""
        return DeployError(f"After {self.seconds:g} s {still}.", hint)


class Deadline:
    """The total time to wait for one function; pauses become longer until it is used up."""

    def __init__(self, clock: Clock, timeout: float) -> None:
        """End `timeout` seconds from now."""
        self._clock = clock
        self._timeout = timeout
        self._end = clock.now() + timeout
        self._pause = _FIRST_PAUSE

    def pause(self) -> None:
        """Pause before the next request. Raises OutOfTimeError if no time is left."""
        left = self._end - self._clock.now()
        if left <= 0:
            raise OutOfTimeError(self._timeout)
        self._clock.sleep(min(self._pause, left))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def start_again(self) -> None:
        """Begin with short pauses again, to wait for something new."""
        self._pause = _FIRST_PAUSE


def patiently(call: Callable[[], T], deadline: Deadline) -> T:
    """Call until AWS accepts the request. Raises its ThrottledError if no time is left."""
    while True:
        try:
            return call()
        except ThrottledError as error:
            try:
                deadline.pause()
            except OutOfTimeError:
                raise error from None


def settle(ask: Callable[[], T], until: Callable[[T], bool], deadline: Deadline) -> T:
    """Repeat a request until its response is as expected; return that. Raises OutOfTimeError."""
    deadline.start_again()
    while True:
        try:
            if until(state := ask()):
                return state
            deadline.pause()
        except ThrottledError as error:
            try:
                deadline.pause()
            except OutOfTimeError:
                raise error from None
