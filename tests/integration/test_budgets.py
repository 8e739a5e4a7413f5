"""Budgets that hold on any machine: bytes read, memory, and the files that a deploy loads."""

from __future__ import annotations

import json
import random
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.package import inject
from packager.package.inject import NewFile
from packager.package.zip_source import Source
from tests.commands import bare_environment, run
from tests.service import Service
from tests.trees import plant

LAUNCH = Path(__file__).parents[1] / "benchmarks" / "launch.py"


def noise_zip(path: Path, megabytes: int) -> Path:
    """Create a zip of data that cannot be compressed."""
    noise = random.Random(megabytes).randbytes(1 << 20)
    with zipfile.ZipFile(path, "w") as package:
        for number in range(megabytes):
            package.writestr(f"{number}.bin", noise)
    return path


def test_injection_reads_the_end_of_an_archive_and_lets_the_system_copy_the_rest_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 10 MB, the process itself reads only the directory and the 64 KB that may be its end."""
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
    """The whole command writes them once, and everything else that it reads does not grow."""
    program = (
        "from packager.cli import main\ntry: main()\nfinally: print(open('/proc/self/io').read())"
    )
    counts = []
    for megabytes in (10, 30):
        package = noise_zip(tmp_path / f"{megabytes}.zip", megabytes)
        arguments = ("build", tmp_path, "--zip", package.name, "-o", tmp_path / "out.zip")
        shown = run(sys.executable, "-c", program, *arguments, env=bare_environment())
        counts.append({name: int(n) for name, n in re.findall(r"(.char): (\d+)", shown)})
    # proc(5): rchar and wchar are what system calls have read and written, copies included.
    passes = {name: (counts[1][name] - counts[0][name]) / (20 << 20) for name in counts[0]}
    assert passes == {"rchar": pytest.approx(2, abs=0.1), "wchar": pytest.approx(1, abs=0.1)}


def test_each_folder_of_an_app_is_listed_once_and_each_file_read_once(tmp_path: Path) -> None:
    """Large apps are packaged in one pass."""
    app = tmp_path / "app"
    names = [f"{folder}/{file}.js" for folder in ("a", "a/b", "c") for file in range(3)]
    plant(app, {"package.json": "{}", **{name: name for name in names}})
    program = (
        "import os, sys\n"
        "def note(event, args):\n"
        "    if event in ('open', 'os.listdir', 'os.scandir') and sys.argv[2] in str(args[0]):\n"
        "        os.write(1, f'{event} {args[0]}\\n'.encode())\n"
        "sys.addaudithook(note)\n"
        "from packager.cli import main; main()"
    )
    arguments = ("build", app, "-o", tmp_path / "out.zip")
    shown = run(sys.executable, "-c", program, *arguments, env=bare_environment())
    seen = Counter(line for line in shown.splitlines() if line.startswith(("open", "os.")))
    # It also looks at the places where dependencies may be.
    looks = {line.split()[1]: count for line, count in seen.items() if line.startswith("os.")}
    listed = {name: count for name, count in looks.items() if Path(name).is_dir()}
    assert listed == dict.fromkeys([str(app), *(str(app / name) for name in ("a", "a/b", "c"))], 1)
    assert {name: seen[f"open {app / name}"] for name in names} == dict.fromkeys(names, 1)


def test_packaging_100_mb_takes_no_more_memory_than_10_mb(tmp_path: Path) -> None:
    """The peaks of the whole command differ by less than a tenth."""
    peaks = []
    for megabytes in (10, 100):
        package = noise_zip(tmp_path / f"{megabytes}.zip", megabytes)
        options: list[str | Path] = ["--zip", package.name, "-o", tmp_path / "out.zip"]
        peaks.append(peak("build", tmp_path, *options, env={}, result=tmp_path / "result"))
    assert abs(peaks[1] - peaks[0]) <= 0.1 * peaks[0]


def test_deploying_40_mb_takes_no_more_memory_than_4_mb(
    service: Service, function: str, tmp_path: Path
) -> None:
    """The request is sent from a file, so the peaks of the command differ by less than a tenth."""
    peaks = []
    for megabytes in (4, 40):
        package = noise_zip(tmp_path / f"{megabytes}.zip", megabytes)
        env = service.settings(function)
        options = ["--zip", package.name]
        peaks.append(peak("deploy", tmp_path, *options, env=env, result=tmp_path / "result"))
    assert abs(peaks[1] - peaks[0]) <= 0.1 * peaks[0]


def peak(*arguments: str | Path, env: Mapping[str, str], result: Path) -> int:
    """Run `packager` and return its peak memory in bytes."""
    measured = (sys.executable, LAUNCH, result, sys.executable, "-m", "packager")
    run(*measured, *arguments, env=bare_environment() | dict(env))
    ended = json.loads(result.read_text())
    assert ended["status"] == 0
    return int(ended["peak"])


def test_a_deploy_loads_the_models_of_lambda_and_of_no_other_service(
    service: Service, function: str, tmp_path: Path
) -> None:
    """Botocore has models of hundreds of services; each takes time and memory to read."""
    noise_zip(tmp_path / "app.zip", 1)
    program = (
        "import sys\n"
        "sys.addaudithook(lambda event, args: event == 'open' and"
        " 'botocore/data/' in str(args[0]) and print(args[0]))\n"
        "from packager.cli import main; main()"
    )
    env = bare_environment() | service.settings(function)
    shown = run(sys.executable, "-c", program, "deploy", tmp_path, "--zip", "app.zip", env=env)
    opened = [line.split("botocore/data/")[1] for line in shown.split() if "/data/" in line]
    assert {path.split("/")[0] for path in opened if path.count("/")} == {"lambda"}
