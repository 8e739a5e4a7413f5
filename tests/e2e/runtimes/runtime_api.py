"""The side of Lambda that a runtime talks to.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, version 2018-06-01. AWS's own
runtime interface emulator is not in the module proxy of Go, so this is what can run everywhere.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_RUNTIME = "/2018-06-01/runtime"


@dataclass
class RuntimeApi:
    """A running API at `address`; it hands out invocations and takes what becomes of them."""

    address: str = ""
    _events: queue.Queue[bytes] = field(default_factory=queue.Queue)
    _answers: queue.Queue[tuple[str, bytes]] = field(default_factory=queue.Queue)

    def invoke(self, event: object, timeout: float = 60) -> object:
        """Give the runtime an event, and return what its handler answers.

        Raises AssertionError, with the runtime's own words, if it fails.
        """
        self._events.put(json.dumps(event).encode())
        kind, body = self._answers.get(timeout=timeout)
        assert kind == "response", body.decode()
        return json.loads(body)


@contextlib.contextmanager
def serving(function: str) -> Iterator[RuntimeApi]:
    """Serve the API to one runtime of `function`, on a free port of the loopback interface."""
    api = RuntimeApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            assert self.path == f"{_RUNTIME}/invocation/next", self.path
            # Until the test ends there may be another event; the runtime waits for it.
            event = api._events.get()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(event)))
            self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000))
            self.send_header(
                "Lambda-Runtime-Invoked-Function-Arn",
                f"arn:aws:lambda:eu-west-1:123456789012:function:{function}",
            )
            self.end_headers()
            self.wfile.write(event)

        def do_POST(self) -> None:
            # …/invocation/ID/response, …/invocation/ID/error or …/init/error
            api._answers.put((self.path.rpartition("/")[2], self._body()))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers["Content-Length"]))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.address = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
