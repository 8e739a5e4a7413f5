"""Secrets that are known by a word, where the packager meets secrets, and the search for them."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.service import REGION, bare_environment

WORD = "canary"

CONFIG = {
    "DATABASE_URL": "postgres://canary:p%40ss@host:5432/db?a=b#c!",
    "EMPTY": "",
    "JSON": '{"key": "canary\\n\\u0001"}',
    "UNICODE": "canary é 😀",
    "TWO_LINES": "first canary line\nsecond canary line",
    "PADDED": "  canary in blanks\t",
    # The app's own AWS variables are config like any other.
    "AWS_ACCESS_KEY_ID": "own-canary-id",
    "AWS_SECRET_ACCESS_KEY": "own-canary-secret",
}
CREDENTIALS = {
    "_AWS_ACCESS_KEY_ID": "canary-key-id",
    "_AWS_SECRET_ACCESS_KEY": "canary/secret+access/key",
    "_AWS_SESSION_TOKEN": "canary/session+token==",
}
# Nothing that begins with `_` goes into the package: these tell of those that do.
UNDERSCORED = {"_OWN": "underscored-canary", "_LINES": "x\nUNDERSCORED=underscored-canary"}

_BASE64 = re.compile("[A-Za-z0-9+/]{8,}")

# Logs all that Python and botocore say, as a user may switch on from outside.
_DEBUG_LOGGING = """\
import logging, os, sys
logging.basicConfig(filename=os.environ["_DEBUG_LOG"], level=logging.DEBUG)
for name in ("boto3", "botocore", "botocore.auth", "botocore.parsers", "s3transfer", "urllib3"):
    logging.getLogger(name).setLevel(logging.DEBUG)
"""


def settings(url: str, function: str) -> dict[str, str]:
    """Give what a deploy to `function` of the service at `url` needs, secrets planted."""
    return {
        **CONFIG,
        **CREDENTIALS,
        **UNDERSCORED,
        "_LAMBDA_FUNCTION_ARN": function,
        "_AWS_DEFAULT_REGION": REGION,
        "_AWS_ENDPOINT_URL": url,
    }


def traces(text: str, word: str = WORD) -> list[str]:
    """Find `word` in `text`: as it is, percent-encoded, in hex, or within what is in base64."""
    found = [form for form in (word, word.encode().hex()) if form in urllib.parse.unquote(text)]
    for run in _BASE64.findall(text):
        decoded = [_decode(run[skip:]) for skip in range(4)]
        found += [run for data in decoded if word.encode() in data]
    return found


def _decode(run: str) -> bytes:
    return base64.b64decode(run[: len(run) // 4 * 4])


@dataclass(frozen=True)
class Run:
    """How a process ended, and everything that could be seen of it."""

    status: int
    stdout: str
    stderr: str
    log: str
    left: list[Path]

    @property
    def seen(self) -> str:
        """All it has shown and logged."""
        return "\n".join([self.stdout, self.stderr, self.log])


def run(*arguments: str | Path, env: Mapping[str, str], folder: Path, timeout: float = 90) -> Run:
    """Run `packager` with all logging on, its temporary files in `folder`."""
    return run_python("-m", "packager", *arguments, env=env, folder=folder, timeout=timeout)


def run_python(
    *arguments: str | Path, env: Mapping[str, str], folder: Path, timeout: float = 90
) -> Run:
    """Run Python with all logging on, its temporary files in `folder`, for `timeout` seconds."""
    temporary, logging = folder / "temporary", folder / "logging"
    for made in (temporary, logging):
        made.mkdir(parents=True, exist_ok=True)
    (logging / "sitecustomize.py").write_text(_DEBUG_LOGGING)
    log = logging / "log"
    ended = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=bare_environment(temporary)
        | {"PYTHONPATH": str(logging), "_DEBUG_LOG": str(log)}
        | dict(env),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Run(
        status=ended.returncode,
        stdout=ended.stdout,
        stderr=ended.stderr,
        log=log.read_text(errors="replace") if log.exists() else "",
        left=list(temporary.iterdir()),
    )
