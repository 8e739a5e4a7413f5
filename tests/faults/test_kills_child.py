"""Signals while a program is being started: between the fork and the moment its id is known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.commands import bare_environment
from tests.faults import kills
from tests.faults.conftest import ALL

RUNS = 500 if ALL else 100

# A second thread sends the signal while the main thread starts the program. The main thread sleeps
# in short steps, because a signal just before a sleep does not interrupt it.
STARTING = """
import os, random, signal, subprocess, sys, threading, time
from packager import subprocesses

seed, runs = sys.argv[1:]
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
moments = random.Random(seed)

def send(after):
    time.sleep(after)
    os.kill(os.getpid(), signal.SIGINT)

for _ in range(int(runs)):
    sender = threading.Thread(target=send, args=[moments.uniform(0, 0.01)])
    try:
        sender.start()
        with subprocesses.running(["sleep", "1000"], **quiet):
            while True:
                time.sleep(0.01)
    except KeyboardInterrupt:
        sender.join()
        print("interrupted")
"""


def test_a_signal_while_a_program_starts_ends_the_program(tmp_path: Path) -> None:
    """No process is left running."""
    run = subprocess.run(
        [sys.executable, "-c", STARTING, str(kills.SEED), str(RUNS)],
        env=bare_environment(tmp_path / "temporary"),
        capture_output=True,
        text=True,
        timeout=kills.PATIENCE,
        check=False,
    )
    left = kills.still_running(tmp_path)
    kills.end_orphans(tmp_path)
    assert left == set()
    assert run.stdout.split() == ["interrupted"] * RUNS, run.stderr
