"""Run the same work for several functions in parallel."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from packager.progress import Event, Note, Progress, StageStarted, Warning

AT_ONCE = 8

# The time after a signal in which uploads can be aborted.
_SECONDS_TO_END = 0.8

T = TypeVar("T")

Job = Callable[[Progress], T]


class _Cancelled(Exception):  # noqa: N818  It is not an error.
    """The process must end."""


class Outcome(Generic[T]):
    """The outcome of a job: its result, or the exception that it raised."""

    def __init__(self, run: Callable[[], T]) -> None:
        """Run the job; catch every exception except those that end the process."""
        self._result: list[T] = []
        self.error: Exception | None = None
        try:
            self._result.append(run())
        except Exception as error:
            self.error = error

    def get(self) -> T:
        """Return the result, or raise the exception."""
        if self.error is not None:
            raise self.error
        return self._result[0]


class Background(Generic[T]):
    """A job in a separate thread, which does not keep the process from ending."""

    def __init__(self, job: Callable[[], T]) -> None:
        """Start it."""
        self._outcome: Outcome[T] | None = None

        def run() -> None:
            self._outcome = Outcome(job)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def get(self, seconds: float | None = None) -> T:
        """Wait for the end; return the result, or raise the exception.

        Raises TimeoutError if it has not ended within `seconds`.
        """
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError
        if self._outcome is None:  # The interpreter is shutting down.
            raise _Cancelled
        return self._outcome.get()


def side_by_side(jobs: Sequence[tuple[str, Job[T]]], progress: Progress) -> list[Outcome[T]]:
    """Run the jobs, at most AT_ONCE at a time; return their outcomes, in the same order.

    Each job has the name under which its notes are shown. A single job runs in this thread, and
    shows its progress as it is. After a signal, the process does not wait for jobs that do not end
    soon.
    """
    if len(jobs) == 1:
        return [Outcome(lambda: jobs[0][1](progress))]
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(len(jobs)):
        waiting.put(number)
    events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    outcomes: dict[int, Outcome[T]] = {}
    stop = threading.Event()

    def progress_of(name: str) -> Progress:
        own = named(name, events.put)

        def sink(event: Event) -> None:
            if stop.is_set():
                raise _Cancelled
            own.sink(event)

        return Progress(sink=sink)

    def work() -> None:
        while not stop.is_set():
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                break
            name, job = jobs[number]
            own = progress_of(name)
            outcomes[number] = Outcome(lambda job=job, own=own: job(own))  # type: ignore[misc]
        events.put(None)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(AT_ONCE, len(jobs)))]
    for thread in threads:
        thread.start()
    try:
        running = len(threads)
        while running:
            event = events.get()
            if event is None:
                running -= 1
            else:
                progress.sink(event)
    except BaseException:
        stop.set()
        _wait_for(threads)
        raise
    return [outcomes[number] for number in range(len(jobs))]


def _wait_for(threads: list[threading.Thread]) -> None:
    end = time.monotonic() + _SECONDS_TO_END
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


def named(name: str, sink: Callable[[Event], None]) -> Progress:
    """Return the progress of one of several jobs: its stages are details, its notes are named."""

    def send(event: Event) -> None:
        match event:
            case StageStarted():
                sink(Note(f"{name}: {event.message}", detail=True))
            case Note():
                sink(Note(f"{name}: {event.text}", event.detail))
            case Warning():
                sink(Warning(f"{name}: {event.text}"))

    return Progress(sink=send)
