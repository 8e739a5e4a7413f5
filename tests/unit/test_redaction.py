"""Removing secrets from the output of other programs."""

from __future__ import annotations

from packager.config.redaction import hiding


def test_every_secret_is_hidden_and_other_text_stays() -> None:
    hide = hiding(["secret-1", "secret-1-longer"])
    assert hide("a secret-1-longer b secret-1 c") == "a *** b *** c"


def test_a_line_of_a_secret_is_hidden_too() -> None:
    assert hiding(["first line\nsecond line"])("x second line y") == "x *** y"


def test_a_secret_is_matched_literally() -> None:
    assert hiding(["a.*b+c?"])("aXXbbc a.*b+c?") == "aXXbbc ***"


def test_a_value_too_short_to_be_a_secret_stays() -> None:
    assert hiding(["", "1", "true"])("1 is true") == "1 is true"
