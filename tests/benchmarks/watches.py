"""The cost of saving a file while an app is watched."""

from __future__ import annotations

import contextlib
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import endpoint, inputs
from tests.benchmarks.commands import PACKAGER, ROOT
from tests.benchmarks.measure import Contender, Measured, alternately, bare_environment
from tests.benchmarks.report import Goal, Table

_QUIET_TIME = 0.2  # seconds: the default of --quiet-time
_AT_REST = 3.0  # seconds after a deploy until everything has settled
_NAME = "packager watch, save to request"


def node_app(folder: Path, quick: bool) -> Table:
    """Measure a save in the Node.js app; the memory is measured at rest."""
    app = folder / "app"
    shutil.copytree(inputs.node_app(), app, symlinks=True)
    output = folder / "package.zip"
    build = Contender(
        "packager build, all of it",
        [*PACKAGER, "build", app, "-o", output],
        env=inputs.variables(),
        output=output,
    )
    full = alternately([build], 3)
    with endpoint.running() as api, _watching(app, api) as process:
        api.next_update()
        seconds = [_save(app / "index.js", api, n) for n in range(3 if quick else 9)]
        time.sleep(_AT_REST)
        memory = subprocess.check_output(["ps", "-o", "rss=", "-p", str(process.pid)], text=True)
    saved = Measured(_NAME, statistics.median(seconds), int(memory) * 1024, None)
    return Table(
        "one file of the Node.js app saved (11,700 files)",
        [*full.values(), saved],
        ours=_NAME,
        goals=[Goal("quiet time and 0.3 s", saved.seconds, _QUIET_TIME + 0.3)],
    )


def packaging(folder: Path, quick: bool) -> Table:
    """Measure only the packaging, the first time and after a save."""
    app = folder / "app"
    shutil.copytree(inputs.node_app(), app, symlinks=True)
    program = [sys.executable, "-m", "tests.benchmarks.repackage"]
    first, again = (
        Contender(name, [*program, which, app, folder], cwd=ROOT, prints_seconds=True)
        for name, which in (("all of it", "first"), ("after one save", "again"))
    )
    measured = alternately([first, again], 3 if quick else 7)
    limit = measured[first.name].seconds / 10
    return Table(
        "packaging the Node.js app while it is watched, within a process",
        list(measured.values()),
        ours=again.name,
        goals=[Goal("a tenth of all of it", measured[again.name].seconds, limit)],
    )


def _save(file: Path, api: endpoint.Endpoint, number: int) -> float:
    time.sleep(_AT_REST)
    start = time.monotonic()
    file.write_text(f"exports.handler = async () => {number}\n")
    return api.next_update() - start


@contextlib.contextmanager
def _watching(app: Path, api: endpoint.Endpoint) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*PACKAGER, "watch", app],
        env=bare_environment() | inputs.variables() | api.settings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
