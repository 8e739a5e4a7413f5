"""Rollbacks: what is live after them, and after the deploys that follow."""

from __future__ import annotations

import pytest

from packager.errors import DeployError
from tests.lambda_stub import Alias
from tests.releases import Releases


@pytest.fixture
def released(releases: Releases) -> Releases:
    """Three releases: the alias `live` points to version 3."""
    releases.one(alias="live")
    releases.changed().one(alias="live")
    releases.changed().one(alias="live")
    return releases


def test_a_rollback_goes_back_one_version_and_a_second_one_two(released: Releases) -> None:
    """The description records what was rolled back."""
    done = released.roll_back()
    assert (done.before, done.alias.version) == ("3", "2")
    assert (released.live, released.history) == ("2", "packager history: !3 1")
    released.roll_back()
    assert (released.live, released.history) == ("1", "packager history: !2 !3")
    with pytest.raises(DeployError, match="Nothing is recorded"):
        released.roll_back()
    assert released.live == "1"


def test_a_nightly_deploy_of_the_same_package_does_not_undo_a_rollback(released: Releases) -> None:
    """It reports this, publishes nothing and exits with 0; --force deploys anyway."""
    released.roll_back()
    nightly = released.one(alias="live")
    assert (nightly.outcome, nightly.version) == ("held back", "3")
    assert "version 3 is this package, and was rolled back" in released.notes
    assert released.live == "2"
    assert "4" not in released.function.versions
    forced = released.one(alias="live", force=True)
    assert (forced.outcome, released.live) == ("deployed", "4")
    assert released.history == "packager history: 2 1"


def test_a_changed_configuration_does_not_bring_a_rolled_back_package_back(
    released: Releases,
) -> None:
    """A nightly deploy would publish it under a new number, so its hash decides."""
    released.roll_back()
    released.function.configure(timeout=9)
    assert released.one(alias="live").outcome == "held back"
    assert released.live == "2"


def test_a_config_change_after_a_rollback_goes_live(released: Releases) -> None:
    """The package differs, and the mark of the rolled back version is removed."""
    released.roll_back()
    assert released.changed().one(alias="live").outcome == "deployed"
    assert (released.live, released.history) == ("4", "packager history: 2 1")


def test_a_rolled_back_version_is_not_deleted_while_it_is_marked(released: Releases) -> None:
    """Otherwise the next nightly deploy would bring its package back."""
    released.roll_back()
    released.variables = {"A": "other"}
    released.one(alias="other", keep_versions="1")
    assert "3" in released.function.versions
    released.variables = {"A": "3"}
    assert released.one(alias="live").outcome == "held back"


def test_each_of_two_aliases_goes_back_to_its_own_previous_version(releases: Releases) -> None:
    """The next lower number would be wrong for both."""
    for alias in ("live", "beta", "live", "beta"):
        releases.changed().one(alias=alias)
    assert releases.roll_back(alias="live").alias.version == "1"
    assert releases.roll_back(alias="beta").alias.version == "2"
    assert releases.history == "packager history: !3"


def test_a_rollback_to_a_version_also_marks_the_versions_between(released: Releases) -> None:
    """A second rollback does not go to version 2."""
    released.roll_back("1")
    assert (released.live, released.history) == ("1", "packager history: !3 !2")


def test_a_rollback_can_be_undone_by_naming_the_version(released: Releases) -> None:
    """The version is live again and not marked any more."""
    released.roll_back()
    released.roll_back("3")
    assert (released.live, released.history) == ("3", "packager history: 2 1")
    assert released.one(alias="live").outcome == "unchanged"


def test_a_rollback_to_an_unknown_version_is_an_error(released: Releases) -> None:
    """The alias stays where it is."""
    with pytest.raises(DeployError, match="has no version 77"):
        released.roll_back("77")
    assert released.live == "3"


def test_a_version_deleted_by_hand_is_an_error_that_names_the_previous_one(
    released: Releases,
) -> None:
    """A rollback that goes back further than one version must name the version."""
    del released.function.versions["2"]
    with pytest.raises(DeployError, match="has no version 2") as error:
        released.roll_back()
    assert "packager rollback --to 1" in error.value.hint
    assert released.live == "3"


def test_a_marked_version_deleted_by_hand_holds_nothing_back(released: Releases) -> None:
    """The hash of its package is not known any more."""
    released.roll_back()
    del released.function.versions["3"]
    released.function.changed()
    assert released.one(alias="live").outcome == "deployed"


def test_a_rollback_without_the_alias_is_an_error(released: Releases) -> None:
    """It names the function."""
    with pytest.raises(DeployError, match=r"hello \(eu-west-1\) has no alias beta"):
        released.roll_back(alias="beta")


def test_a_rollback_does_not_end_a_canary_unless_forced(released: Releases) -> None:
    """A user has shared the traffic of the alias by hand."""
    released.function.aliases["live"].weights = {"1": 0.2}
    with pytest.raises(DeployError, match="20% to version 1"):
        released.roll_back(timeout=1)
    assert released.live == "3"
    released.roll_back(force=True)
    assert released.live == "2"
    assert released.function.aliases["live"].weights == {}


def test_a_rollback_of_several_functions_checks_all_before_it_moves_one(
    released: Releases,
) -> None:
    """The second has no previous version, so the first stays where it is."""
    other = released.stub.create_function("other")
    other.versions["1"] = released.function.versions["1"]
    other.aliases["live"] = Alias("1")
    released.functions = ("hello", "other")
    with pytest.raises(DeployError, match="other"):
        released.roll_back()
    assert released.live == "3"
