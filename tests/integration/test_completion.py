"""Completion of the command line in the shells themselves."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import bare_environment, run
from tests.conftest import requires

PATIENCE = 60.0

# What is typed, and what the shell completes it to.
CASES = [
    ("packager dep", "packager deploy"),
    ("packager deploy --dry", "packager deploy --dry-run"),
    ("packager vendor pyt", "packager vendor python"),
]

START = {
    "bash": (["bash", "--norc", "-i"], 'eval "$(packager completion bash)"'),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -Uz compinit; compinit -u; bindkey -e; eval "$(packager completion zsh)"',
    ),
}


def environment(home: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return bare_environment() | {"PATH": path, "HOME": str(home), "TERM": "dumb"}


class Shell:
    """An interactive shell with a terminal."""

    def __init__(self, command: list[str], home: Path) -> None:
        """Start it."""
        self._terminal, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command,
            env=environment(home),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode())

    def until(self, pattern: str) -> None:
        """Read until the output matches the pattern, and drop it up to there."""
        end = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.shown)):
            assert select.select([self._terminal], [], [], end - time.monotonic())[0], self.shown
            self.shown += os.read(self._terminal, 65536).decode(errors="replace")
        self.shown = self.shown[found.end() :]

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)


@pytest.mark.parametrize("name", [pytest.param(name, marks=requires(name)) for name in START])
def test_tab_completes_commands_options_and_choices(name: str, tmp_path: Path) -> None:
    """The interactive shell has read the script as the help shows."""
    command, setup = START[name]
    shell = Shell(command, tmp_path)
    try:
        shell.type(f"PS1='> '; {setup}; echo rea''dy\n")
        shell.until(r"ready\r?\n")
        for typed, completed in CASES:
            # Ctrl-A moves to the beginning of the line, so the completed line is shown, not run.
            shell.type(f"{typed}\t")
            shell.until(re.escape(completed.removeprefix(typed)))
            shell.type("\x01echo done: \n")
            shell.until(rf"\ndone: {re.escape(completed)} *\r?\n")
    finally:
        shell.close()


@requires("fish")
def test_fish_completes_commands_options_and_choices(tmp_path: Path) -> None:
    """Fish lists its completions itself."""
    for typed, completed in CASES:
        script = f"packager completion fish | source; complete --do-complete '{typed}'"
        program = shutil.which("fish") or "fish"
        shown = run(program, "--no-config", "-c", script, env=environment(tmp_path))
        offered = [line.split("\t")[0] for line in shown.splitlines()]
        assert completed.split()[-1] in offered, shown
