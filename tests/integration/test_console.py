"""The output of a deploy on a terminal."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.commands import packager_on_a_terminal
from tests.service import Service

COLOR = re.compile(r"\x1b\[[0-9;]*m")


def shown_by_a_deploy(app: Path, env: dict[str, str]) -> str:
    """Deploy with a terminal as stdout; return all that it shows."""
    terminal = {"TERM": "xterm-256color", "COLUMNS": "100"}
    run = packager_on_a_terminal("deploy", app, env=terminal | env)
    assert run.returncode == 0, run.stdout
    return run.stdout


@pytest.fixture
def large_app(app: Path) -> Path:
    """An app that takes a moment to send."""
    (app / "large").write_bytes(os.urandom(8 << 20))
    return app


def test_a_bar_moves_while_the_package_is_sent_and_is_gone_at_the_end(
    service: Service, function: str, large_app: Path
) -> None:
    shown = shown_by_a_deploy(large_app, service.settings(function))
    assert "━" in shown
    assert re.search(r"Sending.* \d\.\d MB of 8\.0 MB", shown)
    assert shown.rindex("━") < shown.rindex("Deployed")
    assert COLOR.search(shown)


def test_no_color_disables_colors(service: Service, function: str, large_app: Path) -> None:
    shown = shown_by_a_deploy(large_app, service.settings(function) | {"NO_COLOR": "1"})
    assert "Deployed" in shown
    assert not re.search(r"\x1b\[(3[0-9]|38;|9[0-9])[0-9;]*m", shown)
