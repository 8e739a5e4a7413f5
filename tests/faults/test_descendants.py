"""Handlers that try to outlive the packager, or to read its secrets."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from packager.errors import DeployError
from packager.local import Handler, invoke
from tests.commands import bound_by_permissions, packager
from tests.faults import kills
from tests.trees import plant

linux = pytest.mark.skipif(sys.platform != "linux", reason="what only Linux has")

# Starts a process in another session, which touches the file `alive` as long as it lives.
STARTING = """
import os, pathlib, signal, subprocess, sys, time

def outliving(alive, **options):
    child = "while :; do touch %s; sleep 0.02; done" % alive
    subprocess.Popen(["sh", "-c", child], start_new_session=True, **options)
    while not os.path.exists(alive):
        time.sleep(0.01)

def detached(alive):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            outliving(alive)
        os._exit(0)
    os.wait()
    while not os.path.exists(alive):
        time.sleep(0.01)
"""

# Handlers' code; `event` is the path of the file.
OUTLIVING = {
    "a process in its own session": "outliving(event)",
    "a daemon, whose parents have ended": "detached(event)",
    "a process without our variables": "outliving(event, env={'PATH': os.environ['PATH']})",
    "a process whose handler exits": "(outliving(event), os._exit(0))",
    "a process whose handler is stopped by the timeout": "(outliving(event), time.sleep(1000))",
    "a process whose handler has killed its parent": "(outliving(event), os.kill(os.getppid(), 9))",
    "a process whose handler has killed its process group": "(outliving(event), os.kill(0, 9))",
}


def handler(folder: Path, body: str) -> Path:
    source = f"{STARTING}\ndef lambda_handler(event, context):\n    return {body}\n"
    return plant(folder, {"requirements.txt": b"", "lambda_function.py": source.encode()})


def assert_dead(alive: Path) -> None:
    """Check that no process touches the file."""
    alive.unlink()
    time.sleep(0.2)
    assert not alive.exists()


@linux
@pytest.mark.parametrize("process", OUTLIVING)
def test_no_process_that_a_handler_starts_outlives_it(process: str, tmp_path: Path) -> None:
    task, alive = handler(tmp_path / "task", OUTLIVING[process]), tmp_path / "alive"
    try:
        run = Handler("python", "lambda_function.lambda_handler")
        invoke(run, task, json.dumps(str(alive)).encode(), timeout=3)
    except DeployError as error:
        assert "ended its process" in error.message or "did not return" in error.message
    assert_dead(alive)


@linux
@pytest.mark.parametrize("number", kills.SIGNALS)
def test_a_signal_to_the_packager_ends_all_children_of_a_handler(
    number: signal.Signals, tmp_path: Path
) -> None:
    """They end even after SIGKILL, when the packager itself can do nothing."""
    app = handler(tmp_path / "app", "(detached(event), time.sleep(1000))")
    alive = tmp_path / "alive"
    (tmp_path / "temporary").mkdir()
    deploy = kills.Command(
        *("deploy", app, "--local", "--invoke", json.dumps(str(alive))),
        env={},
        temporary=tmp_path / "temporary",
    )
    while not alive.exists():
        assert deploy.poll() is None, deploy.end()
        time.sleep(0.02)
    deploy.send_signal(number)
    deploy.end()
    kills.assert_none_running(tmp_path)
    assert_dead(alive)


@pytest.mark.parametrize(
    "body",
    [
        "os.mkfifo(path)",
        "os.symlink('/dev/zero', path)",
        "os.mkdir(path)",
        "(open(path, 'w').truncate(10 << 30), None)",
    ],
)
def test_a_response_that_is_not_a_small_regular_file_is_an_error(body: str, tmp_path: Path) -> None:
    """A handler can put a pipe, a device or a huge file in its place; each is an error."""
    task = handler(tmp_path / "task", f"[{body} for path in sys.argv[1:2]], os._exit(0)")
    run = Handler("python", "lambda_function.lambda_handler")
    with pytest.raises(DeployError, match=r"and returned nothing|returned more than 6 MB"):
        invoke(run, task, b"{}", timeout=20)


# Returns the environment of each process from the handler up to the test, or None if unreadable.
LOOKING = """
import os, pathlib

def lambda_handler(event, context):
    seen, process = [], os.getppid()
    while process != event:
        try:
            seen.append(pathlib.Path(f"/proc/{process}/environ").read_text())
        except PermissionError:
            seen.append(None)
        status = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]
        process = int(status.split()[1])
    return seen
"""


@linux
def test_a_handler_cannot_read_the_environment_of_any_parent_process(tmp_path: Path) -> None:
    """Only root can read the packager's environment; the handler's parent has its own."""
    app = plant(tmp_path / "app", {"requirements.txt": b"", "lambda_function.py": LOOKING.encode()})
    (tmp_path / "config.env").touch()
    run = packager(
        *("deploy", app, "--local", "--json", "--env-file", tmp_path / "config.env"),
        *("--invoke", str(os.getpid())),
        env={"CONFIG": "canary"},
        preexec=bound_by_permissions if os.getuid() == 0 else None,
    )
    assert run.returncode == 0, run.stderr
    parent, *others = json.loads(run.stdout)["response"]
    assert "AWS_LAMBDA_FUNCTION_NAME=" in parent
    assert "canary" not in parent
    assert others == [None]
