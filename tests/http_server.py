"""An HTTP server on a free loopback port, for the services that tests run in their own process."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Quiet:
    def log_message(self, format: str, *_: object) -> None:  # noqa: A002
        """Log nothing, to keep the test's output clean."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that have disconnected."""


@contextlib.contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None, port: int = 0
) -> Iterator[str]:
    """Run the server until the block ends, with TLS if a context is given; yield its URL."""
    server = _Server(("127.0.0.1", port), type("Handler", (_Quiet, handler), {}))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
