"""Releases: versions, aliases, smoke tests, old versions, against a Lambda API over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from packager.config import settings as config_settings
from packager.config.inputs import Config
from packager.errors import DeployError, InputError, PackagerError
from packager.progress import Event, Note, Progress, Warning
from packager.release.deploy import deploy
from packager.release.function_release import Options
from packager.release.outcome import Deployment, Release, ReleaseError
from packager.release.target import in_aws
from tests import lambda_stub
from tests.lambda_stub import HandlerError, Refusal, Stub, StubFunction
from tests.service import REGION

CANARY = "canary of an error"


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A Lambda API."""
    with lambda_stub.running() as running:
        yield running


@dataclass
class Releases:
    """An app, and the way to release it by the library, as `packager deploy` does."""

    stub: Stub
    folder: Path
    functions: tuple[str, ...] = ("hello",)
    variables: dict[str, str] = field(default_factory=lambda: {"A": "1"})
    events: list[Event] = field(default_factory=list)

    def release(self, *, force: bool = False, timeout: float = 20, **settings: str) -> Release:
        """Release the app; settings by the end of their names, as `alias="live"`."""
        given = self.stub.settings(*self.functions) | {
            f"_LAMBDA_{name.upper()}": value for name, value in settings.items()
        }
        config = Config(config_settings.read(given), self.variables)
        private = self.folder / f"private{len(list(self.folder.iterdir()))}"
        private.mkdir()
        self.events.clear()
        progress = Progress(sink=self.events.append)
        with in_aws(config, timeout) as target:
            options = Options(force=force, timeout=timeout)
            return deploy(self.folder / "app", target, private, progress, options)

    def fails(self, **settings: Any) -> ReleaseError:
        """Release the app, which fails."""
        with pytest.raises(ReleaseError) as error:
            self.release(**settings)
        return error.value

    def one(self, **settings: Any) -> Deployment:
        """Release the app to its only function."""
        [deployment] = self.release(**settings).deployments
        return deployment

    @property
    def notes(self) -> str:
        """Return what was noted and warned of in the last release."""
        return "\n".join(event.text for event in self.events if isinstance(event, Note | Warning))

    @property
    def function(self) -> StubFunction:
        """Return the only function."""
        return self.stub.functions[REGION, "hello"]

    @property
    def live(self) -> str:
        """Return the version that the alias `live` points to."""
        return self.function.aliases["live"].version

    @property
    def history(self) -> str:
        """Return the description of the alias `live`."""
        return self.function.aliases["live"].description


@pytest.fixture
def app(stub: Stub, tmp_path: Path) -> Releases:
    """A small app, and a function for it."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "package.json").write_text("{}")
    (tmp_path / "app" / "index.js").write_text("exports.handler = async () => 1\n")
    stub.create_function("hello")
    return Releases(stub, tmp_path)


def changed(app: Releases) -> Releases:
    """Change the app's config, so that its package differs."""
    app.variables = {"A": str(int(app.variables["A"]) + 1)}
    return app


def test_the_first_release_creates_the_alias_and_names_it(app: Releases) -> None:
    """The version is code and config together; what the alias was before is recorded."""
    first = app.one(alias="live")
    assert (first.outcome, first.version, first.created) == ("deployed", "1", True)
    assert first.alias and first.alias.arn.endswith(":function:hello:live")
    second = changed(app).one(alias="live")
    assert (second.outcome, second.version, second.previous) == ("deployed", "2", "1")
    assert not second.created
    assert (app.live, app.history) == ("2", "packager history: 1")


def test_an_unchanged_app_makes_no_version(app: Releases) -> None:
    """Neither package nor configuration have changed: nothing is sent, and the alias stays."""
    app.one(alias="live")
    again = app.one(alias="live")
    assert (again.outcome, again.version) == ("unchanged", "1")
    assert list(app.function.versions) == ["1"]
    assert app.stub.calls.count("UpdateFunctionCode") == 1


def test_a_changed_configuration_reaches_the_alias_without_a_new_package(app: Releases) -> None:
    """The function's timeout was changed in AWS: the next release publishes it."""
    app.one(alias="live")
    app.function.configure(timeout=9)
    again = app.one(alias="live")
    assert (again.outcome, again.version) == ("deployed", "2")
    assert app.function.versions[app.live].timeout == 9
    assert app.stub.calls.count("UpdateFunctionCode") == 1


def test_an_alias_that_lags_behind_is_switched_without_sending(app: Releases) -> None:
    """A deploy without the alias has sent the package already."""
    app.one(alias="live")
    changed(app).one()
    assert app.live == "1"
    switched = app.one(alias="live")
    assert (switched.outcome, app.live) == ("deployed", "2")
    assert app.stub.calls.count("UpdateFunctionCode") == 2


def test_a_version_goes_live_once_it_is_active(app: Releases) -> None:
    """With SnapStart a version is Pending first."""
    app.stub.pending_seconds = 0.5
    app.one(alias="live")
    assert app.stub.calls[-1] == "CreateAlias"
    assert "GetFunctionConfiguration" in app.stub.calls[app.stub.calls.index("PublishVersion") :]


def test_a_version_that_never_gets_active_does_not_go_live(app: Releases) -> None:
    """The error says what the function has and where the alias points to."""
    app.one(alias="live")
    app.stub.pending_seconds = 60
    error = changed(app).fails(alias="live", timeout=1)
    assert "version 2 is still not ready" in error.message
    assert "the alias live still points to version 1" in error.message
    assert app.live == "1"


def test_another_deploy_between_update_and_publish_is_an_error(app: Releases) -> None:
    """CodeSha256 is a condition: nobody else's code is published as ours."""
    app.one(alias="live")

    def deploy_other(action: str, region: str, name: str) -> None:
        if action == "PublishVersion":
            app.function.latest.sha256 = "other"

    app.stub.refuse = deploy_other
    error = changed(app).fails(alias="live", timeout=3)
    assert "Somebody else has deployed meanwhile" in error.message
    assert app.live == "1"


def test_a_change_of_the_configuration_between_update_and_publish_is_published(
    app: Releases,
) -> None:
    """RevisionId is a condition: the function is read again, and published as it is now."""
    app.one(alias="live")
    times = iter([True])

    def configure(action: str, region: str, name: str) -> None:
        if action == "PublishVersion" and next(times, False):
            app.function.configure(timeout=7)

    app.stub.refuse = configure
    changed(app).one(alias="live")
    assert app.stub.calls.count("PublishVersion") == 3
    assert app.function.versions[app.live].timeout == 7


def test_a_version_that_answers_the_smoke_event_goes_live(app: Releases) -> None:
    """The version is invoked, not `$LATEST`, and it gets the event."""
    seen: list[object] = []

    def handler(event: object, version: str) -> object:
        seen.append((event, version))
        return {"ok": True}

    app.stub.handler = handler
    app.one(alias="live", smoke_event='{"check": 1}')
    assert seen == [({"check": 1}, "1")]
    assert app.live == "1"


@pytest.mark.parametrize("error_type", ["Runtime.ImportModuleError", "TypeError"])
def test_a_version_that_fails_the_smoke_event_does_not_go_live(
    app: Releases, error_type: str
) -> None:
    """The type of its error and the request are shown, and nothing of the error's text."""
    app.one(alias="live")

    def handler(event: object, version: str) -> object:
        raise HandlerError(error_type, CANARY)

    app.stub.handler = handler
    error = changed(app).fails(alias="live", smoke_event="{}")
    assert f"responded with the error {error_type} (request request-1)" in error.message
    assert CANARY not in error.message + error.hint + app.notes
    assert app.live == "1"


def test_what_is_not_an_error_type_is_not_shown(app: Releases) -> None:
    """A handler can put anything where the type of its error should be."""

    def handler(event: object, version: str) -> object:
        raise HandlerError(f"{CANARY} {{}}", "")

    app.stub.handler = handler
    error = app.fails(alias="live", smoke_event="{}")
    assert CANARY not in error.message + error.hint
    assert "there is no alias live yet" in error.message


def test_without_an_alias_the_smoke_test_follows_the_update(app: Releases) -> None:
    """It fails the deploy, and the error says that the function runs the new package."""

    def handler(event: object, version: str) -> object:
        assert version == "$LATEST"
        raise HandlerError("TypeError", CANARY)

    app.stub.handler = handler
    error = app.fails(smoke_event="{}")
    assert "The function runs the new package" in error.message
    assert app.stub.calls.count("InvokeFunction") == 1


def test_the_smoke_event_is_sent_once(app: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that does not respond in time is not invoked again."""
    monkeypatch.setattr("packager.release.publish._SECONDS_MORE", -2.5)  # of the function's 3 s

    def handler(event: object, version: str) -> object:
        time.sleep(1.5)
        return 1

    app.stub.handler = handler
    error = app.fails(alias="live", smoke_event="{}")
    assert "version 1 did not respond" in error.message
    assert app.stub.calls.count("InvokeFunction") == 1
    assert app.function.aliases == {}


def test_a_smoke_event_can_be_a_file(app: Releases) -> None:
    """@FILE is relative to the app's folder; a missing one is wrong input, and nothing is sent."""
    (app.folder / "app" / "smoke.json").write_text('{"from": "file"}')
    seen: list[object] = []

    def handler(event: object, version: str) -> object:
        seen.append(event)
        return 1

    app.stub.handler = handler
    app.one(smoke_event="@smoke.json")
    assert seen == [{"from": "file"}]
    with pytest.raises(InputError, match="event cannot be read"):
        app.release(smoke_event="@missing.json")


def test_weights_that_aws_sets_for_a_while_are_waited_for(app: Releases) -> None:
    """An alias with provisioned concurrency shares its traffic after each switch."""
    app.one(alias="live")
    app.stub.weights_seconds = 0.5
    changed(app).one(alias="live")
    assert app.function.aliases["live"].weights
    changed(app).one(alias="live")
    assert app.live == "3"


def test_the_weights_of_a_canary_are_left_alone(app: Releases) -> None:
    """The switch is refused, unless --force is given."""
    app.one(alias="live")
    app.function.aliases["live"].weights = {"7": 0.1}
    error = changed(app).fails(alias="live", timeout=1)
    assert "10% to version 7" in error.message
    assert app.live == "1"
    changed(app).one(alias="live", force=True)
    assert app.live == "3"
    assert app.function.aliases["live"].weights == {}


def test_a_users_description_of_the_alias_is_kept(app: Releases) -> None:
    """The history stands behind it."""
    app.one(alias="live")
    app.function.aliases["live"].description = "What customers call"
    changed(app).one(alias="live")
    assert app.history == "What customers call packager history: 1"


def test_an_alias_that_somebody_else_moves_is_an_error_that_says_where_it_points(
    app: Releases,
) -> None:
    """Two deploys at once: the one that comes second does not undo the first."""
    app.one(alias="live")

    def move(action: str, region: str, name: str) -> None:
        if action == "UpdateAlias" and app.live == "1":
            app.function.versions["9"] = app.function.versions["1"]
            app.function.aliases["live"].version = "9"
            app.function.aliases["live"].revision = "another"

    app.stub.refuse = move
    error = changed(app).fails(alias="live")
    assert "it points to version 9" in error.message
    assert app.live == "9"


def test_old_versions_are_deleted_but_for_those_that_somebody_needs(app: Releases) -> None:
    """With keep_versions; a foreign version stays, and so does what a rollback would go to."""
    app.stub.page = 2
    for _ in range(3):
        changed(app).one(alias="live")
    app.function.versions["2"].description = "By hand"
    app.function.aliases["other"] = lambda_stub.Alias("1")
    for _ in range(3):
        changed(app).one(alias="live")
    last = changed(app).one(alias="live", keep_versions="1")
    assert last.deleted == ("3", "4", "5")
    assert list(app.function.versions) == ["1", "2", "6", "7"]
    assert (app.live, app.history) == ("7", "packager history: 6 5 4 3 2 1")


def test_a_version_that_cannot_be_deleted_is_a_warning(app: Releases) -> None:
    """The release has succeeded all the same."""
    app.one(alias="live")
    app.stub.refuse = lambda action, *_: (
        Refusal(403, "AccessDeniedException") if action == "ListAliases" else None
    )
    assert changed(app).one(alias="live", keep_versions="1").outcome == "deployed"
    assert "Old versions were not deleted" in app.notes


def test_the_kms_key_goes_with_every_update(app: Releases) -> None:
    """Without it, Lambda would encrypt the next package with its own key again."""
    key = f"arn:aws:kms:{REGION}:123456789012:key/1234"
    app.one(kms_key_arn=key)
    assert app.function.latest.kms_key == key


def test_an_update_that_takes_time_is_waited_for_before_the_version_is_published(
    app: Releases,
) -> None:
    """PublishVersion is refused while an update is in progress."""
    app.stub.update_seconds = 0.4
    assert app.one(alias="live").version == "1"
    assert app.stub.calls.count("PublishVersion") == 1


def test_every_request_that_may_be_throttled_is_waited_out(app: Releases) -> None:
    """AWS takes five requests a second; the release takes its time."""
    app.stub.requests_per_second = 5
    app.one(alias="live", smoke_event="{}")
    changed(app).one(alias="live", smoke_event="{}")
    assert app.live == "2"


Step = Callable[[Releases], object]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("GetAlias", ""),
        ("PublishVersion", "the alias live still points to version 1"),
        ("InvokeFunction", "the alias live still points to version 1"),
        ("UpdateAlias", "UpdateAlias"),
    ],
)
def test_a_denied_step_is_an_error_and_the_alias_stays(
    app: Releases, step: str, expected: str
) -> None:
    """The error names the missing action."""
    app.one(alias="live", smoke_event="{}")
    app.stub.refuse = lambda action, *_: (
        Refusal(403, "AccessDeniedException") if action == step else None
    )
    with pytest.raises(DeployError) as error:
        changed(app).release(alias="live", smoke_event="{}")
    assert f"lambda:{step}" in error.value.message + error.value.hint
    assert expected in error.value.message
    assert app.live == "1"
    sent = app.stub.calls.count("UpdateFunctionCode")
    assert sent == (1 if step == "GetAlias" else 2)


def test_an_error_of_the_library_is_one_of_ours(app: Releases) -> None:
    """A function that does not exist is an error before anything is sent."""
    app.functions = ("missing",)
    with pytest.raises(PackagerError, match="no such function"):
        app.release(alias="live")
