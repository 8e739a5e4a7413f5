"""`deploy-and-hold`: a dyno that deploys when it starts, and then waits until it is stopped."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.buildpack.heroku import Slug
from tests.integration.buildpack.test_dyno import CONFIG
from tests.lambda_stub import Stub
from tests.service import Service

MEGABYTE = 1_000_000
HEROKUS_PATIENCE = 30  # seconds from SIGTERM to SIGKILL


@contextmanager
def holding(slug: Slug, config: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a dyno of the process type `lambda: deploy-and-hold`."""
    dyno = slug.start("exec deploy-and-hold", config)
    try:
        yield dyno
    finally:
        dyno.terminate()
        dyno.communicate()


def line_with(text: str, dyno: subprocess.Popen[str], *, errors: bool = False) -> str:
    """Wait for a line of the dyno's output that has `text`."""
    stream = dyno.stderr if errors else dyno.stdout
    assert stream
    for line in stream:
        if text in line:
            return line
    pytest.fail(f"the dyno ended with {dyno.wait()} before it printed {text!r}")


def processes(root: int) -> list[Path]:
    """Return the folders in /proc of a process and its descendants."""
    found = [Path("/proc", str(root))]
    for folder in found:
        children = (folder / "task" / folder.name / "children").read_text().split()
        found += [Path("/proc", child) for child in children]
    return found


def resident(process: Path) -> int:
    [line] = [x for x in (process / "status").read_text().splitlines() if x.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def ticks(process: Path) -> int:
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_the_dyno_deploys_and_then_waits_until_it_is_stopped(
    slug: Slug, service: Service, function: str
) -> None:
    """It waits without work and in little memory, and ends when Heroku stops it."""
    with holding(slug, CONFIG | service.settings(function)) as dyno:
        line_with("Waiting until the dyno stops", dyno)
        assert service.config(function)["GREETING"] == CONFIG["GREETING"]
        running = processes(dyno.pid)
        assert sum(map(resident, running)) < 40 * MEGABYTE
        before = [ticks(process) for process in running]
        time.sleep(1)
        assert [ticks(process) for process in running] == before
        dyno.terminate()
        assert dyno.wait(HEROKUS_PATIENCE) == 128 + signal.SIGTERM
        assert not [process for process in running if process.exists()]


def test_a_restarted_dyno_sends_nothing(slug: Slug, service: Service, function: str) -> None:
    """Heroku restarts each dyno once a day."""
    config = CONFIG | service.settings(function)
    assert slug.run("deploy", config).returncode == 0
    with holding(slug, config) as dyno:
        line_with("nchanged", dyno)
        line_with("Waiting until the dyno stops", dyno)


def test_a_version_that_was_rolled_back_stays_back_when_the_dyno_restarts(
    slug: Slug, stub: Stub
) -> None:
    """Each restart leaves the alias where the rollback put it; another config goes live again."""
    function = stub.create_function("hello")
    config = stub.settings("hello") | {"_LAMBDA_ALIAS": "live", "GREETING": "one"}
    broken = config | {"GREETING": "two"}
    for release in (config, broken):
        with holding(slug, release) as dyno:
            line_with("Waiting until the dyno stops", dyno)
    assert function.aliases["live"].version == "2"
    assert slug.run("packager rollback", broken).returncode == 0

    for _ in range(2):
        with holding(slug, broken) as dyno:
            line_with("Held back", dyno)
            line_with("Waiting until the dyno stops", dyno)
        assert function.aliases["live"].version == "1"
        assert list(function.versions) == ["1", "2"]

    with holding(slug, config | {"GREETING": "three"}) as dyno:
        line_with("Waiting until the dyno stops", dyno)
    assert function.aliases["live"].version == "3"


def test_a_failed_deploy_is_repeated_with_growing_pauses(
    slug: Slug, service: Service, function: str
) -> None:
    """The dyno stays, and deploys as soon as it can."""
    late = f"{function}-late"
    with holding(slug, CONFIG | service.settings(late)) as dyno:
        first = line_with("The next attempt", dyno, errors=True)
        second = line_with("The next attempt", dyno, errors=True)
        assert (" 5 seconds" in first, " 10 seconds" in second) == (True, True)
        service.create_function(late)
        line_with("Waiting until the dyno stops", dyno)
    assert service.config(late)["GREETING"] == CONFIG["GREETING"]


def test_a_dyno_that_is_stopped_during_a_deploy_leaves_nothing(
    slug: Slug, service: Service, function: str, temporary: Path
) -> None:
    """The deploy ends with the dyno, and its package is removed."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = service.settings(function) | {
            "_AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "TMPDIR": str(temporary),
        }
        with holding(slug, settings) as dyno:
            connection, _ = silent.accept()
            running = processes(dyno.pid)
            assert len(running) > 1
            dyno.terminate()
            assert dyno.wait(HEROKUS_PATIENCE) == 128 + signal.SIGTERM
            connection.close()
    assert not [process for process in running if process.exists()]
    assert not list(temporary.iterdir())
