"""The tree of errors, and the docstring that draws it."""

from __future__ import annotations

import re

import pytest

from packager import errors
from packager.errors import InputError, PackagerError, explained
from packager.watch.build import BuildError


def kinds(root: type[PackagerError]) -> list[type[PackagerError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


def ours() -> list[type[PackagerError]]:
    return [kind for kind in kinds(PackagerError) if kind.__module__.startswith("packager.")]


def test_the_docstring_draws_every_public_error_below_its_parent() -> None:
    assert errors.__doc__
    parents: dict[int, str] = {}
    drawn = {}
    for line in errors.__doc__.splitlines():
        if found := re.match(r"    ([│ ├└─]*)(\w+Error)\b", line):
            depth = len(found[1]) // 4
            parents[depth] = found[2]
            drawn[found[2]] = parents[depth - 1] if depth else "Exception"
    assert BuildError.__name__ in drawn
    assert {
        kind.__name__: (kind.__base__ or object).__name__
        for kind in ours()
        if kind.__module__ == errors.__name__
    }.items() <= drawn.items()


def test_the_exit_status_is_2_if_the_input_is_wrong_and_1_otherwise() -> None:
    """The status 2 also means that nothing was sent."""
    for kind in ours():
        assert kind.exit_status == (2 if issubclass(kind, InputError) else 1), kind


@pytest.mark.parametrize(
    ("kind", "transient"),
    [
        *((errors.DeployError, True), (errors.SettingsError, True), (PackagerError, True)),
        *((errors.PackageError, True), (errors.VariableError, True), (BuildError, False)),
    ],
)
def test_every_error_but_that_of_a_build_is_retried_without_a_change(
    kind: type[PackagerError], transient: bool
) -> None:
    """The user may fix the cause outside of the app: a folder, a profile, an installation."""
    assert kind.transient is transient


def test_an_unexpected_error_is_shown_with_its_place_and_without_its_text() -> None:
    """Its text may contain a value."""
    try:
        raise ValueError("a secret")
    except ValueError as error:
        shown = explained(error)
    assert re.fullmatch(r"Unexpected ValueError at test_errors.py:\d+\.", shown.message)
