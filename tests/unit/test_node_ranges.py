"""Ranges of versions, read as npm's own library reads them, or treated as unknown."""

from __future__ import annotations

import pytest

from packager.apps.node_ranges import fits, fits_major

# The results of `semver.satisfies(version, range)` of npm's semver 7.6.3: test_node_layouts.py.
CASES = [
    ("1.2.3", "1.2.3", True),
    ("1.2.4", "1.2.3", False),
    ("1.2.4", "^1.2.3", True),
    ("2.0.0", "^1.2.3", False),
    ("0.3.0", "^0.2.3", False),
    ("0.2.9", "^0.2.3", True),
    ("0.0.4", "^0.0.3", False),
    ("0.0.9", "^0.0", True),
    ("0.9.0", "^0", True),
    ("1.3.0", "~1.2.3", False),
    ("1.9.0", "~1", True),
    ("1.2.9", "1.2.x", True),
    ("1.3.0", "1.2", False),
    ("9.9.9", "*", True),
    ("9.9.9", "", True),
    ("18.0.0", ">=16 <18 || >=20", False),
    ("20.1.0", ">=16 <18 || >=20", True),
    ("2.0.0", "1.0.0 - 2", True),
    ("3.0.0", "1.0.0 - 2", False),
    ("1.3.0", ">1.2", True),
    ("1.2.9", ">1.2", False),
    ("1.2.9", "<=1.2", True),
    ("1.0.0", "^1.0.0-beta.2", True),
    ("2.1.0", "= 2.1.0", True),
    ("2.1.0", ">= 2.1.0 < 3", True),
]


@pytest.mark.parametrize(("version", "wanted", "is_in"), CASES)
def test_a_version_is_compared_as_npm_does(version: str, wanted: str, is_in: bool) -> None:
    assert fits(version, wanted) is is_in


@pytest.mark.parametrize(
    "wanted",
    ["latest", "npm:ms@1.0.0", "workspace:^1", "file:../a", "git+ssh://a", "catalog:", ">1.0.0-rc"],
)
def test_a_specifier_that_is_not_a_range_fits_every_version(wanted: str) -> None:
    assert fits("9.9.9", wanted)
    assert fits("2.0.0-rc.1", "^1.0.0")


@pytest.mark.parametrize(
    ("wanted", "is_in"),
    [(">=20", True), (">=20.19", True), ("18.x", False), (">=22", False), ("18 || 20", True)],
)
def test_a_runtime_fits_if_any_of_its_versions_does(wanted: str, is_in: bool) -> None:
    assert fits_major(20, wanted) is is_in
