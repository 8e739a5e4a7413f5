"""A slow line to a server: its rate and delay upwards are fixed, and what is sent is counted."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Iterator

_CHUNK = 1 << 14

# Seconds.
_MADE_UP = 0.1


class Line:
    """A relay to `upstream` whose connections share a rate of so many bytes a second."""

    def __init__(self, upstream: tuple[str, int], rate: float, delay: float) -> None:
        """Listen on a free port; `delay` is how many seconds a byte is on its way."""
        self.sent = 0
        self._upstream = upstream
        self._rate = rate
        self._delay = delay
        self._free_at = 0.0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for source, target, up in ((client, server, True), (server, client, False)):
                    chunks: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
                    read = threading.Thread(
                        target=self._read, args=(source, chunks, up), daemon=True
                    )
                    write = threading.Thread(target=self._write, args=(target, chunks), daemon=True)
                    read.start()
                    write.start()

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
            chunks.put((passed + self._delay, data))

    def _passed(self, size: int) -> float:
        """Return when so many bytes, after those before them, have passed the line."""
        with self._lock:
            self.sent += size
            # A thread that woke late makes up for it, or a busy machine would be a slower line.
            begin = max(self._free_at, time.monotonic() - _MADE_UP)
            self._free_at = begin + size / self._rate
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
def to(url: str, *, rate: float, delay: float) -> Iterator[Line]:
    """Open a line to the server at `url`."""
    host, _, port = url.removeprefix("http://").partition(":")
    line = Line((host, int(port)), rate, delay)
    try:
        yield line
    finally:
        line.close()
