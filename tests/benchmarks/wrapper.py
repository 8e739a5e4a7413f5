"""The time that the exec wrapper adds to the start of a runtime."""

from __future__ import annotations

import shutil
from pathlib import Path

from packager.package import exec_wrapper
from tests.benchmarks.measure import Contender, alternately
from tests.benchmarks.report import Goal, Table

# 3 and 6 ms on a machine on which an empty script takes 1.1 ms.
_TIMES_AN_EMPTY_SCRIPT = {"60 variables": 2.7, "600 variables": 5.4}

# Lambda's images use bash as sh.
_SHELL = ("bash", "--posix")


def env_exec(folder: Path, quick: bool) -> Table:
    """Measure the start of a program that does nothing, through scripts of two sizes."""
    program = shutil.which("true") or "true"
    empty = folder / "empty"
    empty.write_text('#!/bin/sh\nexec "$@"\n')
    contenders = [
        Contender("bare", [program]),
        Contender("an empty script", [*_SHELL, empty, program]),
    ]
    for count in (60, 600):
        script = folder / f"script{count}"
        variables = {f"CONFIG_VAR_{number}": "x" * 90 for number in range(count)}
        script.write_bytes(exec_wrapper.write(variables).content)
        contenders.append(Contender(f"{count} variables", [*_SHELL, script, program]))
    measured = alternately(contenders, 41 if quick else 201)
    table = Table(
        "start of a runtime through env-exec", list(measured.values()), "60 variables", "bare"
    )
    unit = table.seconds("an empty script")
    table.goals.extend(
        Goal(f"{name}: {limit} times an empty script", table.seconds(name), limit * unit)
        for name, limit in _TIMES_AN_EMPTY_SCRIPT.items()
    )
    return table
