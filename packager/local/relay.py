"""Pass a handler's output on to our stderr, with paths in the app's folder."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Mapping

_STDERR = 2
_CHUNK = 1 << 16

_NO_SDK = re.compile(
    rb"Cannot find (?:module|package) '(?:@aws-sdk|@smithy|aws-sdk)"
    rb"|No module named '(?:boto3|botocore)"
)


class Relay:
    """Passes output on line by line; `paths` maps paths to those to show instead."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        """Encode the paths as they occur in output."""
        self._paths = [(os.fsencode(old), os.fsencode(new)) for old, new in paths.items()]
        self.lacks_sdk = False

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """Open a pipe for the output; at the end, wait until everything has been passed on."""
        reading, writing = os.pipe()
        thread = threading.Thread(target=self._pass_on, args=(reading,), daemon=True)
        thread.start()
        try:
            yield writing
        finally:
            os.close(writing)
            # Other processes that hold the pipe have been killed, so this does not take long.
            thread.join(timeout=1)

    def _pass_on(self, pipe: int) -> None:
        rest = b""
        with contextlib.closing(os.fdopen(pipe, "rb", buffering=0)) as output:
            while chunk := output.read(_CHUNK):
                lines, newline, rest = (rest + chunk).rpartition(b"\n")
                # A very long line is passed on before its end.
                if len(rest) > _CHUNK:
                    lines, newline, rest = lines + newline + rest, b"", b""
                self._write(lines + newline)
            if rest:
                self._write(rest + b"\n")  # Later output begins on a new line.

    def _write(self, text: bytes) -> None:
        for old, new in self._paths:
            text = text.replace(old, new)
        self.lacks_sdk = self.lacks_sdk or _NO_SDK.search(text) is not None
        while text:
            try:
                text = text[os.write(_STDERR, text) :]
            except OSError:
                return  # The reader of our stderr has closed it.
