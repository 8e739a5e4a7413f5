"""Signals while the packager waits for something that hangs: a second one ends it, with cleanup."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import bare_environment
from tests.faults import canaries, kills
from tests.integration.test_watch_end import SILENT_SERVER
from tests.integration.watch_process import in_namespace
from tests.proxy import Proxy, silence
from tests.service import Service

FIRST_TWO = [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGHUP)]


def assert_ends(process: subprocess.Popen[bytes]) -> None:
    """Check that the process ends long before the things that it waits for."""
    process.wait(kills.PATIENCE / 2)


@pytest.mark.parametrize("numbers", FIRST_TWO)
def test_a_second_signal_ends_an_upload_that_gets_no_response(
    service: Service, proxy: Proxy, jars: Path, tmp_path: Path, numbers: tuple[signal.Signals, ...]
) -> None:
    """After the first signal, it waits for the response to the abort, which removes the parts."""
    name = f"second-{'-'.join(number.name.lower() for number in numbers)}"
    service.create_function(name)
    service.create_bucket(name)
    proxy.on("part", silence(kills.PATIENCE))
    proxy.on("abort upload", silence(kills.PATIENCE))
    deploy = kills.upload(jars, proxy.url, name, bucket=name, temporary=tmp_path)
    while "part" not in proxy.calls and deploy.poll() is None:
        time.sleep(0.02)
    deploy.send_signal(numbers[0])
    while "abort upload" not in proxy.calls and deploy.poll() is None:
        time.sleep(0.02)
    deploy.send_signal(numbers[1])
    assert_ends(deploy)
    shown = deploy.end()
    assert deploy.returncode == 128 + numbers[0]
    assert "Interrupted. The package or parts of it may be left in the bucket: s3://" in shown
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("count", [1, 2])
def test_a_signal_ends_a_deploy_whose_name_look_up_gets_no_response(
    count: int, jars: Path, tmp_path: Path
) -> None:
    """A second signal ends it at once, a single one after some seconds."""
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    setup = f"ip link set lo up && mount --bind {resolver} /etc/resolv.conf"
    prefix = in_namespace("--map-root-user", "--mount", "--net", setup=setup)
    env = canaries.settings("https://lambda.example.org", "function")
    with (
        (tmp_path / "shown").open("wb") as shown,
        subprocess.Popen(
            [
                *(*prefix, sys.executable, "-c", SILENT_SERVER, sys.executable),
                *("-m", "packager", "deploy", jars, "--jar", "small.jar"),
            ],
            env=bare_environment(temporary) | env,
            stdout=shown,
            stderr=shown,
        ) as deploy,
    ):
        while b"state" not in (tmp_path / "shown").read_bytes() and deploy.poll() is None:
            time.sleep(0.02)
        time.sleep(0.5)
        for _ in range(count):
            deploy.send_signal(signal.SIGINT)
            time.sleep(0.1)
        assert_ends(deploy)
    assert deploy.returncode == 128 + signal.SIGINT, (tmp_path / "shown").read_text()
    assert [*temporary.iterdir()] == []


# Runs a program in a private folder. A thread of a pool never ends, and the pool waits for it.
WAITING = """
import os, sys, threading
from concurrent.futures import ThreadPoolExecutor
from packager import signals, subprocesses, workspace

signals.end_by_signals(lambda line: print(line, flush=True))
with (
    workspace.private_folder() as folder,
    subprocesses.running(["sleep", "1000"], cwd=folder),
    ThreadPoolExecutor() as pool,
):
    (folder / "env.properties").touch()
    for _ in range(3):
        pool.submit(threading.Event().wait)
    print("waiting", flush=True)
    threading.Event().wait()
"""


def test_a_second_signal_ends_a_process_whose_threads_hang(tmp_path: Path) -> None:
    """Its folders are removed, and its programs end."""
    process = kills.python(WAITING, tmp_path)
    assert process.stdout and process.stderr
    with process.stdout as shown, process.stderr:
        assert shown.readline() == "waiting\n"
        process.send_signal(signal.SIGTERM)
        assert shown.readline() == "Ending. Interrupt again to end at once.\n"
        assert process.poll() is None
        assert len([*tmp_path.iterdir()]) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(kills.PATIENCE) == 128 + signal.SIGTERM
        assert shown.readline() == "Interrupted.\n"
    assert [*tmp_path.iterdir()] == []
    kills.assert_none_running(tmp_path)


def test_signals_in_quick_succession_end_the_packager_with_a_full_cleanup(tmp_path: Path) -> None:
    """Programs that start the packager may forward a signal that it has already received."""
    run = WAITING.replace("        pool.submit(threading.Event().wait)", "        pass")
    process = kills.python(run, tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    for _ in range(5):
        os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=kills.PATIENCE)
    assert errors.count("Traceback") <= 1, "that of Interrupted, which this program does not catch"
    assert [*tmp_path.iterdir()] == []
