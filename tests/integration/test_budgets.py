"""Budgets that hold on any machine: bytes that are read, memory, and what a deploy loads."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.package import inject
from packager.package.inject import NewFile
from packager.package.zip_source import Source
from tests.commands import bare_environment
from tests.service import Service
from tests.trees import plant

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
    read_by_us, copy = Source.read, inject._copy_by_system

    def counting_read(self: Source, position: int, size: int) -> bytearray:
        read.append(size)
        return read_by_us(self, position, size)

    def counting_copy(source: int, destination: int, span: inject._Span) -> int:
        reached = copy(source, destination, span)
        copied.append(reached - span.start)
        return reached

    monkeypatch.setattr(Source, "read", counting_read)
    monkeypatch.setattr(inject, "_copy_by_system", counting_copy)
    inject.inject(source, tmp_path / "package.zip", NewFile("env.properties", b"A=1\n"))
    assert sum(read) < 70_000
    assert 10 << 20 < sum(copied) < source.stat().st_size


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="no count of bytes here")
def test_the_bytes_of_an_archive_are_copied_once_and_read_once_for_the_hash(tmp_path: Path) -> None:
    """By the whole command, which writes them once; what it reads besides does not grow."""
    program = (
        "from packager.cli import main\ntry: main()\nfinally: print(open('/proc/self/io').read())"
    )
    counts = []
    for megabytes in (10, 30):
        package = noise_zip(tmp_path / f"{megabytes}.zip", megabytes)
        arguments: list[str | Path] = [
            "build",
            tmp_path,
            "--zip",
            package.name,
            "-o",
            tmp_path / "out.zip",
        ]
        run = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env=bare_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        counts.append({name: int(n) for name, n in re.findall(r"(.char): (\d+)", run.stdout)})
    # proc(5): rchar and wchar are what system calls have read and written, copies included.
    passes = {name: (counts[1][name] - counts[0][name]) / (20 << 20) for name in counts[0]}
    assert passes == {"rchar": pytest.approx(2, abs=0.1), "wchar": pytest.approx(1, abs=0.1)}


def test_the_files_of_an_app_are_looked_for_once_and_read_once(tmp_path: Path) -> None:
    """Every folder is listed once, every file opened once."""
    app = tmp_path / "app"
    names = [f"{folder}/{file}.js" for folder in ("a", "a/b", "c") for file in range(3)]
    plant(app, {"package.json": b"{}", **{name: name.encode() for name in names}})
    program = (
        "import os, sys\n"
        "def note(event, args):\n"
        "    if event in ('open', 'os.listdir', 'os.scandir') and sys.argv[2] in str(args[0]):\n"
        "        os.write(2, f'{event} {args[0]}\\n'.encode())\n"
        "sys.addaudithook(note)\n"
        "from packager.cli import main; main()"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, "build", app, "-o", tmp_path / "out.zip"],
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    seen = Counter(line for line in run.stderr.splitlines() if line.startswith(("open", "os.")))
    # Where dependencies may be is looked at, too.
    looks = {line.split()[1]: count for line, count in seen.items() if line.startswith("os.")}
    listed = {name: count for name, count in looks.items() if Path(name).is_dir()}
    assert listed == dict.fromkeys([str(app), *(str(app / name) for name in ("a", "a/b", "c"))], 1)
    assert {name: seen[f"open {app / name}"] for name in names} == dict.fromkeys(names, 1)


def test_packaging_100_mb_takes_no_more_memory_than_10_mb(tmp_path: Path) -> None:
    """Peaks of the whole command are within a tenth of each other."""
    peaks = []
    for megabytes in (10, 100):
        package = noise_zip(tmp_path / f"{megabytes}.zip", megabytes)
        options: list[str | Path] = ["--zip", package.name, "-o", tmp_path / "out.zip"]
        peaks.append(peak("build", tmp_path, *options, env={}, result=tmp_path / "result"))
    assert abs(peaks[1] - peaks[0]) <= 0.1 * peaks[0]


def test_deploying_40_mb_takes_no_more_memory_than_4_mb(
    service: Service, function: str, tmp_path: Path
) -> None:
    """The request is sent from a file: peaks of the whole command are within a tenth."""
    peaks = []
    for megabytes in (4, 40):
        package = noise_zip(tmp_path / f"{megabytes}.zip", megabytes)
        env = service.settings(function)
        options = ["--zip", package.name]
        peaks.append(peak("deploy", tmp_path, *options, env=env, result=tmp_path / "result"))
    assert abs(peaks[1] - peaks[0]) <= 0.1 * peaks[0]


def peak(*arguments: str | Path, env: Mapping[str, str], result: Path) -> int:
    """Run the command; give the most bytes of memory that it held."""
    command: list[str | Path] = [sys.executable, LAUNCH, result, sys.executable, "-m", "packager"]
    subprocess.run(
        [*command, *arguments],
        env=bare_environment() | dict(env),
        capture_output=True,
        check=True,
    )
    told = json.loads(result.read_text())
    assert told["status"] == 0
    return int(told["peak"])


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
