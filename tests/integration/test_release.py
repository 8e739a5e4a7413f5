"""Releases: versions, aliases, smoke tests, old versions, against a Lambda API over HTTP."""

from __future__ import annotations

import time

import pytest

from packager.errors import DeployError, InputError, PackagerError
from tests import lambda_stub
from tests.lambda_stub import HandlerError, Refusal
from tests.releases import Releases
from tests.service import REGION

CANARY = "canary of an error"


def test_the_first_release_creates_the_alias_and_names_it(releases: Releases) -> None:
    """A version has code and config; the alias's description records the previous version."""
    first = releases.one(alias="live")
    assert (first.outcome, first.version, first.created) == ("deployed", "1", True)
    assert first.alias and first.alias.arn.endswith(":function:hello:live")
    second = releases.changed().one(alias="live")
    assert (second.outcome, second.version, second.previous) == ("deployed", "2", "1")
    assert not second.created
    assert (releases.live, releases.history) == ("2", "packager history: 1")


def test_an_unchanged_app_makes_no_version(releases: Releases) -> None:
    """Package and configuration are the same, so nothing is sent and the alias stays."""
    releases.one(alias="live")
    again = releases.one(alias="live")
    assert (again.outcome, again.version) == ("unchanged", "1")
    assert list(releases.function.versions) == ["1"]
    assert releases.stub.calls.count("UpdateFunctionCode") == 1


def test_a_changed_configuration_reaches_the_alias_without_a_new_package(
    releases: Releases,
) -> None:
    """The function's timeout was changed in AWS: the next release publishes it."""
    releases.one(alias="live")
    releases.function.configure(timeout=9)
    again = releases.one(alias="live")
    assert (again.outcome, again.version) == ("deployed", "2")
    assert releases.function.versions[releases.live].timeout == 9
    assert releases.stub.calls.count("UpdateFunctionCode") == 1


def test_an_alias_that_lags_behind_is_switched_without_sending(releases: Releases) -> None:
    """A deploy without the alias has sent the package already."""
    releases.one(alias="live")
    releases.changed().one()
    assert releases.live == "1"
    switched = releases.one(alias="live")
    assert (switched.outcome, releases.live) == ("deployed", "2")
    assert releases.stub.calls.count("UpdateFunctionCode") == 2


def test_a_version_goes_live_once_it_is_active(releases: Releases) -> None:
    """With SnapStart a version is Pending first."""
    releases.stub.pending_seconds = 0.5
    releases.one(alias="live")
    assert releases.stub.calls[-1] == "CreateAlias"
    assert (
        "GetFunctionConfiguration"
        in releases.stub.calls[releases.stub.calls.index("PublishVersion") :]
    )


def test_a_version_that_never_becomes_active_does_not_go_live(releases: Releases) -> None:
    """The error reports the function's package and the version that the alias points to."""
    releases.one(alias="live")
    releases.stub.pending_seconds = 60
    error = releases.changed().fails(alias="live", timeout=1)
    assert "version 2 is still not ready" in error.message
    assert "the alias live still points to version 1" in error.message
    assert releases.live == "1"


def test_another_deploy_between_update_and_publish_is_an_error(releases: Releases) -> None:
    """CodeSha256 is a condition, so another deploy's code is never published as ours."""
    releases.one(alias="live")

    def deploy_other(action: str, region: str, name: str) -> None:
        if action == "PublishVersion":
            releases.function.latest.sha256 = "other"

    releases.stub.refuse = deploy_other
    error = releases.changed().fails(alias="live", timeout=3)
    assert "Somebody else has deployed in the meantime" in error.message
    assert releases.live == "1"


def test_a_change_of_the_configuration_between_update_and_publish_is_published(
    releases: Releases,
) -> None:
    """RevisionId is a condition; the function is read again, then published as it is now."""
    releases.one(alias="live")
    times = iter([True])

    def configure(action: str, region: str, name: str) -> None:
        if action == "PublishVersion" and next(times, False):
            releases.function.configure(timeout=7)

    releases.stub.refuse = configure
    releases.changed().one(alias="live")
    assert releases.stub.calls.count("PublishVersion") == 3
    assert releases.function.versions[releases.live].timeout == 7


def test_a_version_that_responds_to_the_smoke_event_goes_live(releases: Releases) -> None:
    """The version receives the event, not `$LATEST`."""
    seen: list[object] = []

    def handler(event: object, version: str) -> object:
        seen.append((event, version))
        return {"ok": True}

    releases.stub.handler = handler
    releases.one(alias="live", smoke_event='{"check": 1}')
    assert seen == [({"check": 1}, "1")]
    assert releases.live == "1"


@pytest.mark.parametrize("error_type", ["Runtime.ImportModuleError", "TypeError"])
def test_a_version_that_fails_the_smoke_event_does_not_go_live(
    releases: Releases, error_type: str
) -> None:
    """The error's type and the request's id are shown, but no part of the error's text."""
    releases.one(alias="live")

    def handler(event: object, version: str) -> object:
        raise HandlerError(error_type, CANARY)

    releases.stub.handler = handler
    error = releases.changed().fails(alias="live", smoke_event="{}")
    assert f"responded with the error {error_type} (request request-1)" in error.message
    assert CANARY not in error.message + error.hint + releases.notes
    assert releases.live == "1"


def test_a_malformed_error_type_is_not_shown(releases: Releases) -> None:
    """A handler can put anything where the type of its error should be."""

    def handler(event: object, version: str) -> object:
        raise HandlerError(f"{CANARY} {{}}", "")

    releases.stub.handler = handler
    error = releases.fails(alias="live", smoke_event="{}")
    assert CANARY not in error.message + error.hint
    assert "the alias live does not exist yet" in error.message


def test_without_an_alias_the_smoke_test_follows_the_update(releases: Releases) -> None:
    """It fails the deploy, and the error says that the function runs the new package."""

    def handler(event: object, version: str) -> object:
        assert version == "$LATEST"
        raise HandlerError("TypeError", CANARY)

    releases.stub.handler = handler
    error = releases.fails(smoke_event="{}")
    assert "The function runs the new package" in error.message
    assert releases.stub.calls.count("InvokeFunction") == 1


def test_the_smoke_event_is_sent_once(releases: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that does not respond in time is not invoked again."""
    monkeypatch.setattr("packager.release.publish._SECONDS_MORE", -2.5)  # of the function's 3 s

    def handler(event: object, version: str) -> object:
        time.sleep(1.5)
        return 1

    releases.stub.handler = handler
    error = releases.fails(alias="live", smoke_event="{}")
    assert "version 1 did not respond" in error.message
    assert releases.stub.calls.count("InvokeFunction") == 1
    assert releases.function.aliases == {}


def test_a_smoke_event_can_be_a_file(releases: Releases) -> None:
    """@FILE is relative to the app's folder; a missing one is wrong input, and nothing is sent."""
    (releases.folder / "app" / "smoke.json").write_text('{"from": "file"}')
    seen: list[object] = []

    def handler(event: object, version: str) -> object:
        seen.append(event)
        return 1

    releases.stub.handler = handler
    releases.one(smoke_event="@smoke.json")
    assert seen == [{"from": "file"}]
    with pytest.raises(InputError, match="event cannot be read"):
        releases.release(smoke_event="@missing.json")


def test_a_release_waits_while_aws_shares_the_aliass_traffic(releases: Releases) -> None:
    """AWS does so after each switch of an alias with provisioned concurrency."""
    releases.one(alias="live")
    releases.stub.weights_seconds = 0.5
    releases.changed().one(alias="live")
    assert releases.function.aliases["live"].weights
    releases.changed().one(alias="live")
    assert releases.live == "3"


def test_the_weights_of_a_canary_stay_as_they_are(releases: Releases) -> None:
    """The switch is refused, unless --force is given."""
    releases.one(alias="live")
    releases.function.aliases["live"].weights = {"7": 0.1}
    error = releases.changed().fails(alias="live", timeout=1)
    assert "10% to version 7" in error.message
    assert releases.live == "1"
    releases.changed().one(alias="live", force=True)
    assert releases.live == "3"
    assert releases.function.aliases["live"].weights == {}


def test_a_users_description_of_the_alias_is_kept(releases: Releases) -> None:
    """The history follows it."""
    releases.one(alias="live")
    releases.function.aliases["live"].description = "What customers call"
    releases.changed().one(alias="live")
    assert releases.history == "What customers call packager history: 1"


def test_an_alias_that_somebody_else_moves_is_an_error_that_says_where_it_points(
    releases: Releases,
) -> None:
    """Of two deploys at the same time, the second does not undo the first."""
    releases.one(alias="live")

    def move(action: str, region: str, name: str) -> None:
        if action == "UpdateAlias" and releases.live == "1":
            releases.function.versions["9"] = releases.function.versions["1"]
            releases.function.aliases["live"].version = "9"
            releases.function.aliases["live"].revision = "another"

    releases.stub.refuse = move
    error = releases.changed().fails(alias="live")
    assert "it points to version 9" in error.message
    assert releases.live == "9"


def test_old_versions_are_deleted_except_those_that_are_needed(releases: Releases) -> None:
    """keep_versions keeps foreign versions and the target of the next rollback."""
    releases.stub.page = 2
    for _ in range(3):
        releases.changed().one(alias="live")
    releases.function.versions["2"].description = "By hand"
    releases.function.aliases["other"] = lambda_stub.Alias("1")
    for _ in range(3):
        releases.changed().one(alias="live")
    last = releases.changed().one(alias="live", keep_versions="1")
    assert last.deleted == ("3", "4", "5")
    assert list(releases.function.versions) == ["1", "2", "6", "7"]
    assert (releases.live, releases.history) == ("7", "packager history: 6 5 4 3 2 1")


def test_a_version_that_cannot_be_deleted_is_a_warning(releases: Releases) -> None:
    """The release still succeeds."""
    releases.one(alias="live")
    releases.stub.refuse = lambda action, *_: (
        Refusal(403, "AccessDeniedException") if action == "ListAliases" else None
    )
    assert releases.changed().one(alias="live", keep_versions="1").outcome == "deployed"
    assert "Old versions may be left" in releases.notes


def test_every_update_names_the_kms_key(releases: Releases) -> None:
    """Without it, Lambda would encrypt the next package with its own key again."""
    key = f"arn:aws:kms:{REGION}:123456789012:key/1234"
    releases.one(kms_key_arn=key)
    assert releases.function.latest.kms_key == key


def test_an_update_that_takes_time_is_waited_for_before_the_version_is_published(
    releases: Releases,
) -> None:
    """PublishVersion is refused while an update is in progress."""
    releases.stub.update_seconds = 0.4
    assert releases.one(alias="live").version == "1"
    assert releases.stub.calls.count("PublishVersion") == 1


def test_a_release_succeeds_though_every_request_is_throttled(releases: Releases) -> None:
    """AWS accepts five requests a second, and the release waits."""
    releases.stub.requests_per_second = 5
    releases.one(alias="live", smoke_event="{}")
    releases.changed().one(alias="live", smoke_event="{}")
    assert releases.live == "2"


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
    releases: Releases, step: str, expected: str
) -> None:
    """The error names the missing action."""
    releases.one(alias="live", smoke_event="{}")
    releases.stub.refuse = lambda action, *_: (
        Refusal(403, "AccessDeniedException") if action == step else None
    )
    with pytest.raises(DeployError) as error:
        releases.changed().release(alias="live", smoke_event="{}")
    assert f"lambda:{step}" in error.value.message + error.value.hint
    assert expected in error.value.message
    assert releases.live == "1"
    sent = releases.stub.calls.count("UpdateFunctionCode")
    assert sent == (1 if step == "GetAlias" else 2)


def test_an_error_of_boto3_is_an_error_of_the_packager(releases: Releases) -> None:
    """A function that does not exist is an error before anything is sent."""
    releases.functions = ("missing",)
    with pytest.raises(PackagerError, match="The function does not exist"):
        releases.release(alias="live")
