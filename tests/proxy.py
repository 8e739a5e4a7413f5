"""A proxy in front of the service that does to chosen requests what a test asks for."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

# The calls of a deploy, by what their requests look like.
CALLS = {
    "state": re.compile(r"GET /2015-03-31/functions/[^/]+/configuration"),
    "update": re.compile(r"PUT /2015-03-31/functions/[^/]+/code"),
    "start upload": re.compile(r"POST /[^?]+\?uploads"),
    "part": re.compile(r"PUT /[^?]+\?.*partNumber="),
    "end upload": re.compile(r"POST /[^?]+\?.*uploadId="),
    "abort upload": re.compile(r"DELETE /[^?]+\?.*uploadId="),
    "put": re.compile(r"PUT /[^?]+/[^?]+(\?x-id=PutObject)?"),
}

# Does something to a request, its body read, in place of passing it on.
Fault = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """A request at the proxy, and the ways to answer it."""

    handler: BaseHTTPRequestHandler
    body: bytes
    upstream: str

    def ask_upstream(self) -> tuple[int, dict[str, str], bytes]:
        """Pass the request on; give status, headers and body of the answer."""
        address = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        with contextlib.closing(connection):
            headers = dict(self.handler.headers.items())
            connection.request(self.handler.command, self.handler.path, self.body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Answer the request."""
        self.handler.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.handler.send_header(name, value)
        if status != 204:
            self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        if self.handler.command != "HEAD":
            self.handler.wfile.write(body)


def error(status: int, code: str, message: str = "") -> Fault:
    """Answer as AWS does with an error, in JSON for Lambda or XML for S3."""

    def answer(exchange: Exchange) -> None:
        if exchange.handler.path.startswith("/2015-03-31/"):
            headers = {"x-amzn-ErrorType": code, "Content-Type": "application/json"}
            exchange.reply(status, headers, json.dumps({"message": message}).encode())
        else:
            text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            exchange.reply(status, {"Content-Type": "application/xml"}, text.encode())

    return answer


def changed(**fields: Any) -> Fault:
    """Pass the request on, and change `fields` of the JSON that is answered."""

    def answer(exchange: Exchange) -> None:
        status, headers, body = exchange.ask_upstream()
        exchange.reply(status, headers, json.dumps(json.loads(body) | fields).encode())

    return answer


@dataclass
class Rule:
    """Requests of a call, from the one after `skip` on, `times` of them (or all), meet a fault."""

    call: str
    fault: Fault
    times: int | None = None
    skip: int = 0


@dataclass
class Proxy:
    """A running proxy: where it is, what it does, and what it saw."""

    url: str
    rules: list[Rule] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def on(self, call: str, fault: Fault, *, times: int | None = None, skip: int = 0) -> None:
        """Let requests of `call` meet `fault`."""
        self.rules.append(Rule(call, fault, times, skip))

    def _fault_for(self, call: str) -> Fault | None:
        for rule in self.rules:
            if rule.call == call:
                if rule.skip > 0:
                    rule.skip -= 1
                elif rule.times is None or rule.times > 0:
                    rule.times = rule.times and rule.times - 1
                    return rule.fault
        return None


@contextlib.contextmanager
def proxying(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in front of `upstream`, on a free port of the loopback interface."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self._read_body()
            line = f"{self.command} {self.path}"
            call = next((name for name, form in CALLS.items() if form.match(line)), "other")
            with lock:
                proxy.calls.append(call)
                proxy.sent.append(body)
                fault = proxy._fault_for(call)
            exchange = Exchange(self, body, upstream)
            if fault:
                fault(exchange)
            else:
                exchange.reply(*exchange.ask_upstream())

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

        def _read_body(self) -> bytes:
            if self.headers.get("Expect", "").lower() == "100-continue":
                self.send_response_only(100)
                self.end_headers()
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
