"""The watching itself: hears of changes, and builds and deploys when it is time to."""

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
from packager.watch.filter import Relevance
from packager.watch.notify import Watcher, new_watcher
from packager.watch.polling import Polling
from packager.watch.run import Cause, Result, SupersededError, View, Work
from packager.watch.schedule import Schedule
from packager.watch.snapshot import Difference, Tree

# So many places where something happened are kept; a program that creates and deletes files without
# end would fill the memory. Many fewer are looked at faster by one walk over everything.
_MOST_HEARD = 10_000

# How often a folder that is gone is looked for.
_SECONDS_TO_COME_BACK = 0.5


class EnterKey(Protocol):
    """The key by which a user asks for a run."""

    @property
    def file(self) -> int | None:
        """The file in which it can be waited for; None if nobody can press it now."""

    def pressed(self) -> bool:
        """Return whether it was pressed since the last time."""


@dataclass(frozen=True)
class Senses:
    """How a session notices changes, the Enter key and the time."""

    watcher: Callable[[], Watcher] = new_watcher
    enter: EnterKey | None = None
    clock: Callable[[], float] = time.monotonic


class Session(Generic[Result]):
    """An app that is watched, in one thread: what happens during a run is heard of after it.

    Only a handler that runs is stopped: what it does is of no use after another save.
    """

    def __init__(
        self,
        app: Path,
        *,
        relevance: Callable[[], Relevance],
        work: Work[Result],
        view: View[Result],
        quiet_time: float,
        senses: Senses,
    ) -> None:
        """Watch what `relevance` returns; it is called again whenever that may have changed.

        A run does `work` when nothing has changed for `quiet_time` seconds.
        """
        self._app = app
        self._relevance = relevance
        self._work = work
        self._view = view
        self._enter = senses.enter
        self._clock = senses.clock
        self._schedule = Schedule(quiet_time)
        self._tree = Tree(relevance(), senses.watcher())
        # Both are dicts for their order. Where something has happened that was not yet looked at:
        self._heard: dict[str, None] = {}
        self._has_forgotten = False  # Then everything has to be looked at.
        # What was found changed and is not yet deployed, some of it since the last run:
        self._pending: dict[str, None] = {}
        # Those of them that only a build has written: a user has not changed them.
        self._built: set[str] = set()
        self._has_news = False
        self._saved_meanwhile: set[str] = set()
        self._is_built = False
        self._has_failed = False
        self._is_asked = False

    def watch(self) -> NoReturn:
        """Deploy now and at each change; only an exception that is not an Exception ends it."""
        try:
            # Before the first run, for nothing to be missed that happens in its course.
            self._tree.scan()
            self._poll_at_limit()
            self._run(retry=False)
            while True:
                self._hear()
                self._act()
        finally:
            self._tree.watcher.close()

    def _hear(self) -> None:
        """Wait until something happens, or is due."""
        missing = self._tree.missing_roots()
        wake = self._enter.file if self._enter else None
        events = self._tree.watcher.wait(self._seconds_to_wait(bool(missing)), wake)
        if wake is not None:
            self._is_asked = self._has_pressed_enter()
        heard = [path for path in events.paths if self._tree.concerns(path)]
        self._note(heard)
        is_back = any(Path(root).is_dir() for root in missing)
        found = self._look(everywhere=True) if events.lost or is_back else False
        now = self._clock()
        if heard or found:
            self._schedule.changed(now)
        if heard and self._schedule.restless(now):
            self._view.notice(
                f"{self._shown(heard[-1])} keeps changing: it is deployed when it has come to rest."
                " Leave it out by --ignore if it is no source."
            )

    def _note(self, heard: list[str]) -> None:
        """Keep where something has happened, as long as it is not too much to be kept."""
        self._heard |= dict.fromkeys(heard)
        if len(self._heard) > _MOST_HEARD:
            self._heard = {}
            self._has_forgotten = True

    def _seconds_to_wait(self, missing: bool) -> float | None:
        left = self._schedule.seconds_left(self._clock())
        if missing:
            return _SECONDS_TO_COME_BACK if left is None else min(left, _SECONDS_TO_COME_BACK)
        return left

    def _act(self) -> None:
        """Run if it is time, and if there is anything to run for."""
        due = self._schedule.take(self._clock())
        if due == "change" or self._is_asked:
            self._look()
            if self._has_news or self._is_asked:
                self._run(retry=False)
            elif self._has_failed and self._is_built:
                # What has happened is no change of a file, and may be what the package needed: a
                # folder that a link leads to, or a file saved again as it was.
                self._run(retry=True)
        elif due == "retry":
            self._run(retry=True)

    def _look(self, *, everywhere: bool = False) -> bool:
        """Find out what has happened, and return whether any contents have changed."""
        found = self._difference(everywhere=everywhere)
        self._work.outputs.changed_between_builds(found.contents)
        self._built -= found.contents
        return bool(found.contents)

    def _difference(self, *, everywhere: bool) -> Difference:
        heard, self._heard = self._heard, {}
        everywhere, self._has_forgotten = everywhere or self._has_forgotten, False
        found = self._tree.scan(heard) if everywhere else self._tree.refresh(heard)
        if any(map(self._tree.relevance.is_named, found.contents)):
            self._renew_relevance(found)
        self._poll_at_limit()
        self._pending |= dict.fromkeys(path for path in heard if path in found.contents)
        self._pending |= dict.fromkeys(sorted(found.contents))
        self._has_news = self._has_news or bool(found.contents)
        return found

    def _renew_relevance(self, found: Difference) -> None:
        try:
            self._tree.relevance = self._relevance()
        except PackagerError:
            # The run that follows says so.
            return
        found.add(self._tree.scan())

    def _poll_at_limit(self) -> None:
        limit = self._tree.watcher.limit
        if limit is None:
            return
        self._tree.watcher.close()
        self._tree.watcher = Polling()
        self._view.notice(
            f"The system's limit {limit} is reached: changes are looked for every second instead."
            f" Raise it (`sudo sysctl {limit}=…`), or watch less by --ignore."
        )

    def _run(self, *, retry: bool) -> None:
        cause = self._cause(retry)
        self._has_news = self._is_asked = False
        self._saved_meanwhile = set()
        if not retry:
            self._is_built = self._work.build is None
        progress = self._view.started(cause)
        progress.meanwhile = self._stop_if_saved
        try:
            if not self._app.is_dir():
                raise PackageError(f"{self._app} is gone.", "It is deployed when it is back.")
            if self._work.build and not self._is_built:
                self._run_build(self._work.build, progress)
                self._is_built = True
            result = self._work.deploy(frozenset(self._pending), progress)
        except Exception as error:
            failure = explained(error)
            self._has_failed = True
            retry_in = self._schedule.failed(self._clock(), retries=failure.transient)
            self._view.failed(cause, failure, retry_in)
        else:
            self._pending = dict.fromkeys(sorted(self._saved_meanwhile))
            self._built.clear()
            self._has_failed = False
            self._schedule.succeeded()
            self._view.succeeded(cause, result)
        self._has_news = bool(self._saved_meanwhile)
        if self._has_news:
            self._schedule.changed(self._clock())
        if not retry:
            self._has_pressed_enter()  # In the course of the run, and so not for another one.

    def _stop_if_saved(self) -> None:
        """Raise SupersededError if files were saved since the run began."""
        events = self._tree.watcher.wait(0.0)
        self._note([path for path in events.paths if self._tree.concerns(path)])
        if not events.lost and not self._heard and not self._has_forgotten:
            return
        found = self._difference(everywhere=events.lost)
        self._work.outputs.changed_between_builds(found.contents)
        self._built -= found.contents
        self._saved_meanwhile |= found.contents
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
        # A look at everything, not at events: those of the build's last writes may yet come.
        difference = self._difference(everywhere=True)
        self._saved_meanwhile = self._work.outputs.changed_by_build(difference)
        self._built |= difference.contents - self._saved_meanwhile - saved
        if failure:
            raise failure

    def _cause(self, retry: bool) -> Cause:
        changed = [path for path in self._pending if path not in self._built]
        first = next(iter(changed), None)
        shown = None if first is None else self._shown(first)
        return Cause(shown, max(0, len(changed) - 1), retry, self._is_asked)

    def _shown(self, path: str) -> str:
        return os.path.relpath(path, self._app)
