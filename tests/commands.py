"""Run the packager as a command, and other programs, and return what they print."""

from __future__ import annotations

import ctypes
import os
import pty
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests import forks
from tests.service import SECRET_KEY


def packager(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    temporary: Path | None = None,
    timeout: float = 120,
    stdin: int | None = None,
    preexec: Callable[[], None] | None = None,
    on_dyno: bool = True,
    piped: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `packager` as a process whose environment is `env` plus the minimum it needs to start.

    With `service.settings(function)` in `env` it deploys to a function of the tests' service.
    `on_dyno` selects the environment of a dyno or of a laptop, and `piped` is its standard input.
    However it ends, it must show no traceback, no credential and no value with the word `canary`,
    and leave nothing in `temporary`.
    """
    environment = bare_environment(temporary) | dict(env or {})
    before = {*temporary.iterdir()} if temporary else set()
    if not on_dyno:
        del environment["DYNO"]
    if forks.can_run(environment) and (preexec, stdin) == (None, None):
        run = _forked([*map(str, arguments)], environment, cwd, piped, timeout)
    else:
        run = subprocess.run(
            [sys.executable, "-m", "packager", *map(str, arguments)],
            env=environment,
            input=piped,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=stdin,
            check=False,
            preexec_fn=preexec,
        )
    assert "Traceback" not in run.stderr, run.stderr
    for secret in ("canary", SECRET_KEY):
        assert secret not in run.stdout + run.stderr
    assert temporary is None or {*temporary.iterdir()} <= before
    return run


def _forked(
    arguments: list[str], env: dict[str, str], cwd: Path | None, piped: str | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    with (
        tempfile.TemporaryFile("w+") as stdin,
        tempfile.TemporaryFile("w+") as stdout,
        tempfile.TemporaryFile("w+") as stderr,
    ):
        stdin.write(piped or "")
        stdin.seek(0)
        files = stdin.fileno(), stdout.fileno(), stderr.fileno()
        process = forks.Process(arguments, env=env, files=files, cwd=cwd)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(arguments, status, stdout.read(), stderr.read())


def packager_on_a_terminal(
    *arguments: str | Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `packager` with a terminal as stdout and stderr; its stdout is all that was shown."""
    terminal, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "packager", *arguments],
        env=bare_environment() | dict(env),
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = bytearray()
        try:
            while part := os.read(terminal, 65536):
                shown += part
        except OSError:  # Linux reports the closed other end as an error.
            pass
        os.close(terminal)
    return subprocess.CompletedProcess(process.args, process.returncode, shown.decode())


def build(
    app: Path,
    *options: str | Path,
    env: Mapping[str, str] | None = None,
    to: Path | None = None,
    temporary: Path | None = None,
) -> zipfile.ZipFile:
    """Run `packager build`, which must succeed, and return the package: `to`, or `package.zip`."""
    package = to or app.with_name("package.zip")
    run = packager("build", app, "-o", package, *options, env=env, temporary=temporary)
    assert run.returncode == 0, run.stderr
    return zipfile.ZipFile(package)


def refused_build(app: Path, *options: str, env: Mapping[str, str] | None = None) -> str:
    """Run `packager build`, which must refuse the app and write nothing; return the error."""
    package = app.with_name("none.zip")
    run = packager("build", app, "-o", package, *options, env=env)
    assert run.returncode == 2, run.stdout + run.stderr
    assert "Unexpected" not in run.stderr
    assert not package.exists()
    return run.stderr


def run(*program: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run another program, such as npm or unzip. It must succeed; return its output."""
    done = subprocess.run(program, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def git(folder: Path, *arguments: str) -> None:
    """Run git in a repository; its commits have the same hashes in every run."""
    times = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2024-01-01T00:00:00Z")
    settings = ("user.name=a", "user.email=a@example.org", "commit.gpgsign=false")
    options = [word for setting in settings for word in ("-c", setting)]
    run("git", *options, *arguments, cwd=folder, env=os.environ | times)


# Looked up before the fork: a thread of the service that runs in this process may hold the dynamic
# linker's lock, and after the fork nothing releases it. Only Linux has prctl.
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)


def bound_by_permissions() -> None:
    """Give root the rights of an ordinary user, before an exec (prctl(2), PR_CAPBSET_DROP)."""
    for capability in (*range(8), *range(9, 41), 8):  # CAP_SETPCAP (8) allows this: last
        assert _PRCTL
        _PRCTL(24, capability, 0, 0, 0)


def bare_environment(temporary: Path | None = None) -> dict[str, str]:
    """Return the minimum that a process needs to start; its temporary files go to `temporary`.

    It is the environment of a dyno: the process's variables are its config.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DYNO": "run.1"} | ({"TMPDIR": str(temporary)} if temporary else {})
