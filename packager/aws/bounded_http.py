"""Bounds on HTTP responses: the time until a response is complete, and its size.

botocore's timeouts end one silence. A response that arrives byte by byte would outlast them, and
one without an end would fill the memory.
"""

from __future__ import annotations

import io
import time
from typing import Any

import botocore.awsrequest

# Lambda's largest response has 6 MB: the result of a synchronous invocation.
SIZE_LIMIT = 16 << 20

# This much of a body is sent at a time; urllib3's 16 kB cost a large package a tenth of a second.
_BLOCK = 64 << 10

# A request ends if its body is sent more slowly than this: 64 kbit/s.
_LOWEST_BYTES_PER_SECOND = 8 << 10


class ResponseTooLargeError(Exception):
    """A response is larger than any of AWS's."""


def bound(client: Any) -> None:
    """Bound each complete response to `client`, from first to last byte, by its read timeout."""
    http_session = client._endpoint.http_session
    classes = _pool_classes(client.meta.config.read_timeout)
    # botocore has no parameter for these. It creates the managers for proxies later, and likewise.
    http_session._pool_classes_by_scheme = classes
    http_session._manager.pool_classes_by_scheme = classes


def _pool_classes(seconds: float) -> dict[str, type]:
    class HTTPConnection(_Bounded, botocore.awsrequest.AWSHTTPConnection):  # type: ignore[misc]
        seconds_a_response = seconds

    class HTTPSConnection(_Bounded, botocore.awsrequest.AWSHTTPSConnection):  # type: ignore[misc]
        seconds_a_response = seconds

    class HTTPPool(botocore.awsrequest.AWSHTTPConnectionPool):  # type: ignore[misc]
        ConnectionCls = HTTPConnection

    class HTTPSPool(botocore.awsrequest.AWSHTTPSConnectionPool):  # type: ignore[misc]
        ConnectionCls = HTTPSConnection

    return {"http": HTTPPool, "https": HTTPSPool}


class _Bounded:
    """A connection whose requests and responses are bounded (a mixin of botocore's own)."""

    seconds_a_response: float
    sock: Any

    def connect(self) -> None:
        self.blocksize = _BLOCK
        super().connect()  # type: ignore[misc]
        self._bound_socket()

    def _tunnel(self) -> None:
        # Bound the proxy's response to CONNECT; afterwards TLS takes the bare socket.
        bare = self.sock
        self._bound_socket()
        super()._tunnel()  # type: ignore[misc]
        if self.sock is not None:
            self.sock = bare

    def request(
        self, method: str, url: str, body: Any = None, headers: Any = None, **more: Any
    ) -> None:
        size = int((headers or {}).get("Content-Length") or 0)
        self._seconds = self.seconds_a_response + size / _LOWEST_BYTES_PER_SECOND
        if self.sock is not None:
            self.sock.begin(self._seconds)
        super().request(method, url, body, headers, **more)  # type: ignore[misc]

    def getresponse(self, *args: Any, **more: Any) -> Any:
        self.sock.begin(self.seconds_a_response)
        return super().getresponse(*args, **more)  # type: ignore[misc]

    def _bound_socket(self) -> None:
        self.sock = _Socket(self.sock)
        self.sock.begin(getattr(self, "_seconds", self.seconds_a_response))


class _Socket:
    """A connected socket that ends a response that takes too long or is too large."""

    def __init__(self, bare: Any) -> None:
        self._bare = bare
        self._timeout: float | None = bare.gettimeout()
        self._end = float("inf")
        self._received = 0

    def begin(self, seconds: float) -> None:
        """Allow this many seconds from now on, and a whole response."""
        self._end = time.monotonic() + seconds
        self._received = 0

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout
        self._bare.settimeout(timeout)

    def sendall(self, data: Any, *flags: int) -> None:
        self._limit()
        self._bare.sendall(data, *flags)

    def makefile(self, _mode: str = "rb", buffering: int = -1) -> Any:
        reader = _Reader(self, self._bare.makefile("rb", 0))
        return reader if buffering == 0 else io.BufferedReader(reader)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bare, name)

    def _limit(self) -> None:
        """Set the timeout of the next system call. Raises TimeoutError if no time is left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        if left < float("inf"):
            self._bare.settimeout(left if self._timeout is None else min(self._timeout, left))

    def receive(self, source: io.RawIOBase, buffer: Any) -> int | None:
        """Read the next bytes into `buffer`."""
        self._limit()
        count: int | None = source.readinto(buffer)
        self._received += count or 0
        if self._received > SIZE_LIMIT:
            raise ResponseTooLargeError(self._received)
        return count


class _Reader(io.RawIOBase):
    """The receiving side of a socket."""

    def __init__(self, owner: _Socket, source: io.RawIOBase) -> None:
        super().__init__()
        self._owner = owner
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._owner.receive(self._source, buffer)

    def close(self) -> None:
        self._source.close()
        super().close()
