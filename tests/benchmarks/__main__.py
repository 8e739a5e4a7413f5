"""`python -m tests.benchmarks [--quick] [--only WORD] [--json FILE] [--plot FILE]`."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import deploys, growth, jars, node_apps, plot, readers, start, watches
from tests.benchmarks.report import Table, as_json, as_text, machine

_MEASUREMENTS: list[Callable[[Path, bool], Table]] = [
    start.commands,
    jars.within_a_process,
    jars.whole_commands,
    node_apps.whole_commands,
    deploys.fat_jar,
    deploys.largest,
    readers.python,
    readers.node,
    readers.java,
    watches.packaging,
    watches.node_app,
]


def main() -> None:
    """Measure, and print each table as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, without slow peers")
    parser.add_argument("--only", metavar="WORD", default="", help="as `jars` or `readers.python`")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the tables as JSON, too")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="measure growth; draw it as SVG")
    arguments = parser.parse_args()
    tables = []
    for measurement in _MEASUREMENTS:
        if arguments.only not in f"{measurement.__module__}.{measurement.__name__}":
            continue
        with tempfile.TemporaryDirectory(prefix="packager-benchmark-") as folder:
            tables.append(measurement(Path(folder), arguments.quick))
        print(as_text(tables[-1]), end="\n\n", flush=True)
    if arguments.plot:
        lines = []
        with tempfile.TemporaryDirectory(prefix="packager-benchmark-") as folder:
            for line in growth.series(Path(folder), arguments.quick):
                lines.append(line)
                print(growth.as_text(line), end="\n\n", flush=True)
        arguments.plot.write_text(plot.svg(lines))
    if arguments.json:
        result = {"machine": machine(), "quick": arguments.quick, "tables": as_json(tables)}
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


main()
