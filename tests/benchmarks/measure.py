"""Measure commands that take turns, so that other load on the machine affects all of them."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packager import subprocesses

_LAUNCH = Path(__file__).with_name("launch.py")


def _nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Contender:
    """A command to measure, with `env` and the minimum that programs need as its environment.

    `output` is the file that it writes: removed before each round, and its size is measured.
    `before` runs before each round, untimed. If it `prints_seconds`, its output is the measured
    time.
    """

    name: str
    command: Sequence[str | Path]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    output: Path | None = None
    before: Callable[[], None] = _nothing
    prints_seconds: bool = False


@dataclass(frozen=True)
class Measured:
    """A contender's median seconds, its peak memory in bytes, and the bytes of its output."""

    name: str
    seconds: float
    peak: int
    size: int | None


def alternately(contenders: Sequence[Contender], rounds: int) -> dict[str, Measured]:
    """Run all contenders in turn, for `rounds` rounds after one that does not count.

    If one fails, raises RuntimeError with its output.
    """
    runs: dict[str, list[Measured]] = {contender.name: [] for contender in contenders}
    for turn in range(rounds + 1):
        for contender in contenders:
            measured = run(contender)
            if turn > 0:
                runs[contender.name].append(measured)
    return {name: median(runs[name]) for name in runs}


def bare_environment() -> dict[str, str]:
    """Return the minimum that a process needs to start on a dyno."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DYNO": "run.1"}


def run(contender: Contender) -> Measured:
    """Run a contender once. If it fails, raises RuntimeError with its output."""
    contender.before()
    if contender.output:
        contender.output.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="packager-benchmark-") as folder:
        file = Path(folder, "result.json")
        launcher = [sys.executable, "-I", "-S", _LAUNCH, file]
        with subprocesses.running(
            [*map(str, launcher), *map(str, contender.command)],
            env=bare_environment() | dict(contender.env),
            cwd=contender.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            output, errors = (text.decode(errors="replace") for text in process.communicate())
        if process.returncode:
            raise RuntimeError(f"{contender.name} did not start:\n{errors}")
        result: dict[str, Any] = json.loads(file.read_text())
    if result["status"]:
        raise RuntimeError(f"{contender.name} failed:\n{output}{errors}")
    seconds = float(output) if contender.prints_seconds else result["seconds"]
    size = contender.output.stat().st_size if contender.output else None
    if contender.output:
        contender.output.unlink()
    return Measured(contender.name, seconds, result["peak"], size)


def median(runs: list[Measured]) -> Measured:
    """Combine several runs of a contender."""
    return Measured(
        runs[0].name,
        statistics.median(run.seconds for run in runs),
        max(run.peak for run in runs),
        runs[-1].size,
    )


def missing(*programs: str) -> list[str]:
    """Return the programs that are not installed on this machine."""
    return [program for program in programs if shutil.which(program) is None]
