"""The embedded Lambda service: only the packager can reach it, and it leaves nothing behind."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.faults import kills
from tests.service import Service
from tests.trees import plant

HANDLER = b"""\
import pathlib, time

def lambda_handler(event, context):
    folder = pathlib.Path(event)
    (folder / "running").touch()
    while not (folder / "end").exists():
        time.sleep(0.01)
"""


def listening_sockets() -> set[str]:
    """Return all listening TCP sockets of this machine, named as in /proc/PID/fd."""
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
    ]
    return {f"socket:[{line[9]}]" for line in lines if line[3] == "0A"}


def sockets_of(process: int) -> set[str]:
    """Return the open sockets of a process."""
    return {str(file.readlink()) for file in Path(f"/proc/{process}/fd").iterdir()}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_port_is_open_while_a_local_deploy_runs_its_handler(tmp_path: Path) -> None:
    """Other users and web pages on this machine find nothing to connect to."""
    app = plant(tmp_path / "app", {"requirements.txt": b"", "lambda_function.py": HANDLER})
    (tmp_path / "temporary").mkdir()
    deploy = kills.Command(
        *("deploy", app, "--local", "--invoke", f'"{tmp_path}"'),
        env={},
        temporary=tmp_path / "temporary",
    )
    try:
        while not (tmp_path / "running").exists():
            assert deploy.poll() is None, deploy.end()
            time.sleep(0.02)
        processes = {deploy.pid, *kills.still_running(tmp_path)}
        listening = listening_sockets()
        opened = [sockets_of(process) & listening for process in processes]
    finally:
        (tmp_path / "end").touch()
        shown = deploy.end()
    assert len(processes) > 1, "the handler runs"
    assert opened == [set()] * len(processes)
    assert deploy.returncode == 0, shown


def test_a_local_deploy_records_no_request_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables that switch on moto's recorder have no effect: it would record the config."""
    module = b"def lambda_handler(event, context): pass"
    app = plant(tmp_path / "app", {"requirements.txt": b"", "lambda_function.py": module})
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path)
    deploy = kills.Command(
        *("deploy", app, "--local"),
        env={"MOTO_ENABLE_RECORDING": "1"},
        temporary=tmp_path / "temporary",
    )
    shown = deploy.end()
    assert deploy.returncode == 0, shown
    assert {path.name for path in tmp_path.iterdir()} == {"app", "temporary"}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/2015-03-31/functions", {}),
        ("/2015-03-31/functions", {"Authorization": "any", "Origin": "https://example.org"}),
        ("/moto-api/reset", {"Authorization": "any"}),
    ],
    ids=["unsigned", "from a web page", "to moto's own API"],
)
def test_the_service_of_the_tests_refuses_foreign_requests(
    service: Service, path: str, headers: dict[str, str]
) -> None:
    """It listens on a port, as AWS does, but refuses requests from web pages."""
    request = urllib.request.Request(service.url + path, headers=headers)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)
