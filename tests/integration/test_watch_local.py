"""`packager watch --local`: handlers that do not end, apps that become complete, and Enter."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest

from tests.conftest import requires
from tests.integration.conftest import WatchApp
from tests.integration.watch_process import PATIENCE, Watching, ends


@pytest.fixture
def watch(watch_app: WatchApp) -> Iterator[Watching]:
    """A running command that runs the handler after each deploy; its first run has ended."""
    with watch_app("--local") as watch:
        assert watch.ending()["event"] == "deployed"
        yield watch


def save(watch: Watching, body: str) -> None:
    (watch.app / "index.js").write_text(f"exports.handler = async () => {{ {body} }}\n")


@requires("node")
def test_a_save_stops_a_handler_that_never_ends_and_its_children(watch: Watching) -> None:
    """It does not take the --timeout, which is five minutes."""
    pids = watch.app.parent / "pids"
    child = "require('child_process').spawn('sleep', ['300'], { detached: true })"
    write = f"require('fs').writeFileSync('{pids}', `${{process.pid}} ${{child.pid}}`)"
    start = time.monotonic()
    save(watch, f"const child = {child}; {write}; for (;;);")
    while not pids.exists() or not pids.read_text():
        assert time.monotonic() - start < PATIENCE
        time.sleep(0.05)
    save(watch, "return 2")
    assert watch.event("stopped")["cause"] == "index.js"
    deployed = watch.ending()
    assert (deployed["event"], deployed["response"]) == ("deployed", 2)
    assert all(ends(int(pid)) for pid in pids.read_text().split())


@requires("node")
def test_a_file_that_is_saved_as_it_was_leaves_the_handler_running(watch: Watching) -> None:
    started = watch.app.parent / "started"
    save(
        watch,
        f"require('fs').writeFileSync('{started}', 'x');"
        " return new Promise(end => setTimeout(() => end('ended'), 1500))",
    )
    while not started.exists():
        time.sleep(0.05)
    (watch.app / "lib/a.js").write_bytes((watch.app / "lib/a.js").read_bytes())
    (watch.app / ".git/HEAD").write_text("ref: refs/heads/other\n")
    ended = watch.ending()
    assert (ended["event"], ended["response"]) == ("deployed", "ended")
    assert "stopped" not in [event["event"] for event in watch.events]


@requires("node")
@pytest.mark.parametrize("target", ["folder", "../outside/deep/folder", "../outside/file.js"])
def test_a_broken_link_is_deployed_once_its_target_exists(watch: Watching, target: str) -> None:
    """Files saved in the meantime are deployed with it, without another save."""
    # What is beside the app may be packaged, as it is in the same work tree.
    (watch.app / ".git").rename(watch.app.parent / ".git")
    (watch.app / "link").symlink_to(target)
    assert "link" in watch.event("failed")["error"]
    save(watch, "return 'saved meanwhile'")
    watch.event("failed")
    made = watch.app / target
    if made.suffix:
        made.parent.mkdir(parents=True)
        made.write_text("made")
    else:
        made.mkdir(parents=True)
    ended = watch.event("deployed", "unchanged")
    assert ended["response"] == "saved meanwhile"


def in_a_session_with_a_terminal(program: str) -> str:
    """Run Python whose stdin is the terminal of its session; Enter was pressed before."""
    terminal, theirs = os.openpty()
    os.write(terminal, b"\n")
    run = subprocess.run(
        [sys.executable, "-c", f"import os\nfrom packager.cli.enter import Enter\n{program}"],
        stdin=theirs,
        capture_output=True,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        timeout=PATIENCE,
        check=True,
    )
    with contextlib.suppress(OSError):
        os.close(theirs)
        os.close(terminal)
    return run.stdout.strip()


def test_enter_is_read_once_in_the_foreground_of_a_terminal() -> None:
    program = "enter = Enter(); print(enter.file, enter.pressed(), enter.pressed())"
    assert in_a_session_with_a_terminal(program) == "0 True False"


def test_enter_is_left_to_the_shell_in_the_background() -> None:
    """The system would stop the packager if it read there."""
    program = "enter = Enter(); os.setpgid(0, 0); print(enter.file, enter.pressed())"
    # A session's leader cannot leave its group; its child can.
    program = f"pid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: {program}"
    assert in_a_session_with_a_terminal(program) == "None False"


def test_enter_is_not_expected_if_stdin_is_not_a_terminal() -> None:
    for stdin in (subprocess.DEVNULL, subprocess.PIPE):
        run = subprocess.run(
            [
                *(sys.executable, "-c"),
                "from packager.cli.enter import Enter; e = Enter(); print(e.file, e.pressed())",
            ],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout == "None False\n"
