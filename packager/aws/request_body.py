"""The body of an UpdateFunctionCode request, sent from a file instead of memory.

Given the bytes, botocore would hold them four times: as they are, in base64, in JSON and encoded.
Given the file, it would read it once more for the hash to sign, which is computed as it is written.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# A multiple of 3, so that base64 of the parts is base64 of the whole. Larger chunks do not stay in
# the processor's cache, and take twice the time.
_CHUNK = 3 << 14

# The parameter in botocore's format.
_NO_PACKAGE = b'"ZipFile": ""'

_OnSent = Callable[[int, int], None]

# Functions of one region share a client, and each is updated in its own thread.
_of_this_thread = threading.local()


def let_bodies_be_files(client: Any) -> None:
    """Make the Lambda client send the package of `sending` as its parameter ZipFile."""

    def take_body(params: dict[str, Any], **_: object) -> None:
        if request := getattr(_of_this_thread, "request", None):
            params["body"], sha256 = request.open(params["body"])
            # SigV4 signs this header's hash instead of reading the body, as S3's clients use it.
            params["headers"]["X-Amz-Content-SHA256"] = sha256

    def begin(**_: object) -> None:
        if request := getattr(_of_this_thread, "request", None):
            request.begin()

    client.meta.events.register("before-call.lambda.UpdateFunctionCode", take_body)
    client.meta.events.register("before-send.lambda.UpdateFunctionCode", begin)


@contextlib.contextmanager
def sending(package: Path, on_sent: _OnSent) -> Iterator[None]:
    """Make the next UpdateFunctionCode of this thread send the package for an empty ZipFile."""
    with contextlib.ExitStack() as files:
        _of_this_thread.request = _Request(package, on_sent, files)
        try:
            yield
        finally:
            _of_this_thread.request = None


class _Request:
    """A request whose body is a file next to the package."""

    def __init__(self, package: Path, on_sent: _OnSent, files: contextlib.ExitStack) -> None:
        self._package = package
        self._on_sent = on_sent
        self._files = files
        self._body: ShownFile | None = None

    def open(self, parameters: bytes) -> tuple[ShownFile, str]:
        """Write the body with all `parameters`; return it, and its SHA-256."""
        head, found, tail = parameters.partition(_NO_PACKAGE)
        if not found:
            raise RuntimeError("botocore writes its parameters in another way")
        new = tempfile.NamedTemporaryFile(dir=self._package.parent, suffix=".request")  # noqa: SIM115
        body = self._files.enter_context(new)
        digest = hashlib.sha256()

        def write(part: bytes) -> None:
            digest.update(part)
            body.write(part)

        with self._package.open("rb") as source:
            write(head + _NO_PACKAGE[:-1])
            while chunk := source.read(_CHUNK):
                write(base64.b64encode(chunk))
            write(b'"' + tail)
        body.flush()
        file = self._files.enter_context(Path(body.name).open("rb"))  # noqa: SIM115
        self._body = ShownFile(file, self._on_sent)
        return self._body, digest.hexdigest()

    def begin(self) -> None:
        """Count bytes as sent from now on."""
        if self._body:
            self._body.begin()


class ShownFile:
    """A file that reports how much of it was sent, once the request is sent."""

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
