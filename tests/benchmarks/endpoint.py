"""A Lambda API that receives packages and keeps their hashes; it is fast, to show differences.

    python -m tests.benchmarks.endpoint

As a process, it prints its URL, and then for each package the time of `time.monotonic` when its
request began.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

_CHUNK = 1 << 18
_EMPTY = base64.b64encode(hashlib.sha256(b"").digest()).decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise a response's body waits for the acknowledgement of its headers.
    disable_nagle_algorithm = True
    code_sha256 = _EMPTY
    updates = 0

    def do_GET(self) -> None:
        """Handle GetFunctionConfiguration, or return the number of packages received."""
        if self.path == "/updates":
            self._respond({"Updates": _Handler.updates})
        else:
            self._respond(_Handler._function())

    def do_PUT(self) -> None:
        """Handle UpdateFunctionCode."""
        print(time.monotonic(), flush=True)
        _Handler.updates += 1
        _Handler.code_sha256 = self._received()
        self._respond(_Handler._function())

    def _received(self) -> str:
        """Hash the package in a request's JSON in chunks."""
        left = int(self.headers["Content-Length"])
        digest = hashlib.sha256()
        rest = b""
        inside = False
        while left:
            chunk = self.rfile.read(min(_CHUNK, left))
            left -= len(chunk)
            rest += chunk
            if not inside:
                _, found, after = rest.partition(b'"ZipFile"')
                start = after.find(b'"') + 1
                if not found or not start:
                    continue
                rest, inside = after[start:], True
            encoded, end, _ = rest.partition(b'"')
            whole = len(encoded) - len(encoded) % 4
            digest.update(base64.b64decode(encoded[:whole]))
            rest = encoded[whole:] + end
        return base64.b64encode(digest.digest()).decode()

    @classmethod
    def _function(cls) -> dict[str, object]:
        return {
            "FunctionName": "benchmark",
            "Runtime": "provided.al2023",
            "Version": "$LATEST",
            "CodeSha256": cls.code_sha256,
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }

    def _respond(self, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log no requests."""


class Endpoint:
    """A running endpoint."""

    def __init__(self, url: str, updates: IO[str]) -> None:
        """Store the URL, and the stream of times that the endpoint prints."""
        self.url = url
        self._updates = updates

    def next_update(self) -> float:
        """Wait for an update, and return the time of `time.monotonic` when its request began."""
        return float(self._updates.readline())

    def updates(self) -> int:
        """Return the number of packages received."""
        with urllib.request.urlopen(f"{self.url}/updates") as response:
            return int(json.load(response)["Updates"])

    def settings(self) -> dict[str, str]:
        """Return the packager's settings for deploys to the endpoint."""
        return {
            "_LAMBDA_FUNCTION_ARN": "benchmark",
            "_AWS_ACCESS_KEY_ID": "invented",
            "_AWS_SECRET_ACCESS_KEY": "invented",
            "_AWS_DEFAULT_REGION": "eu-west-1",
            "_AWS_ENDPOINT_URL": self.url,
        }


def aws_settings(url: str) -> dict[str, str]:
    """Return the AWS CLI's settings for an endpoint."""
    return {
        "AWS_ACCESS_KEY_ID": "invented",
        "AWS_SECRET_ACCESS_KEY": "invented",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextlib.contextmanager
def running() -> Iterator[Endpoint]:
    """Run an endpoint in its own process."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        yield Endpoint(process.stdout.readline().strip(), process.stdout)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
