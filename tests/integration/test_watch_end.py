"""How `packager watch` ends, and what it shows until then."""

from __future__ import annotations

import contextlib
import os
import random
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import bare_environment, packager
from tests.integration.conftest import WatchApp
from tests.integration.watch_process import PATIENCE, ends, in_namespace
from tests.proxy import Proxy, reset_before_the_body, silence
from tests.service import Service

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@SIGNALS
def test_a_signal_ends_it_while_it_waits(watch_app: WatchApp, number: int) -> None:
    with watch_app() as watch:
        watch.deployed()
        assert watch.end(number) == 128 + number


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_is_ignored_at_the_start_stays_ignored(
    watch_app: WatchApp, number: int
) -> None:
    """nohup, and shells for programs in the background, ignore signals in this way."""
    with contextlib.ExitStack() as ending:
        before = signal.signal(number, signal.SIG_IGN)
        try:
            started = watch_app()
            watch = ending.enter_context(started)
        finally:
            signal.signal(number, before)
        watch.deployed()
        watch.process.send_signal(number)
        watch.change()
        watch.deployed()
        assert watch.end(signal.SIGTERM) == 128 + signal.SIGTERM


@SIGNALS
def test_a_signal_ends_it_while_it_uploads(watch_app: WatchApp, proxy: Proxy, number: int) -> None:
    proxy.on("update", silence(PATIENCE))
    with watch_app() as watch:
        while "update" not in proxy.calls:
            time.sleep(0.02)
        assert watch.end(number) == 128 + number


@SIGNALS
def test_a_signal_ends_it_with_the_build_that_runs_and_its_children(
    watch_app: WatchApp, watched_app: Path, number: int
) -> None:
    pids = watched_app.parent / "pids"
    build = f"trap '' TERM; sleep 300 & echo $$ $! > {pids}.part; mv {pids}.part {pids}; wait; wait"
    with watch_app("--build", build) as watch:
        while not pids.exists():
            time.sleep(0.02)
        assert watch.end(number) == 128 + number
    assert all(ends(int(pid)) for pid in pids.read_text().split())


def test_a_signal_ends_it_while_a_failed_deploy_waits_to_be_tried_again(
    watch_app: WatchApp, proxy: Proxy
) -> None:
    proxy.on("state", reset_before_the_body)
    with watch_app() as watch:
        watch.event("failed")
        assert watch.end(signal.SIGTERM) == 128 + signal.SIGTERM


# A name server that receives every query and responds to none.
SILENT_SERVER = """
import os, socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
server.set_inheritable(True)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_signal_ends_it_even_while_a_name_is_being_resolved(
    watch_app: WatchApp, watched_app: Path
) -> None:
    resolver = watched_app.parent / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
    setup = f"ip link set lo up && mount --bind {resolver} /etc/resolv.conf"
    prefix = in_namespace("--map-root-user", "--mount", "--net", setup=setup)
    env = {"_AWS_ENDPOINT_URL": "http://lambda.example.org"}
    with watch_app(env=env, prefix=(*prefix, sys.executable, "-c", SILENT_SERVER)) as watch:
        watch.event("started")
        time.sleep(1)
        assert watch.end() == 128 + signal.SIGINT


@pytest.mark.parametrize("part", range(4))
def test_a_signal_ends_it_at_any_moment_of_a_run(
    watch_app: WatchApp, watched_app: Path, part: int
) -> None:
    for number in range(300):
        (watched_app / f"{number}.bin").write_bytes(random.Random(number).randbytes(20_000))
    with watch_app() as watch:
        watch.event("started")
        time.sleep(part * 0.1)
        assert watch.end() == 128 + signal.SIGINT


def test_a_missing_setting_or_folder_ends_it_at_once_as_wrong_input(
    watched_app: Path, temporary: Path
) -> None:
    for arguments, words in (
        ([str(watched_app)], "_LAMBDA_FUNCTION_ARN"),
        ([str(watched_app / "nothing"), "--function", "f"], "does not exist"),
        ([str(watched_app), "--function", "f", "--quiet-time", "soon"], "--quiet-time"),
    ):
        run = packager("watch", *arguments, temporary=temporary, timeout=PATIENCE)
        assert run.returncode == 2
        assert words in run.stderr


class Terminal:
    """The command whose output is a terminal or a pipe."""

    def __init__(self, process: subprocess.Popen[bytes], output: int) -> None:
        self.process = process
        self._output = output
        self.shown = ""

    def until(self, pattern: str) -> str:
        """Read until the output contains `pattern`, and return all output so far."""
        end = time.monotonic() + PATIENCE
        while not re.search(pattern, self.shown):
            assert select.select([self._output], [], [], end - time.monotonic())[0], self.shown
            self.shown += os.read(self._output, 65536).decode()
        return self.shown


@contextlib.contextmanager
def shown(
    app: Path, env: dict[str, str], *options: str, terminal: bool, temporary: Path
) -> Iterator[Terminal]:
    output, command_output = os.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "packager", "watch", app, "--quiet-time", "100", *options],
        env=bare_environment(temporary) | env,
        stdout=command_output,
        stderr=command_output,
    )
    os.close(command_output)
    try:
        yield Terminal(process, output)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        os.close(output)


# Part of the line about variables that are not packaged, which is shown once.
LEFT_OUT = "variables left out"


def test_without_a_terminal_a_run_is_one_plain_line(
    service: Service, proxy: Proxy, watched_app: Path, function: str, temporary: Path
) -> None:
    env = service.settings(function, through=proxy.url)
    with shown(watched_app, env, terminal=False, temporary=temporary) as output:
        output.until(r"start .*\n")
        (watched_app / "index.js").write_text("new")
        (watched_app / "lib/a.js").write_text("new")
        output.until(r"index.js .*\n")
        proxy.on("update", reset_before_the_body)
        (watched_app / "index.js").write_text("newer")
        output.until(r"Retrying in 1 s\..*\n")
        failed = proxy.calls.count("state")
        while proxy.calls.count("state") < failed + 2:
            time.sleep(0.02)
    lines = [line for line in output.shown.splitlines() if LEFT_OUT not in line]
    assert len(lines) == 4
    moment = r"\d\d:\d\d:\d\d"
    assert re.fullmatch(rf"{moment}  start  deployed: {function}, \d+\.\d kB", lines[0])
    assert re.fullmatch(rf"{moment}  index.js \(\+1\)  deployed: {function}, .* kB", lines[1])
    assert re.fullmatch(rf"{moment}  index.js  failed: .*no response.*", lines[2])
    assert lines[3].startswith("          Check the network")


@pytest.mark.parametrize("colored", [True, False])
def test_a_terminal_shows_the_current_stage_and_then_the_result(
    service: Service, proxy: Proxy, watched_app: Path, function: str, temporary: Path, colored: bool
) -> None:
    env = service.settings(function) | ({} if colored else {"NO_COLOR": "1"})
    options = ["--build", "echo compiled"]
    with shown(watched_app, env, *options, terminal=True, temporary=temporary) as output:
        text = output.until(r"start  deployed: .*\n")
    assert "start  Building …\r\ncompiled\r\n" in text
    assert "start  Packaging app …" in text
    line = rf"\d\d:\d\d:\d\d  start  deployed: {function}, \d+\.\d kB"
    assert re.search(rf"\x1b\[32m{line}\x1b\[0m\r\n" if colored else rf"\x1b\[K{line}\r\n", text)
    kept = [line.rpartition("\r\x1b[K")[2] for line in text.split("\r\n")]
    kept = [line for line in kept if line and LEFT_OUT not in line]
    assert len(kept) == len(["building", "compiled", "deployed"])


def test_quiet_shows_failures_only(
    service: Service, proxy: Proxy, watched_app: Path, function: str, temporary: Path
) -> None:
    env = service.settings(function, through=proxy.url)
    with shown(watched_app, env, "--quiet", terminal=False, temporary=temporary) as output:
        while "update" not in proxy.calls:
            time.sleep(0.02)
        proxy.on("update", reset_before_the_body)
        (watched_app / "index.js").write_text("new")
        output.until(r"Retrying in 1 s\..*\n")
    assert len(output.shown.splitlines()) == 2
