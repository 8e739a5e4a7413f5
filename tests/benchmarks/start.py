"""How long a command with little to do takes."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks import inputs
from tests.benchmarks.commands import PACKAGER
from tests.benchmarks.measure import Contender, alternately
from tests.benchmarks.report import Goal, Table


def commands(folder: Path, quick: bool) -> Table:
    """Measure the start of commands."""
    contenders = [
        Contender("python, bare", [sys.executable, "-c", "pass"]),
        Contender("packager --help", [*PACKAGER, "--help"]),
        Contender("packager env", [*PACKAGER, "env"], env=inputs.variables(), cwd=folder),
        Contender("import boto3", [sys.executable, "-c", "import boto3"]),
    ]
    measured = alternately(contenders, 9 if quick else 25)
    limit = 2 * measured["python, bare"].seconds + 0.060
    return Table(
        "start of the command",
        list(measured.values()),
        ours="packager env",
        goals=[
            Goal(f"{name}: twice the bare interpreter and 60 ms", measured[name].seconds, limit)
            for name in ("packager --help", "packager env")
        ],
    )
