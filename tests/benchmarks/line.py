"""A slow line to a server: its rate and delay are fixed, and it counts the bytes sent over it."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Iterator

# 10 Mbit/s in bytes per second, and the one-way delay in seconds: 50 ms there and back.
RATE, DELAY = 10e6 / 8, 0.025

_CHUNK = 1 << 14

# Maximum delay in seconds that a thread catches up on after it wakes late; otherwise the line would
# be slower on a busy machine.
_CATCH_UP = 0.1


class Line:
    """A relay to `upstream`, whose connections share the `rate` for uploads."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        """Listen on a free port."""
        self.sent = 0
        self.rate = RATE
        self._upstream = upstream
        self._free_at = 0.0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()

    @contextlib.contextmanager
    def fast(self) -> Iterator[None]:
        """Do not limit the rate in the block, which is not measured."""
        self.rate = float("inf")
        try:
            yield
        finally:
            self.rate = RATE

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for source, target, up in ((client, server, True), (server, client, False)):
                    chunks: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
                    work = ((self._read, (source, chunks, up)), (self._write, (target, chunks)))
                    for function, arguments in work:
                        threading.Thread(target=function, args=arguments, daemon=True).start()

    def _read(
        self, source: socket.socket, chunks: queue.SimpleQueue[tuple[float, bytes]], up: bool
    ) -> None:
        data = b"first"
        while data:
            try:
                data = source.recv(_CHUNK)
            except OSError:
                data = b""
            passed = self._passed(len(data)) if up else time.monotonic()
            time.sleep(max(0.0, passed - time.monotonic()))
            chunks.put((passed + DELAY, data))

    def _passed(self, size: int) -> float:
        """Return when the next `size` bytes have passed the line, after all bytes before them."""
        with self._lock:
            self.sent += size
            begin = max(self._free_at, time.monotonic() - _CATCH_UP)
            self._free_at = begin + size / self.rate
            return self._free_at

    @staticmethod
    def _write(target: socket.socket, chunks: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        with contextlib.suppress(OSError):
            while True:
                at, data = chunks.get()
                time.sleep(max(0.0, at - time.monotonic()))
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)


@contextlib.contextmanager
def to(url: str) -> Iterator[Line]:
    """Open a line to the server at `url`."""
    host, _, port = url.removeprefix("http://").partition(":")
    line = Line((host, int(port)))
    try:
        yield line
    finally:
        line.close()
