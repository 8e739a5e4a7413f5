"""Several functions in several regions: all of them go live, or none."""

from __future__ import annotations

import threading

import pytest

from packager.release.outcome import Release
from tests.faults.conftest import ALL
from tests.lambda_stub import HandlerError, Refusal
from tests.releases import Releases
from tests.service import ACCOUNT, REGION

OTHER_REGION = "us-east-1"
MANY = 200 if ALL else 20


def arn(name: str, region: str) -> str:
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"


@pytest.fixture
def fleet(releases: Releases) -> Releases:
    """Three functions in two regions, each with an alias that points to its version 1."""
    releases.stub.create_function("b")
    releases.stub.create_function("c", OTHER_REGION)
    releases.functions = ("hello", "b", arn("c", OTHER_REGION))
    ended = releases.release(alias="live")
    assert outcomes(ended) == ["deployed"] * 3
    return releases


def outcomes(release: Release) -> list[str]:
    return [deployment.outcome for deployment in release.deployments]


def live(fleet: Releases) -> list[str]:
    """Return the versions that the aliases point to."""
    places = ((REGION, "hello"), (REGION, "b"), (OTHER_REGION, "c"))
    return [fleet.stub.functions[place].aliases["live"].version for place in places]


def test_all_functions_are_released(fleet: Releases) -> None:
    """Each gets the same package, which is built once."""
    ended = fleet.changed().release(alias="live")
    assert outcomes(ended) == ["deployed"] * 3
    assert live(fleet) == ["2", "2", "2"]
    assert {one.package.sha256 for one in ended.deployments} == {ended.package.sha256}
    assert [one.region for one in ended.deployments] == [REGION, REGION, OTHER_REGION]


@pytest.mark.parametrize("step", ["UpdateFunctionCode", "PublishVersion", "InvokeFunction"])
def test_if_one_is_not_ready_no_alias_is_switched(fleet: Releases, step: str) -> None:
    """The error names the function that failed, and the others say that they were not released."""
    fleet.stub.refuse = lambda action, region, name: (
        Refusal(400, "InvalidParameterValueException", "no")
        if (action, name) == (step, "b")
        else None
    )
    error = fleet.changed().fails(alias="live", smoke_event="{}")
    assert outcomes(error.release) == ["not released", "failed", "not released"]
    assert live(fleet) == ["1", "1", "1"]
    assert "1 of 3 functions failed" in error.message
    assert f"b ({REGION})" in error.message


def test_if_one_fails_its_smoke_test_no_alias_is_switched(fleet: Releases) -> None:
    """The aliases of the two functions that responded stay where they were, too."""
    calls = iter(range(10))
    lock = threading.Lock()

    def handler(event: object, version: str) -> object:
        with lock:
            if next(calls) == 1:
                raise HandlerError("TypeError", "canary")
        return 1

    fleet.stub.handler = handler
    error = fleet.changed().fails(alias="live", smoke_event="{}")
    assert sorted(outcomes(error.release)) == ["failed", "not released", "not released"]
    assert live(fleet) == ["1", "1", "1"]
    assert "canary" not in error.message


def test_if_an_alias_cannot_be_moved_the_others_are_moved_back(fleet: Releases) -> None:
    """Their descriptions are restored, too."""
    fleet.stub.refuse = lambda action, region, name: (
        Refusal(403, "AccessDeniedException") if (action, name) == ("UpdateAlias", "c") else None
    )
    error = fleet.changed().fails(alias="live")
    assert outcomes(error.release) == ["moved back", "moved back", "failed"]
    assert live(fleet) == ["1", "1", "1"]
    assert fleet.history == ""


def test_an_alias_that_cannot_be_moved_back_is_named(fleet: Releases) -> None:
    """The error reports which versions are live."""
    moves: list[str] = []

    def refuse(action: str, region: str, name: str) -> Refusal | None:
        if action != "UpdateAlias":
            return None
        moves.append(name)
        return Refusal(403, "AccessDeniedException") if name == "c" or len(moves) > 2 else None

    fleet.stub.refuse = refuse
    error = fleet.changed().fails(alias="live")
    assert outcomes(error.release) == ["failed", "failed", "failed"]
    assert live(fleet) == ["2", "2", "1"]
    assert error.message.count("could not be moved back") == 2


def test_an_alias_that_was_created_stays_and_is_named(releases: Releases) -> None:
    """It has no previous version to go back to."""
    releases.stub.create_function("b")
    releases.functions = ("hello", "b")
    releases.stub.refuse = lambda action, region, name: (
        Refusal(403, "AccessDeniedException") if (action, name) == ("CreateAlias", "b") else None
    )
    error = releases.fails(alias="live")
    assert "live was created and points to version 1" in error.message
    assert releases.live == "1"


def test_without_aliases_the_summary_reports_each_function(fleet: Releases) -> None:
    """The summary says which were updated and which were not."""
    fleet.stub.refuse = lambda action, region, name: (
        Refusal(400, "InvalidParameterValueException")
        if (action, name) == ("UpdateFunctionCode", "b")
        else None
    )
    error = fleet.changed().fails()
    assert outcomes(error.release) == ["deployed", "failed", "deployed"]


def test_a_function_that_does_not_exist_stops_all_before_anything_is_sent(fleet: Releases) -> None:
    """A misspelt name must not leave half of the functions updated."""
    fleet.functions = ("hello", "missing")
    sent = fleet.stub.calls.count("UpdateFunctionCode")
    with pytest.raises(Exception, match="The function does not exist"):
        fleet.changed().release(alias="live")
    assert fleet.stub.calls.count("UpdateFunctionCode") == sent


def test_a_rolled_back_function_is_held_back_while_others_are_released(fleet: Releases) -> None:
    """Each alias has its own history."""
    fleet.changed().release(alias="live")
    fleet.functions = ("hello",)
    fleet.roll_back()
    fleet.functions = ("hello", "b")
    assert outcomes(fleet.release(alias="live")) == ["held back", "unchanged"]
    assert live(fleet)[:2] == ["1", "2"]


def test_updates_of_several_functions_run_side_by_side(fleet: Releases) -> None:
    """The service takes two seconds for each, and updates all three at the same time."""
    fleet.stub.update_seconds = 2
    fleet.changed().release()
    assert fleet.stub.updating_at_once == 3


def test_many_functions_are_released_though_aws_throttles(releases: Releases) -> None:
    """Lambda accepts 15 such requests a second. The numbers of threads and of lines are bounded."""
    names = [f"f{number}" for number in range(MANY)]
    for name in names:
        releases.stub.create_function(name)
    releases.functions = tuple(names)
    releases.stub.requests_per_second = 15
    before = most = len(threading.enumerate())

    def handler(event: object, version: str) -> object:
        nonlocal most
        most = max(most, len([one for one in threading.enumerate() if not _is_of_the_stub(one)]))
        return 1

    releases.stub.handler = handler
    ended = releases.release(alias="live", smoke_event="{}", timeout=20 * MANY)
    assert outcomes(ended) == ["deployed"] * MANY
    assert releases.stub.at_once <= 8
    assert most - before <= 8 + 1
    assert len(releases.notes.splitlines()) <= 8 * MANY


def _is_of_the_stub(thread: threading.Thread) -> bool:
    """Return whether a thread is one of the service that handles a request."""
    return "process_request_thread" in thread.name
