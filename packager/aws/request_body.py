"""The body of an UpdateFunctionCode request, sent from a file instead of memory.

Given the bytes, botocore would hold them four times: as they are, in base64, in JSON and encoded.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# A multiple of 3, so that base64 of the parts is base64 of the whole.
_CHUNK = 3 << 18

_OnSent = Callable[[int, int], None]

# Functions of one region share a client, and each is updated in a thread of its own.
_of_this_thread = threading.local()


def let_bodies_be_files(client: Any) -> None:
    """Let the Lambda client send the file of `sending`, instead of its parameter ZipFile."""

    def take_body(params: dict[str, Any], **_: object) -> None:
        if body := getattr(_of_this_thread, "body", None):
            params["body"] = body

    def begin(**_: object) -> None:
        if body := getattr(_of_this_thread, "body", None):
            body.begin()

    client.meta.events.register("before-call.lambda.UpdateFunctionCode", take_body)
    client.meta.events.register("before-send.lambda.UpdateFunctionCode", begin)


@contextlib.contextmanager
def sending(package: Path, on_sent: _OnSent) -> Iterator[None]:
    """Make the next UpdateFunctionCode of this thread send the package."""
    with _request_body(package) as body:
        _of_this_thread.body = _ShownFile(body, on_sent)
        try:
            yield
        finally:
            _of_this_thread.body = None


@contextlib.contextmanager
def _request_body(package: Path) -> Iterator[io.BufferedReader]:
    """Write the body of the request into a file beside the package, and open it."""
    with tempfile.NamedTemporaryFile(dir=package.parent, suffix=".request") as body:
        with package.open("rb") as source:
            body.write(b'{"ZipFile":"')
            while chunk := source.read(_CHUNK):
                body.write(base64.b64encode(chunk))
            body.write(b'"}')
        body.flush()
        with Path(body.name).open("rb") as body_file:
            yield body_file


class _ShownFile:
    """A file that tells how much of it was sent; botocore reads it once before, to sign it."""

    def __init__(self, file: io.BufferedReader, on_sent: _OnSent) -> None:
        self._file = file
        self._on_sent = on_sent
        self._size = os.fstat(file.fileno()).st_size
        self._sending = False

    def begin(self) -> None:
        self._sending = True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if self._sending:
            self._on_sent(self._file.tell(), self._size)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
