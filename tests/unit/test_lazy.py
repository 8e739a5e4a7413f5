"""Modules that are loaded when they are first used."""

from __future__ import annotations

import sys

import pytest

from packager.lazy import lazy


def test_a_lazy_module_is_loaded_by_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its attributes are those of the module."""
    monkeypatch.delitem(sys.modules, "this", raising=False)
    monkeypatch.setattr("builtins.print", lambda *_: None)  # `this` prints a poem.
    module = lazy("this")
    assert "this" not in sys.modules
    assert module.d["N"] == "A"
    assert sys.modules["this"].d is module.d


def test_a_module_that_is_not_installed_is_an_error_when_it_is_used() -> None:
    """Declaring it is not an error."""
    module = lazy("packager.does_not_exist")
    with pytest.raises(ModuleNotFoundError):
        _ = module.anything
