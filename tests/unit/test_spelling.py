"""The setting that a misspelt name probably means."""

from __future__ import annotations

import pytest

from packager.config.settings_table import BY_VARIABLE
from packager.config.spelling import nearest


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("_LAMBDA_ENV_EXCLUD", "_LAMBDA_ENV_EXCLUDE"),
        ("_LAMBDA_ENV_EXCLUDES", "_LAMBDA_ENV_EXCLUDE"),
        ("_LAMBDA_ENV_EXLCUDE", "_LAMBDA_ENV_EXCLUDE"),
        ("_LAMDBA_ENV_EXCLUDE", "_LAMBDA_ENV_EXCLUDE"),
        ("_AWS_ACESS_KEY_IDS", "_AWS_ACCESS_KEY_ID"),
        ("_LAMBDA_ENV_EXCLUSION", None),
        ("_LAMBDA_FUNCTION_NAME", None),
        ("_LAMBDA_NODE_VERSION", None),
        ("_AWS_REGION", None),
        ("_", None),
        ("", None),
    ],
)
def test_a_name_within_two_edits_of_a_setting_means_it(name: str, meant: str | None) -> None:
    assert nearest(name, BY_VARIABLE) == meant


def test_the_nearest_name_is_suggested() -> None:
    assert nearest("abcd", ["abxx", "abcx", "zbxd"]) == "abcx"


def test_settings_are_further_apart_than_misspellings() -> None:
    """No setting can be mistaken for another."""
    for name in BY_VARIABLE:
        assert nearest(name, [other for other in BY_VARIABLE if other != name]) is None
