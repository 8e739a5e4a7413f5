"""`python -m tests.benchmarks [--quick] [--only WORD] [--json FILE]` measures and prints tables."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import (
    deploys,
    growth,
    jars,
    node_apps,
    plot,
    readers,
    start,
    watches,
    wheels,
    wire,
    wrapper,
)
from tests.benchmarks.growth import Series
from tests.benchmarks.report import Table, as_json, as_text, machine

_MEASUREMENTS: list[Callable[[Path, bool], Table]] = [
    start.commands,
    jars.within_a_process,
    jars.whole_commands,
    node_apps.whole_commands,
    wheels.cold,
    wheels.warm,
    deploys.fat_jar,
    deploys.largest,
    readers.python,
    readers.node,
    readers.java_class_path,
    readers.java_path,
    watches.packaging,
    watches.node_app,
    wrapper.env_exec,
    wire.node_app,
    wire.fat_jar,
    wire.saved,
]


def main() -> int:
    """Measure, and print each table when it is complete. Return 1 if a measurement fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, without slow peers")
    parser.add_argument(
        "--only", metavar="WORD", default="", help="a table, such as `readers.python`"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the tables as JSON")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="measure growth; draw it as SVG")
    parser.add_argument("--bars", metavar="FILE", type=Path, help="draw what was sent as SVG")
    arguments = parser.parse_args()
    chosen = [each for each in _MEASUREMENTS if arguments.only in _name(each)]
    if not chosen:
        parser.error(f"--only: choose from {', '.join(map(_name, _MEASUREMENTS))}")
    tables: list[Table] = []
    lines: list[Series] = []

    def save_json() -> None:
        if arguments.json:
            result = {"machine": machine(), "quick": arguments.quick, "tables": as_json(tables)}
            result["growth"] = growth.as_json(lines)
            arguments.json.write_text(json.dumps(result, indent=2) + "\n")

    try:
        save_json()
        for picture in filter(None, (arguments.plot, arguments.bars)):
            picture.touch()
    except OSError as error:
        parser.error(f"cannot write {error.filename}: {error.strerror}")
    failed = False
    for measurement in chosen:
        try:
            with tempfile.TemporaryDirectory(prefix="packager-benchmark-") as folder:
                table = measurement(Path(folder), arguments.quick)
        except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
            failed = True
            table = Table(_name(measurement), [], ours="", left_out=[str(error)])
        tables.append(table)
        print(as_text(table), end="\n\n", flush=True)
        save_json()
    if arguments.plot:
        with tempfile.TemporaryDirectory(prefix="packager-benchmark-") as folder:
            for line in growth.series(Path(folder), arguments.quick):
                lines.append(line)
                print(growth.as_text(line), end="\n\n", flush=True)
                save_json()
        arguments.plot.write_text(plot.svg(lines))
    if arguments.bars:
        arguments.bars.write_text(plot.bars([one for one in tables if one.sizes == "sent"]))
    return 1 if failed else 0


def _name(measurement: Callable[[Path, bool], Table]) -> str:
    return f"{measurement.__module__.removeprefix('tests.benchmarks.')}.{measurement.__name__}"


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


# Exit with an exception, which ends everything that was started and removes temporary files.
for _number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_number, _end)
sys.exit(main())
