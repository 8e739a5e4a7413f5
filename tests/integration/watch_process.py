"""`packager watch` as a process, and the events of its runs."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from packager.apps import resolve
from packager.config.env_files import read_env_file
from packager.config.inputs import Config
from packager.config.settings import Settings
from packager.package import build
from tests.commands import bare_environment
from tests.proxy import Proxy, proxying
from tests.service import Service
from tests.trees import plant

# Seconds; longer than a busy machine pauses in the middle of one save.
QUIET_TIME = 0.4

# Maximum seconds for a run on a busy machine; normally it ends earlier.
PATIENCE = 60.0

# An event of `--json-lines`.
Event = dict[str, Any]

_ENDINGS = ("deployed", "unchanged", "failed")


@dataclass
class Watching:
    """A running `packager watch` of the app in a folder, and its Lambda function."""

    app: Path
    service: Service
    proxy: Proxy
    function: str
    env_file: Path
    process: subprocess.Popen[str]
    received: queue.SimpleQueue[Event | None] = field(default_factory=queue.SimpleQueue)
    events: list[Event] = field(default_factory=list)

    def change(self, name: str = "index.js") -> None:
        """Write something new to a file."""
        (self.app / name).write_text(f"exports.n = {time.time_ns()}\n")

    def event(self, *kinds: str) -> Event:
        """Wait for the next event of one of `kinds`."""
        end = time.monotonic() + PATIENCE
        while True:
            received = self.received.get(timeout=max(0.0, end - time.monotonic()))
            assert received is not None, "the command has ended"
            self.events.append(received)
            if received["event"] in kinds:
                return received

    def ending(self) -> Event:
        """Wait for the next end of a run."""
        return self.event(*_ENDINGS)

    def deployed(self) -> Event:
        """Wait for the next end of a run, which must be a deploy of the app as it is now."""
        ending = self.ending()
        assert ending["event"] == "deployed", ending
        assert self.service.stored(self.function) == self.built()
        return ending

    def until_deployed(self) -> Event:
        """Wait until the function runs the app as it is now, whatever happens before that."""
        while True:
            ending = self.ending()
            if ending["event"] != "failed" and self.is_current():
                return ending

    def is_current(self) -> bool:
        """Return whether the function runs the app as it is now."""
        return self.service.stored(self.function) == self.built()

    def built(self) -> bytes:
        """Return the package that a full build of the app creates now."""
        destination = self.app.with_name(f"{self.app.name}.{threading.get_ident()}.zip")
        try:
            variables = read_env_file(self.env_file).variables
            build.build(resolve(self.app, Settings()), Config(Settings(), variables), destination)
            return destination.read_bytes()
        finally:
            destination.unlink(missing_ok=True)

    @contextlib.contextmanager
    def expecting(self, *, deploys: int) -> Iterator[None]:
        """Check that the changes in the block cause this many deploys; the last is current."""
        before = self.updates
        yield
        if deploys == 0:
            # The end of the wait is the deploy of another change.
            time.sleep(1.5 * QUIET_TIME)
            self.change("something-else.js")
            deploys = 1
        for _ in range(deploys - 1):
            self.ending()
        self.deployed()
        time.sleep(1.5 * QUIET_TIME)
        assert self.received.empty()
        assert self.updates - before == deploys, self.events

    @property
    def updates(self) -> int:
        """Return how often the function was updated."""
        return self.proxy.calls.count("update")

    def end(self, number: int = signal.SIGINT) -> int:
        """Interrupt the command and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def watching(
    app: Path,
    service: Service,
    proxy: Proxy,
    function: str,
    *options: str | Path,
    temporary: Path,
    env: Mapping[str, str] | None = None,
    prefix: tuple[str, ...] = (),
) -> Iterator[Watching]:
    """Run the command until the block ends; it must leave no temporary file.

    If there is a `prefix`, that command runs it.
    """
    settings = service.settings(function, through=proxy.url)
    env_file = app.with_name("config.env")
    env_file.write_text("GREETING=hello\n")
    process = subprocess.Popen(
        [
            *prefix,
            *(sys.executable, "-m", "packager", "watch", str(app), "--json-lines"),
            *("--quiet-time", str(round(QUIET_TIME * 1000))),
            *("--env-file", str(env_file), *map(str, options)),
        ],
        env=bare_environment(temporary) | settings | dict(env or {}),
        stdout=subprocess.PIPE,
        text=True,
    )
    watching = Watching(app, service, proxy, function, env_file, process)
    reader = threading.Thread(target=_read, args=(process, watching.received), daemon=True)
    reader.start()
    try:
        yield watching
        if process.poll() is None:
            assert watching.end() == 128 + signal.SIGINT
        assert not list(temporary.iterdir())
    finally:
        process.kill()
        process.wait()
        reader.join()
        if process.stdout:
            process.stdout.close()


@contextlib.contextmanager
def watching_new_app(
    folder: Path, service: Service, function: str, *options: str
) -> Iterator[Watching]:
    """Create an app and a function, and watch the app until the block ends."""
    (folder / "temporary").mkdir()
    app = node_app(folder / "app")
    service.create_function(function)
    with (
        proxying(service.url) as proxy,
        watching(app, service, proxy, function, *options, temporary=folder / "temporary") as watch,
    ):
        watch.deployed()
        yield watch


def _read(process: subprocess.Popen[str], received: queue.SimpleQueue[Event | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        received.put(json.loads(line))
    received.put(None)


def in_namespace(*arguments: str, setup: str) -> tuple[str, ...]:
    """Return the prefix of a command that runs in its own namespaces, after `setup`.

    The process stays the same, so it can receive signals. Skips the test if namespaces are missing.
    """
    words = ("unshare", "--user", *arguments, "sh", "-c")
    if subprocess.run([*words, setup], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine gives no namespaces to its users")
    return (*words, f'{setup}\nexec "$@"', "sh")


NODE_APP = {
    "package.json": '{"name": "app", "version": "1.0.0"}',
    "index.js": "exports.handler = async () => 1\n",
    "lib/a.js": "exports.a = 1\n",
    "lib/deep/b.js": "exports.b = 1\n",
    "node_modules/dep/index.js": "exports.n = 1\n",
    "node_modules/dep/debug.log": "installed\n",
    ".git/HEAD": "ref: refs/heads/main\n",
    ".lambdaignore": "docs/\n",
    "docs/index.md": "# Docs\n",
}


def node_app(folder: Path) -> Path:
    """Create an app with code in folders, a dependency, and files that are ignored."""
    return plant(folder, NODE_APP)


def ends(pid: int) -> bool:
    """Wait until a process has ended; return whether it has."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False
