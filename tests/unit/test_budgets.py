"""Budgets that hold on any machine: bytes that are read, memory, and what a deploy loads."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from packager import archive
from packager.zipsource import Source
from tests.service import Service, bare_environment

LAUNCH = Path(__file__).parents[1] / "benchmarks" / "launch.py"


def noise_zip(path: Path, megabytes: int) -> Path:
    """Make a zip that nothing can make smaller."""
    noise = random.Random(megabytes).randbytes(1 << 20)
    with zipfile.ZipFile(path, "w") as package:
        for number in range(megabytes):
            package.writestr(f"{number}.bin", noise)
    return path


def test_injection_reads_the_end_of_an_archive_and_lets_the_system_copy_the_rest_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 10 MB, what passes through the process is the directory and the 64 KB for its end."""
    source = noise_zip(tmp_path / "source.zip", 10)
    read: list[int] = []
    copied: list[int] = []
    read_by_us, copy = Source.read, archive._copy_by_system

    def counting_read(self: Source, position: int, size: int) -> bytearray:
        read.append(size)
        return read_by_us(self, position, size)

    def counting_copy(source: int, destination: int, span: archive._Span) -> int:
        reached = copy(source, destination, span)
        copied.append(reached - span.start)
        return reached

    monkeypatch.setattr(Source, "read", counting_read)
    monkeypatch.setattr(archive, "_copy_by_system", counting_copy)
    archive.inject(source, tmp_path / "package.zip", "env.properties", b"A=1\n")
    assert sum(read) < 70_000
    assert 10 << 20 < sum(copied) < source.stat().st_size


def test_packaging_100_mb_takes_no_more_memory_than_10_mb(tmp_path: Path) -> None:
    """Peaks of the whole command are within a tenth of each other."""
    peaks = []
    for megabytes in (10, 100):
        package = noise_zip(tmp_path / f"{megabytes}.zip", megabytes)
        result = tmp_path / "result.json"
        command: list[str | Path] = [sys.executable, LAUNCH, result, sys.executable, "-m"]
        command += ["packager", "build", tmp_path, "--zip", package.name]
        subprocess.run(
            [*command, "-o", tmp_path / "out.zip"],
            env=bare_environment(),
            capture_output=True,
            check=True,
        )
        told = json.loads(result.read_text())
        assert told["status"] == 0
        peaks.append(told["peak"])
    assert abs(peaks[1] - peaks[0]) <= 0.1 * peaks[0]


def test_a_deploy_loads_the_models_of_lambda_and_of_no_other_service(
    service: Service, function: str, tmp_path: Path
) -> None:
    """Botocore has models of hundreds of services; each takes time and memory to read."""
    noise_zip(tmp_path / "app.zip", 1)
    program = (
        "import sys\n"
        "sys.addaudithook(lambda event, args: event == 'open' and"
        " 'botocore/data/' in str(args[0]) and print(args[0], file=sys.stderr))\n"
        "from packager.cli import main; main()"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, "deploy", tmp_path, "--zip", "app.zip"],
        env=bare_environment() | service.settings(function),
        capture_output=True,
        text=True,
        check=True,
    )
    opened = [line.split("botocore/data/")[1] for line in run.stderr.split() if "/data/" in line]
    assert {path.split("/")[0] for path in opened if path.count("/")} == {"lambda"}
