"""A proxy in front of the service that injects faults into requests."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

# The calls of a deploy, and patterns of their requests.
CALLS = {
    "state": re.compile(r"GET /2015-03-31/functions/[^/]+/configuration$"),
    "version state": re.compile(r"GET /2015-03-31/functions/[^/]+/configuration\?Qualifier="),
    "publish": re.compile(r"POST /2015-03-31/functions/[^/]+/versions"),
    "get alias": re.compile(r"GET /2015-03-31/functions/[^/]+/aliases/"),
    "create alias": re.compile(r"POST /2015-03-31/functions/[^/]+/aliases"),
    "move alias": re.compile(r"PUT /2015-03-31/functions/[^/]+/aliases/"),
    "invoke": re.compile(r"POST /2015-03-31/functions/[^/]+/invocations"),
    "list versions": re.compile(r"GET /2015-03-31/functions/[^/]+/versions"),
    "list aliases": re.compile(r"GET /2015-03-31/functions/[^/]+/aliases(\?|$)"),
    "delete version": re.compile(r"DELETE /2015-03-31/functions/[^/]+\?Qualifier="),
    "update": re.compile(r"PUT /2015-03-31/functions/[^/]+/code"),
    "start upload": re.compile(r"POST /[^?]+\?uploads"),
    "part": re.compile(r"PUT /[^?]+\?.*partNumber="),
    "end upload": re.compile(r"POST /[^?]+\?.*uploadId="),
    "abort upload": re.compile(r"DELETE /[^?]+\?.*uploadId="),
    "put": re.compile(r"PUT /[^?]+/[^?]+(\?x-id=PutObject)?"),
}

# Handles a request instead of forwarding it.
Fault = Callable[["Exchange"], None]

Response = tuple[int, dict[str, str], bytes]


@dataclass
class Exchange:
    """A request at the proxy, and ways to respond to it."""

    handler: BaseHTTPRequestHandler
    upstream: str
    shut_down: Callable[[], None]
    record: Callable[[bytes], None]

    @cached_property
    def body(self) -> bytes:
        """Return the body; it is read on first use."""
        body = self.read(self._size)
        self.record(body)
        return body

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes of the rest of the body."""
        if self.handler.headers.get("Expect", "").lower() == "100-continue":
            self.handler.send_response_only(100)
            self.handler.end_headers()
        return self.handler.rfile.read(size)

    @property
    def _size(self) -> int:
        return int(self.handler.headers.get("Content-Length", 0))

    def reset(self) -> None:
        """Reset the connection, as a machine that crashes does (RST instead of FIN)."""
        self.handler.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.close()

    def close(self) -> None:
        """Close the connection, whatever has been sent so far."""
        self.handler.close_connection = True
        # The socket closes only when the last file made from it is closed.
        self.handler.rfile.close()
        self.handler.connection.close()

    def forward(self) -> Response:
        """Forward the request; return the status, headers and body of the response."""
        address = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        with contextlib.closing(connection):
            headers = dict(self.handler.headers.items())
            connection.request(self.handler.command, self.handler.path, self.body, headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()

    def send(self, begin: bytes, rest: Iterable[bytes], *, pause: float) -> None:
        """Send bytes until the client disconnects, with a pause after each part."""
        with contextlib.suppress(OSError):
            for part in itertools.chain([begin], rest):
                self.handler.connection.sendall(part)
                time.sleep(pause)
        self.close()

    def reply(
        self, status: int, headers: dict[str, str], body: bytes, *, sent: int | None = None
    ) -> None:
        """Read the request and respond; `sent` limits the bytes of the body that are sent."""
        _ = self.body
        self.handler.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.handler.send_header(name, value)
        if self.handler.close_connection:
            self.handler.send_header("Connection", "close")
        if status != 204:
            self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        if self.handler.command != "HEAD":
            self.handler.wfile.write(body[:sent])
        self.handler.wfile.flush()


def error(status: int, code: str, message: str = "") -> Fault:
    """Respond with an error of AWS, in JSON for Lambda or XML for S3."""

    def respond(exchange: Exchange) -> None:
        if exchange.handler.path.startswith("/2015-03-31/"):
            headers = {"x-amzn-ErrorType": code, "Content-Type": "application/json"}
            exchange.reply(status, headers, json.dumps({"message": message}).encode())
        else:
            text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            exchange.reply(status, {"Content-Type": "application/xml"}, text.encode())

    return respond


def changed(**fields: Any) -> Fault:
    """Forward the request, and change `fields` in the JSON of the response."""

    def respond(exchange: Exchange) -> None:
        status, headers, body = exchange.forward()
        exchange.reply(status, headers, json.dumps(json.loads(body) | fields).encode())

    return respond


def reset_before_the_body(exchange: Exchange) -> None:
    """Reset the connection after the headers."""
    exchange.reset()


def reset_during_the_body(exchange: Exchange) -> None:
    """Reset the connection after half of the body."""
    exchange.read(exchange._size // 2)
    exchange.reset()


def reset_after_the_body(exchange: Exchange) -> None:
    """Reset the connection after the whole request, without forwarding it."""
    _ = exchange.body
    exchange.reset()


def lose_response(exchange: Exchange) -> None:
    """Forward the request, and reset the connection instead of responding."""
    exchange.forward()
    exchange.reset()


def truncate_response(exchange: Exchange) -> None:
    """Forward the request, and close the connection halfway through the response's body."""
    status, headers, body = exchange.forward()
    body = body or b"nothing"
    exchange.reply(status, headers, body, sent=len(body) // 2)
    exchange.close()


def silence(seconds: float) -> Fault:
    """Send nothing for some seconds or until the client disconnects, then reset the connection."""

    def wait(exchange: Exchange) -> None:
        _ = exchange.body
        exchange.handler.connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            exchange.handler.connection.recv(1)
        exchange.reset()

    return wait


def garbage(exchange: Exchange) -> None:
    """Forward the request, and respond with neither JSON nor XML, as the page of a web filter."""
    exchange.forward()
    exchange.reply(200, {"Content-Type": "text/html"}, b"<html>{Welcome to our Wi-Fi")


def replying(status: int, headers: dict[str, str], body: bytes) -> Fault:
    """Forward the request, and send another response."""

    def respond(exchange: Exchange) -> None:
        exchange.forward()
        exchange.reply(status, headers, body)

    return respond


def dripping(begin: bytes) -> Fault:
    """Forward the request, and respond with `begin` and then a byte at a time, without end."""

    def respond(exchange: Exchange) -> None:
        exchange.forward()
        exchange.send(begin, itertools.repeat(b"x"), pause=0.1)

    return respond


def endless(exchange: Exchange) -> None:
    """Forward the request, and respond with 3 GB as fast as the client reads."""
    exchange.forward()
    begin = f"HTTP/1.1 200 OK\r\nContent-Length: {3 << 30}\r\n\r\n".encode()
    exchange.send(begin, itertools.repeat(bytes(1 << 16), 3 << 14), pause=0)


def redirect(location: str) -> Fault:
    """Redirect every request to `location`."""

    def respond(exchange: Exchange) -> None:
        exchange.reply(307, {"Location": location}, b"")

    return respond


def forward(exchange: Exchange) -> None:
    """Forward the request, and return the response."""
    exchange.reply(*exchange.forward())


def refusing_next(fault: Fault = forward) -> Fault:
    """Stop listening before the response is sent, so that the next request is refused."""

    def respond(exchange: Exchange) -> None:
        exchange.shut_down()
        exchange.handler.close_connection = True
        fault(exchange)

    return respond


@dataclass
class Rule:
    """A fault for `times` requests of a call (None: all), after the first `skip` requests."""

    call: str
    fault: Fault
    times: int | None = None
    skip: int = 0


@dataclass
class Proxy:
    """A running proxy: its address, its rules, and the requests that it has seen."""

    url: str
    shut_down: Callable[[], None]
    connections: Callable[[], int]  # accepted so far
    rules: list[Rule] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def on(self, call: str, fault: Fault, *, times: int | None = None, skip: int = 0) -> None:
        """Inject `fault` into requests of `call`."""
        self.rules.append(Rule(call, fault, times, skip))

    def tries(self, call: str) -> Counter[str]:
        """Count how often each request of `call` (a method and path) was sent."""
        return Counter(
            line for line, name in zip(self.lines, self.calls, strict=True) if name == call
        )

    def _fault_for(self, call: str) -> Fault | None:
        for rule in self.rules:
            if rule.call == call:
                if rule.skip > 0:
                    rule.skip -= 1
                elif rule.times is None or rule.times > 0:
                    rule.times = rule.times and rule.times - 1
                    return rule.fault
        return None


class _Server(ThreadingHTTPServer):
    """A server that can be shut down with all its connections."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._connections: set[socket.socket] = set()
        self.accepted = 0
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        self.accepted += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that have disconnected: tests send them signals."""

    def shut_down(self, *, but: socket.socket | None = None) -> None:
        """Close the port and every connection except `but`."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        for connection in self._connections - {but}:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxying(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in front of `upstream`, on a free loopback port."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            line = f"{self.command} {self.path}"
            call = next((name for name, form in CALLS.items() if form.match(line)), "other")
            with lock:
                number = len(proxy.calls)
                proxy.calls.append(call)
                proxy.lines.append(line)
                proxy.sent.append(b"")
                fault = proxy._fault_for(call)

            def record(body: bytes) -> None:
                proxy.sent[number] = body

            def shut_down() -> None:
                server.shut_down(but=self.connection)

            exchange = Exchange(self, upstream, shut_down, record)
            (fault or forward)(exchange)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep the test's output clean."""

    server = _Server(Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    proxy = Proxy(url, server.shut_down, lambda: server.accepted)
    try:
        yield proxy
    finally:
        server.shut_down()
