"""A session of watch: how events, builds, deploys and Enter follow each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from packager.apps.ignore import Ignored
from packager.errors import DeployError, PackageError, PackagerError, SettingsError
from packager.progress import Progress
from packager.watch.build import BuildError
from packager.watch.build_products import Outputs
from packager.watch.filter import Filter
from packager.watch.notify import Events
from packager.watch.run import Cause, SupersededError, Work
from packager.watch.session import Inputs, Session

QUIET = 0.2
NEVER = float("inf")


class EndOfStoryError(BaseException):
    """Nothing is left to happen."""


@dataclass
class Story:
    """A scripted session: it acts as the clock, the watcher and the view, and records the rest.

    Each of its `happenings` edits files and returns the paths that the system reports. It comes
    some seconds after the one before, or when the session has nothing left to do.
    """

    app: Path
    happenings: list[tuple[float, Callable[[], list[str]]]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    deployed: list[set[str]] = field(default_factory=list)
    builds: int = 0
    build_failure: BuildError | None = None
    products: list[str] = field(default_factory=list)
    now: float = 0.0
    closed: bool = False
    limit: str | None = None
    file: int | None = 0
    enter: bool = False
    saved_while_the_handler_runs: list[str] = field(default_factory=list)

    def watch(self, folder: str, *, deep: bool) -> None: ...

    def unwatch(self, folder: str) -> None: ...

    def wait(self, seconds: float | None, wake: int | None = None) -> Events:
        after, happening = self.happenings[0] if self.happenings else (NEVER, None)
        if happening and (seconds is None or after < seconds):
            del self.happenings[0]
            self.now += 0.0 if after == NEVER else max(0.0, after)
            return Events(tuple(happening()))
        if seconds is None:
            raise EndOfStoryError
        self.now += seconds
        return Events()

    def close(self) -> None:
        self.closed = True

    def started(self, cause: Cause) -> Progress:
        more = f" +{cause.more}" if cause.more else ""
        kind = "asked" if cause.requested else "retry" if cause.retry else "run"
        self.shown.append(f"{kind} {cause.path}{more}")
        return Progress()

    def succeeded(self, cause: Cause, result: str) -> None:
        self.shown.append(result)

    def failed(self, cause: Cause, error: PackagerError, retry_in: float | None) -> None:
        self.shown.append(f"{error.message} {retry_in}")

    def notice(self, text: str) -> None:
        self.shown.append(text)

    def build(self) -> None:
        self.builds += 1
        for name in self.products:
            (self.app / name).write_text(f"{self.builds}")
        if self.build_failure:
            raise self.build_failure

    def deploy(self, changed: frozenset[str], progress: Progress) -> str:
        self.deployed.append({Path(path).name for path in changed})
        if self.failures:
            raise self.failures.pop(0)
        if self.saved_while_the_handler_runs:
            name = self.saved_while_the_handler_runs.pop(0)
            self.happenings.insert(0, self.save(name, after=-1.0) if name else (-1.0, list))
            try:
                progress.meanwhile()
            except SupersededError:
                return "stopped"
        return "deployed"

    def pressed(self) -> bool:
        pressed, self.enter = self.enter, False
        return pressed

    def press_enter(self, after: float = NEVER) -> tuple[float, Callable[[], list[str]]]:
        """Let the user press Enter."""

        def happening() -> list[str]:
            self.enter = True
            return []

        return after, happening

    def save(self, *names: str, after: float = NEVER) -> tuple[float, Callable[[], list[str]]]:
        """Let the user save files with new contents."""

        def happening() -> list[str]:
            for name in names:
                (self.app / name).write_text(f"{self.now} {len(self.happenings)}")
            return [str(self.app / name) for name in names]

        return after, happening

    def play(self) -> None:
        """Run a session until nothing is left to happen."""
        session = Session(
            self.app,
            read_filter=lambda: Filter(str(self.app), unpackaged=Ignored()),
            work=Work(self.deploy, Outputs(), self.build),
            view=self,
            quiet_time=QUIET,
            inputs=Inputs(lambda: self, self, lambda: self.now),
        )
        with pytest.raises(EndOfStoryError):
            session.watch()
        assert self.closed


@pytest.fixture
def story(tmp_path: Path) -> Story:
    (tmp_path / "a.js").touch()
    return Story(tmp_path)


def test_watch_deploys_at_once_and_at_each_change(story: Story) -> None:
    story.happenings = [story.save("a.js"), story.save("b.js", "c.js")]
    story.play()
    assert story.shown == [
        *("run None", "deployed"),
        *("run a.js", "deployed"),
        *("run b.js +1", "deployed"),
    ]
    assert story.deployed == [set(), {"a.js"}, {"b.js", "c.js"}]


def test_files_that_come_and_go_forever_do_not_fill_the_memory(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session keeps a bounded number of paths; a file saved among them is deployed."""
    kept: list[int] = []
    note = Session._note

    def noting(session: Session[str], heard: list[str]) -> None:
        note(session, heard)
        kept.append(len(session._event_paths))

    monkeypatch.setattr(Session, "_note", noting)
    storm = [
        (
            0.1,
            lambda start=start: [f"{story.app}/{n}.tmp.js" for n in range(start, start + 900)],
        )
        for start in range(0, 27_000, 900)
    ]
    story.happenings = [*storm[:15], story.save("a.js", after=0.1), *storm[15:]]
    story.play()
    assert story.deployed == [set(), {"a.js"}]
    assert max(kept) <= 10_000


def test_the_file_of_the_first_event_is_the_cause(story: Story) -> None:
    story.happenings = [story.save("z.js", "a.js")]
    story.play()
    assert story.shown[2] == "run z.js +1"


def test_a_change_that_could_not_be_deployed_is_deployed_with_the_next_one(story: Story) -> None:
    story.happenings = [story.save("a.js", after=0.5), story.save("b.js", after=0.5)]
    story.failures = [PackageError("first"), PackageError("second")]
    story.play()
    assert story.shown == [
        *("run None", "first 1.0"),
        *("run a.js", "second 2.0"),
        *("run a.js +1", "deployed"),
    ]
    assert story.deployed[-1] == {"a.js", "b.js"}


def test_a_failed_deploy_is_retried_without_a_build_whatever_the_error_was(story: Story) -> None:
    """The user may fix the cause in a place that is not watched."""
    story.failures = [DeployError("throttled"), SettingsError("no credentials"), PackageError("no")]
    story.play()
    assert story.shown == [
        *("run None", "throttled 1.0"),
        *("retry None", "no credentials 2.0"),
        *("retry None", "no 4.0"),
        *("retry None", "deployed"),
    ]
    assert story.builds == 1
    assert story.now == 7.0


def test_an_event_without_a_changed_file_retries_a_failed_deploy_at_once(story: Story) -> None:
    """For example, the user creates the folder that a link of the app leads to."""

    def make_folder() -> list[str]:
        (story.app / "folder").mkdir()
        return [str(story.app / "folder")]

    story.failures = [PackageError("The symbolic link x is broken.")]
    story.happenings = [(0.1, make_folder), (NEVER, lambda: [str(story.app / "folder")])]
    story.play()
    assert story.shown == [
        *("run None", "The symbolic link x is broken. 1.0"),
        *("retry None", "deployed"),
    ]
    assert story.now < 1.0


def test_enter_retries_a_failed_deploy_at_once(story: Story) -> None:
    story.failures = [DeployError("throttled")]
    story.happenings = [story.press_enter(after=0.1)]
    story.play()
    assert story.shown == ["run None", "throttled 1.0", "asked None", "deployed"]
    assert story.now == pytest.approx(0.1)


def test_enter_repeats_a_failed_build(story: Story) -> None:
    story.build_failure = BuildError("syntax error")
    story.happenings = [story.press_enter()]
    story.play()
    assert story.shown == ["run None", "syntax error None", "asked None", "syntax error None"]
    assert story.builds == 2


def test_enter_during_a_run_is_ignored(story: Story) -> None:
    story.enter = True
    story.play()
    assert story.shown == ["run None", "deployed"]


def test_in_the_background_enter_is_not_read(story: Story) -> None:
    """The system stops a background process that reads from the terminal."""
    story.file = None
    story.happenings = [story.press_enter(), story.save("a.js")]
    story.play()
    assert story.shown == ["run None", "deployed", "run a.js", "deployed"]


def test_a_save_while_the_handler_runs_stops_it_and_starts_over(story: Story) -> None:
    story.saved_while_the_handler_runs = ["a.js", "b.js"]
    story.play()
    assert story.shown == [
        *("run None", "stopped"),
        *("run a.js", "stopped"),
        *("run b.js", "deployed"),
    ]
    assert story.deployed == [set(), {"a.js"}, {"b.js"}]


def test_a_handler_runs_on_if_nothing_was_saved(story: Story) -> None:
    story.saved_while_the_handler_runs = [""]
    story.play()
    assert story.shown == ["run None", "deployed"]


def test_products_of_a_build_are_deployed_and_not_counted_as_changed(story: Story) -> None:
    """A user sees how many files they have changed themselves."""
    story.products = ["bundle.js", "bundle.js.map"]
    story.failures = [PackageError("first"), PackageError("second"), PackageError("third")]
    saves = ["a.js", "a.js", "b.js"]
    story.happenings = [story.save(name, after=0.5) for name in saves]
    story.play()
    runs = [line for line in story.shown if line.startswith("run")]
    assert runs[0] == "run None"
    assert runs[-2:] == ["run a.js", "run a.js +1"]
    assert {"bundle.js", "bundle.js.map", "a.js", "b.js"} <= story.deployed[-1]


def test_a_failed_build_is_not_deployed_and_waits_for_a_change(story: Story) -> None:
    story.build_failure = BuildError("syntax error")
    story.play()
    assert story.shown == ["run None", "syntax error None"]
    assert story.deployed == []


def test_an_error_of_the_system_is_shown_with_its_path(story: Story) -> None:
    story.failures = [OSError(28, "No space left on device", "/tmp/folder/package.zip")]
    story.play()
    assert story.shown[1] == "/tmp/folder/package.zip: No space left on device. 1.0"
    assert story.shown[-1] == "deployed"


def test_a_defect_does_not_end_watch_and_shows_its_place_without_its_text(story: Story) -> None:
    story.failures = [ValueError("a secret")]
    story.play()
    assert story.shown[1].startswith("Unexpected ValueError at test_watch_session.py:")
    assert "secret" not in story.shown[1]
    assert story.shown[-1] == "deployed"


def test_a_file_that_keeps_changing_is_named_once_and_deployed_when_it_stops(story: Story) -> None:
    story.happenings = [story.save("log.txt", after=0.15) for _ in range(200)]
    story.happenings[0] = story.save("log.txt")
    story.play()
    started, deployed, notice, *rest = story.shown
    assert (started, deployed) == ("run None", "deployed")
    assert notice.startswith("log.txt keeps changing")
    assert rest == ["run log.txt", "deployed"]
