"""Watch an app: receive events, find the changed files, then build and deploy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NoReturn, Protocol

from packager.errors import PackageError, PackagerError, explained
from packager.progress import Progress
from packager.watch.build import BuildError
from packager.watch.filter import Filter
from packager.watch.notify import Watcher, new_watcher
from packager.watch.polling import Polling
from packager.watch.run import Cause, Result, SupersededError, View, Work
from packager.watch.schedule import Schedule
from packager.watch.snapshot import Difference, Snapshot

# A program that creates and deletes files without end would fill the memory. From this many paths
# on, the paths of events are dropped, and everything is examined instead.
_MOST_EVENT_PATHS = 10_000

# The interval at which a folder that is missing is looked for.
_SECONDS_BETWEEN_LOOKS = 0.5


class EnterKey(Protocol):
    """The key with which a user requests a run."""

    @property
    def file(self) -> int | None:
        """The descriptor that is readable after the key was pressed; None without a terminal."""

    def pressed(self) -> bool:
        """Return whether the key was pressed since the last call."""


@dataclass(frozen=True)
class Inputs:
    """The sources from which a session learns of changes, of the Enter key and of the time."""

    watcher: Callable[[], Watcher] = new_watcher
    enter: EnterKey | None = None
    clock: Callable[[], float] = time.monotonic


class Session(Generic[Result]):
    """Watches an app in one thread: events that arrive during a run are handled after it.

    The exception is a handler that runs on this machine: a save stops it, because the next run
    starts it again with the new files.
    """

    def __init__(
        self,
        app: Path,
        *,
        read_filter: Callable[[], Filter],
        work: Work[Result],
        view: View[Result],
        quiet_time: float,
        inputs: Inputs,
    ) -> None:
        """Watch the files that `read_filter` returns. It is called again when a named file changes.

        A run does the `work` after nothing has changed for `quiet_time` seconds.
        """
        self._app = app
        self._read_filter = read_filter
        self._work = work
        self._view = view
        self._enter = inputs.enter
        self._clock = inputs.clock
        self._schedule = Schedule(quiet_time)
        self._snapshot = Snapshot(read_filter(), inputs.watcher())
        # The paths of events that were not examined yet. (Dicts keep the order.)
        self._event_paths: dict[str, None] = {}
        self._must_scan = False  # because paths of events were dropped
        # The changed files that are not deployed yet, and those of them that only a build wrote.
        self._pending: dict[str, None] = {}
        self._built: set[str] = set()
        self._changed_since_run = False
        self._saved_during_run: set[str] = set()
        self._is_built = False
        self._has_failed = False
        self._is_requested = False  # by the Enter key

    def watch(self) -> NoReturn:
        """Deploy now and at each change, until a signal ends it."""
        try:
            # The scan precedes the first run, so that changes during that run are noticed.
            self._snapshot.scan()
            self._poll_at_limit()
            self._run(retry=False)
            while True:
                self._wait()
                self._act()
        finally:
            self._snapshot.watcher.close()

    def _wait(self) -> None:
        """Wait until an event arrives, or a run is due."""
        missing = self._snapshot.missing_roots()
        wake = self._enter.file if self._enter else None
        events = self._snapshot.watcher.wait(self._seconds_to_wait(bool(missing)), wake)
        if wake is not None:
            self._is_requested = self._has_pressed_enter()
        paths = [path for path in events.paths if self._snapshot.concerns(path)]
        self._note(paths)
        is_back = any(Path(root).is_dir() for root in missing)
        found = self._look(everywhere=True) if events.lost or is_back else False
        now = self._clock()
        if paths or found:
            self._schedule.changed(now)
        if paths and self._schedule.restless(now):
            self._view.notice(
                f"{self._shown(paths[-1])} keeps changing. The next deploy waits until it stops."
                " If the function does not need the file, exclude it with --ignore."
            )

    def _note(self, paths: list[str]) -> None:
        """Keep the paths of events, unless there are too many."""
        self._event_paths |= dict.fromkeys(paths)
        if len(self._event_paths) > _MOST_EVENT_PATHS:
            self._event_paths = {}
            self._must_scan = True

    def _seconds_to_wait(self, missing: bool) -> float | None:
        left = self._schedule.seconds_left(self._clock())
        if missing:
            return _SECONDS_BETWEEN_LOOKS if left is None else min(left, _SECONDS_BETWEEN_LOOKS)
        return left

    def _act(self) -> None:
        """Run if a run is due, and if there is a reason for it."""
        due = self._schedule.take(self._clock())
        if due == "change" or self._is_requested:
            self._look()
            if self._changed_since_run or self._is_requested:
                self._run(retry=False)
            elif self._has_failed and self._is_built:
                # No watched file has changed, but the cause of the failure may be gone: a folder
                # that a link leads to may exist now.
                self._run(retry=True)
        elif due == "retry":
            self._run(retry=True)

    def _look(self, *, everywhere: bool = False) -> bool:
        """Examine the paths of events, or everything; return whether any contents have changed."""
        found = self._difference(everywhere=everywhere)
        self._work.outputs.changed_between_builds(found.contents)
        self._built -= found.contents
        return bool(found.contents)

    def _difference(self, *, everywhere: bool) -> Difference:
        paths, self._event_paths = self._event_paths, {}
        everywhere, self._must_scan = everywhere or self._must_scan, False
        found = self._snapshot.scan(paths) if everywhere else self._snapshot.refresh(paths)
        if any(map(self._snapshot.filter.is_named, found.contents)):
            self._renew_filter(found)
        self._poll_at_limit()
        self._pending |= dict.fromkeys(path for path in paths if path in found.contents)
        self._pending |= dict.fromkeys(sorted(found.contents))
        self._changed_since_run = self._changed_since_run or bool(found.contents)
        return found

    def _renew_filter(self, found: Difference) -> None:
        try:
            self._snapshot.filter = self._read_filter()
        except PackagerError:
            return  # The run that follows reports the error.
        found.add(self._snapshot.scan())

    def _poll_at_limit(self) -> None:
        limit = self._snapshot.watcher.limit
        if limit is None:
            return
        self._snapshot.watcher.close()
        self._snapshot.watcher = Polling()
        self._view.notice(
            f"The system's limit {limit} is reached, so the packager looks for changes every second"
            f" instead. Raise the limit (`sudo sysctl {limit}=…`), or watch fewer files with"
            " --ignore."
        )

    def _run(self, *, retry: bool) -> None:
        cause = self._cause(retry)
        self._changed_since_run = self._is_requested = False
        self._saved_during_run = set()
        if not retry:
            self._is_built = self._work.build is None
        progress = self._view.started(cause)
        progress.meanwhile = self._stop_if_saved
        try:
            if not self._app.is_dir():
                raise PackageError(
                    f"The folder {self._app} does not exist any more.",
                    "It is deployed again when it is back.",
                )
            if self._work.build and not self._is_built:
                self._run_build(self._work.build, progress)
                self._is_built = True
            result = self._work.deploy(frozenset(self._pending), progress)
        except Exception as error:
            self._ignore_enter_of_the_run(retry)
            failure = explained(error)
            self._has_failed = True
            retry_in = self._schedule.failed(self._clock(), retries=failure.transient)
            self._view.failed(cause, failure, retry_in)
        else:
            self._ignore_enter_of_the_run(retry)
            self._pending = dict.fromkeys(sorted(self._saved_during_run))
            self._built.clear()
            self._has_failed = False
            self._schedule.succeeded()
            self._view.succeeded(cause, result)
        self._changed_since_run = bool(self._saved_during_run)
        if self._changed_since_run:
            self._schedule.changed(self._clock())

    def _ignore_enter_of_the_run(self, retry: bool) -> None:
        """Let Enter during a run request no other run, except during a retry.

        This must happen before the outcome is shown, which may ask for Enter.
        """
        if not retry:
            self._has_pressed_enter()

    def _stop_if_saved(self) -> None:
        """Raise SupersededError if files were saved since the run began."""
        events = self._snapshot.watcher.wait(0.0)
        self._note([path for path in events.paths if self._snapshot.concerns(path)])
        if not events.lost and not self._event_paths and not self._must_scan:
            return
        found = self._difference(everywhere=events.lost)
        self._work.outputs.changed_between_builds(found.contents)
        self._built -= found.contents
        self._saved_during_run |= found.contents
        if found.contents:
            raise SupersededError

    def _has_pressed_enter(self) -> bool:
        return self._enter is not None and self._enter.pressed()

    def _run_build(self, build: Callable[[], None], progress: Progress) -> None:
        failure = None
        with progress.stage("build", "Building", prints=True):
            try:
                build()
            except BuildError as error:
                failure = error
        saved = {*self._pending} - self._built
        # Events of the build's last writes may arrive later, so everything is examined.
        difference = self._difference(everywhere=True)
        self._saved_during_run = self._work.outputs.changed_by_build(difference)
        self._built |= difference.contents - self._saved_during_run - saved
        if failure:
            raise failure

    def _cause(self, retry: bool) -> Cause:
        changed = [path for path in self._pending if path not in self._built]
        first = next(iter(changed), None)
        shown = None if first is None else self._shown(first)
        return Cause(shown, max(0, len(changed) - 1), retry, self._is_requested)

    def _shown(self, path: str) -> str:
        return os.path.relpath(path, self._app)
