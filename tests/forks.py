"""Run the packager in a process forked from one that has imported it: importing boto3 takes 0.5 s.

Each command still has its own process, environment, files and signals.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import os
import pkgutil
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import packager
from packager.cli import main

# Python reads these only when it starts, so a command with other values needs a new interpreter.
_READ_AT_START = ("LANG", "LC_ALL", "LC_CTYPE", "LANGUAGE")


def can_run(env: Mapping[str, str]) -> bool:
    """Return whether a forked process behaves like one that is started with `env`."""
    if sys.platform != "linux":  # Libraries of macOS do not survive a fork.
        return False
    return not any(name.startswith(("PYTHON", "LD_")) for name in env) and all(
        env.get(name) == os.environ.get(name) for name in _READ_AT_START
    )


def _umask() -> int:
    """Return the umask; os.umask can only return it by setting another, for all threads."""
    (line,) = re.findall(r"^Umask:\s*(\d+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(line, 8)


class Process:
    """A forked command, with the interface of subprocess.Popen."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        files: tuple[int, int, int],
        cwd: Path | None = None,
        prelude: str = "",
    ) -> None:
        """Start `packager` with these files as its stdin, stdout and stderr.

        It runs the Python code `prelude` first.
        """
        self.returncode: int | None = None
        self._reply, reply = os.pipe()
        request = {
            "arguments": ["packager", *arguments],
            "env": dict(env),
            "cwd": str(cwd or Path.cwd()),
            "umask": _umask(),
            "prelude": prelude,
        }
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps(request).encode())
            file.flush()
            _server().start(file.fileno(), *files, reply)
        os.close(reply)
        self.pid = int(self._line())

    def poll(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        if self.returncode is None and select.select([self._reply], [], [], 0)[0]:
            self.returncode = int(self._line())
            os.close(self._reply)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            select.select([self._reply], [], [], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired("packager", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the process with SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(self._reply, 1) or b"-9\n"
        return line


class _Server:
    """The process that forks; it ends with the tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forks", str(theirs.fileno())],
                cwd=Path(__file__).parents[1],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(self._end)

    def start(self, *files: int) -> None:
        with self._lock:
            socket.send_fds(self._socket, [b"x"], files)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


@functools.cache
def _server() -> _Server:
    return _Server()


def _import_all() -> None:
    """Import the packager and the libraries that it imports on first use."""
    for module in pkgutil.walk_packages(packager.__path__, "packager."):
        if not module.name.startswith(("packager.__main__", "packager.local.bootstrap")):
            import_module(module.name)
    for name in (
        *("boto3", "deflate", "javaproperties", "packaging", "pathspec", "rich.progress"),
        *("moto.awslambda.responses", "moto.core.botocore_stubber", "moto.s3.responses"),
    ):
        import_module(name)
    gc.freeze()  # A garbage collection would copy the pages that the processes share.


def _serve(commands: socket.socket) -> None:
    """Fork twice for each command: the second process runs it, the first waits and reports."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, files, _, _ = socket.recv_fds(commands, 1, 5)
        if not message:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            commands.close()
            request, *standard, reply = files
            pid = os.fork()
            if pid == 0:
                os.close(reply)
                _become(request, standard)
            for file in (request, *standard):
                os.close(file)
            os.write(reply, b"%d\n" % pid)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            os.write(reply, b"%d\n" % status)
            os._exit(0)
        for file in files:
            os.close(file)


def _become(request: int, standard: Sequence[int]) -> None:
    """Run the command in this process and exit."""
    with open(request, "rb") as file:
        file.seek(0)
        given = json.load(file)
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        if descriptor > 2:
            os.close(descriptor)
    os.chdir(given["cwd"])
    os.umask(given["umask"])
    os.environ.clear()
    os.environ.update(given["env"])
    time.tzset()
    tempfile.tempdir = None
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - closed when the process ends
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = given["arguments"]
    exec(given["prelude"], {})
    _exit(_status_of_main())


def _status_of_main() -> int:
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _exit(status: int) -> None:
    """Exit as Python does, but skip the slow release of memory that the server owns."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    # Whichever test was the first to run a command, signals have the effect that a terminal gives.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for _number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(_number, signal.SIG_DFL)
    with socket.socket(fileno=int(sys.argv[1])) as _commands:
        _import_all()
        _serve(_commands)
