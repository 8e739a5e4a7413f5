"""Secrets that contain a known word, and a search for the word in output, logs and packages."""

from __future__ import annotations

import base64
import io
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import javaproperties

from tests import forks
from tests.commands import bare_environment
from tests.service import REGION

WORD = "canary"

CONFIG = {
    "DATABASE_URL": "postgres://canary:p%40ss@host:5432/db?a=b#c!",
    "EMPTY": "",
    "JSON": '{"key": "canary\\n\\u0001"}',
    "UNICODE": "canary é 😀",
    "TWO_LINES": "first canary line\nsecond canary line",
    "PADDED": "  canary in blanks\t",
    # The app's own AWS variables are ordinary config.
    "AWS_ACCESS_KEY_ID": "own-canary-id",
    "AWS_SECRET_ACCESS_KEY": "own-canary-secret",
}
CREDENTIALS = {
    "_AWS_ACCESS_KEY_ID": "canary-key-id",
    "_AWS_SECRET_ACCESS_KEY": "canary/secret+access/key",
    "_AWS_SESSION_TOKEN": "canary/session+token==",
}
# Names that begin with `_` are not packaged; a value of these would show that one was.
UNDERSCORED = {"_OWN": "underscored-canary", "_LINES": "x\nUNDERSCORED=underscored-canary"}

_BASE64 = re.compile("[A-Za-z0-9+/]{8,}")

# Logs everything from Python and botocore at debug level, as a user may enable it from outside.
_DEBUG_LOGGING = """\
import logging, os, sys
logging.basicConfig(filename=os.environ["_DEBUG_LOG"], level=logging.DEBUG)
for name in ("boto3", "botocore", "botocore.auth", "botocore.parsers", "s3transfer", "urllib3"):
    logging.getLogger(name).setLevel(logging.DEBUG)
"""


def settings(url: str, function: str) -> dict[str, str]:
    """Return settings and config with secrets, to deploy to `function` of the service at `url`."""
    return {
        **CONFIG,
        **CREDENTIALS,
        **UNDERSCORED,
        "_LAMBDA_FUNCTION_ARN": function,
        "_AWS_DEFAULT_REGION": REGION,
        "_AWS_ENDPOINT_URL": url,
    }


def traces(text: str, word: str = WORD) -> list[str]:
    """Find `word` in `text`, in plain text, percent-encoded, in hexadecimal or inside base64."""
    found = [form for form in (word, word.encode().hex()) if form in urllib.parse.unquote(text)]
    for run in _BASE64.findall(text):
        decoded = [_decode(run[skip:]) for skip in range(4)]
        found += [run for data in decoded if word.encode() in data]
    return found


def _decode(run: str) -> bytes:
    return base64.b64decode(run[: len(run) // 4 * 4])


@dataclass(frozen=True)
class Run:
    """A process that has ended: its status, its output, its logs, and the files that it left."""

    status: int
    stdout: str
    stderr: str
    log: str
    left: list[Path]

    @property
    def seen(self) -> str:
        """Return all output and logs."""
        return "\n".join([self.stdout, self.stderr, self.log])


# Receives the output so far; returns whether to interrupt the process.
Until = Callable[[str], bool]


def run(
    *arguments: str | Path,
    env: Mapping[str, str],
    folder: Path,
    timeout: float = 90,
    until: Until | None = None,
) -> Run:
    """Run `packager` with debug logging and with its temporary files in `folder`.

    If `until` returns true for the output so far, the process is interrupted.
    """
    if not forks.can_run(env):
        program = ("-m", "packager", *arguments)
        return run_python(*program, env=env, folder=folder, timeout=timeout, until=until)

    def start(out: int, err: int, given: Mapping[str, str]) -> forks.Process:
        with Path(os.devnull).open() as nothing:
            files = nothing.fileno(), out, err
            return forks.Process(
                [*map(str, arguments)], env=given, files=files, prelude=_DEBUG_LOGGING
            )

    return _run(start, env, folder, timeout, until)


def run_python(
    *arguments: str | Path,
    env: Mapping[str, str],
    folder: Path,
    timeout: float = 90,
    until: Until | None = None,
) -> Run:
    """Run Python with the same logging as `run`, for at most `timeout` seconds."""
    site = folder / "logging"
    site.mkdir(parents=True, exist_ok=True)
    (site / "sitecustomize.py").write_text(_DEBUG_LOGGING)

    def start(out: int, err: int, given: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env={"PYTHONPATH": str(site), **given},
            stdout=out,
            stderr=err,
        )

    return _run(start, env, folder, timeout, until)


def _run(
    start: Callable[[int, int, Mapping[str, str]], subprocess.Popen[bytes] | forks.Process],
    env: Mapping[str, str],
    folder: Path,
    timeout: float,
    until: Until | None,
) -> Run:
    temporary, logging = folder / "temporary", folder / "logging"
    for made in (temporary, logging):
        made.mkdir(parents=True, exist_ok=True)
    stdout, stderr, log = (logging / name for name in ("stdout", "stderr", "log"))
    given = bare_environment(temporary) | {"_DEBUG_LOG": str(log)} | dict(env)
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = start(out.fileno(), err.fileno(), given)
    try:
        end = time.monotonic() + timeout
        while until and process.poll() is None and time.monotonic() < end:
            if until(stdout.read_text() + stderr.read_text()):
                process.send_signal(signal.SIGINT)
                break
            time.sleep(0.05)
        process.wait(end - time.monotonic())
    finally:
        process.kill()
        status = process.wait()
    return Run(
        status=status,
        stdout=stdout.read_text(),
        stderr=stderr.read_text(),
        log=log.read_text(errors="replace") if log.exists() else "",
        left=list(temporary.iterdir()),
    )


def assert_no_secret_seen(run: Run) -> None:
    """Search the output, the logs and the remaining files for secrets."""
    seen = [line for line in run.seen.splitlines() if traces(line)]
    assert not seen, seen
    assert not run.left, run.left


def assert_no_setting_in(package: Path | bytes) -> None:
    """Check that the package contains all variables exactly, and no setting or part of one."""
    content = package if isinstance(package, bytes) else package.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [archive.read(name) for name in archive.namelist()]
        text = archive.read("env.properties").decode("ascii")
    config = javaproperties.loads(text)
    assert config.items() >= CONFIG.items()
    assert not any(name.startswith("_") or name == "UNDERSCORED" for name in config)
    for secret in (*CREDENTIALS.values(), "underscored-canary"):
        assert not any(secret.encode() in entry for entry in [content, *entries])
