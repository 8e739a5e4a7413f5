"""A proxy in front of the service that does to chosen requests what a test asks for."""

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

# The calls of a deploy, by what their requests look like.
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

# Does something to a request in place of passing it on.
Fault = Callable[["Exchange"], None]

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Exchange:
    """A request at the proxy, and the ways to answer it."""

    handler: BaseHTTPRequestHandler
    upstream: str
    go_away: Callable[[], None]
    heard: Callable[[bytes], None]

    @cached_property
    def body(self) -> bytes:
        """Read the body, when it is first asked for."""
        body = self.read(self._size)
        self.heard(body)
        return body

    def read(self, size: int) -> bytes:
        """Read so much of the body that was not read yet."""
        if self.handler.headers.get("Expect", "").lower() == "100-continue":
            self.handler.send_response_only(100)
            self.handler.end_headers()
        return self.handler.rfile.read(size)

    @property
    def _size(self) -> int:
        return int(self.handler.headers.get("Content-Length", 0))

    def reset(self) -> None:
        """Break the connection off, as a machine that goes down (RST in place of FIN)."""
        self.handler.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.close()

    def close(self) -> None:
        """Close the connection, whatever was answered so far."""
        self.handler.close_connection = True
        # The socket itself closes only with the last of the files made of it.
        self.handler.rfile.close()
        self.handler.connection.close()

    def ask_upstream(self) -> Answer:
        """Pass the request on; give status, headers and body of the answer."""
        address = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        with contextlib.closing(connection):
            headers = dict(self.handler.headers.items())
            connection.request(self.handler.command, self.handler.path, self.body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def send(self, begin: bytes, rest: Iterable[bytes], *, pause: float) -> None:
        """Send bytes until the client has gone, with a pause after each part."""
        with contextlib.suppress(OSError):
            for part in itertools.chain([begin], rest):
                self.handler.connection.sendall(part)
                time.sleep(pause)
        self.close()

    def reply(
        self, status: int, headers: dict[str, str], body: bytes, *, sent: int | None = None
    ) -> None:
        """Answer the request, once it is read; of the answer's body only `sent` bytes."""
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


def reset_before_the_body(exchange: Exchange) -> None:
    """Break the connection off when the headers are read."""
    exchange.reset()


def reset_during_the_body(exchange: Exchange) -> None:
    """Break the connection off when half of the body is read."""
    exchange.read(exchange._size // 2)
    exchange.reset()


def reset_after_the_body(exchange: Exchange) -> None:
    """Break the connection off when all is read, and do nothing of what was asked."""
    _ = exchange.body
    exchange.reset()


def lose_the_answer(exchange: Exchange) -> None:
    """Pass the request on, and break the connection off."""
    exchange.ask_upstream()
    exchange.reset()


def half_an_answer(exchange: Exchange) -> None:
    """Pass the request on, and close the connection within the answer's body."""
    status, headers, body = exchange.ask_upstream()
    body = body or b"nothing"
    exchange.reply(status, headers, body, sent=len(body) // 2)
    exchange.close()


def silence(seconds: float) -> Fault:
    """Say nothing for so long, or until the client gives up; then break the connection off."""

    def wait(exchange: Exchange) -> None:
        _ = exchange.body
        exchange.handler.connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            exchange.handler.connection.recv(1)
        exchange.reset()

    return wait


def garbage(exchange: Exchange) -> None:
    """Pass the request on, and answer what is neither JSON nor XML, as something in between may."""
    exchange.ask_upstream()
    exchange.reply(200, {"Content-Type": "text/html"}, b"<html>{Welcome to our Wi-Fi")


def replying(status: int, headers: dict[str, str], body: bytes) -> Fault:
    """Pass the request on, and answer with something else."""

    def answer(exchange: Exchange) -> None:
        exchange.ask_upstream()
        exchange.reply(status, headers, body)

    return answer


def dripping(begin: bytes) -> Fault:
    """Pass the request on, and answer with `begin` and then a byte now and then, without an end."""

    def answer(exchange: Exchange) -> None:
        exchange.ask_upstream()
        exchange.send(begin, itertools.repeat(b"x"), pause=0.1)

    return answer


def endless(exchange: Exchange) -> None:
    """Pass the request on, and answer with 3 GB as fast as they are read."""
    exchange.ask_upstream()
    begin = f"HTTP/1.1 200 OK\r\nContent-Length: {3 << 30}\r\n\r\n".encode()
    exchange.send(begin, itertools.repeat(bytes(1 << 16), 3 << 14), pause=0)


def redirect(location: str) -> Fault:
    """Answer that what is asked for is at `location`, for ever."""

    def answer(exchange: Exchange) -> None:
        exchange.reply(307, {"Location": location}, b"")

    return answer


def pass_on(exchange: Exchange) -> None:
    """Pass the request on, and the answer back."""
    exchange.reply(*exchange.ask_upstream())


def leaving(fault: Fault = pass_on) -> Fault:
    """Listen no more before a request is answered: the next one is refused."""

    def answer(exchange: Exchange) -> None:
        exchange.go_away()
        exchange.handler.close_connection = True
        fault(exchange)

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
    go_away: Callable[[], None]
    connections: Callable[[], int]  # that were accepted so far
    rules: list[Rule] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def on(self, call: str, fault: Fault, *, times: int | None = None, skip: int = 0) -> None:
        """Let requests of `call` meet `fault`."""
        self.rules.append(Rule(call, fault, times, skip))

    def tries(self, call: str) -> Counter[str]:
        """Count how often each request of `call` came: those with the same method and path."""
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
    """Serves until it goes away, with all its connections."""

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
        """Say nothing of a client that has gone: tests send them signals."""

    def go_away(self, *, but: socket.socket | None = None) -> None:
        """Close the port and every connection `but` one."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        for connection in self._connections - {but}:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxying(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in front of `upstream`, on a free port of the loopback interface."""
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

            def heard(body: bytes) -> None:
                proxy.sent[number] = body

            def go_away() -> None:
                server.go_away(but=self.connection)

            exchange = Exchange(self, upstream, go_away, heard)
            (fault or pass_on)(exchange)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep the test's output clean."""

    server = _Server(Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    proxy = Proxy(url, server.go_away, lambda: server.accepted)
    try:
        yield proxy
    finally:
        server.go_away()
