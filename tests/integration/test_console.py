"""What is shown on a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from tests.service import Service, bare_environment

COLOR = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(app: Path, env: dict[str, str]) -> str:
    """Deploy with a terminal as stdout; give all that was written to it."""
    terminal, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "packager", "deploy", app],
        env=bare_environment() | {"TERM": "xterm-256color", "COLUMNS": "100"} | env,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = bytearray()
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # Linux says so that the other end is closed.
        pass
    os.close(terminal)
    assert run.wait(timeout=60) == 0, shown
    return shown.decode()


def node_app(tmp_path: Path) -> Path:
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "large").write_bytes(os.urandom(8 << 20))
    return tmp_path


def test_a_bar_moves_while_the_package_is_sent_and_is_gone_at_the_end(
    service: Service, function: str, tmp_path: Path
) -> None:
    shown = on_a_terminal(node_app(tmp_path), service.settings(function))
    assert "━" in shown
    assert re.search(r"Sending.* \d\.\d MB of 8\.0 MB", shown)
    assert shown.rindex("━") < shown.rindex("Deployed")
    assert COLOR.search(shown)


def test_no_color_disables_colors(service: Service, function: str, tmp_path: Path) -> None:
    shown = on_a_terminal(node_app(tmp_path), service.settings(function) | {"NO_COLOR": "1"})
    assert "Deployed" in shown
    assert not re.search(r"\x1b\[(3[0-9]|38;|9[0-9])[0-9;]*m", shown)
