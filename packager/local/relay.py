"""What a handler writes, passed on to our stderr with the paths that its user knows."""

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
    """Passes output on line by line; `paths` holds what to write instead of a path."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        """Have seen nothing yet."""
        self._paths = [(os.fsencode(old), os.fsencode(new)) for old, new in paths.items()]
        self.lacks_sdk = False

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """Open a pipe for the output; at the end, all that was written to it has been passed on."""
        reading, writing = os.pipe()
        thread = threading.Thread(target=self._pass_on, args=(reading,), daemon=True)
        thread.start()
        try:
            yield writing
        finally:
            os.close(writing)
            # Whoever else holds the pipe has been ended, or is not worth waiting for.
            thread.join(timeout=1)

    def _pass_on(self, pipe: int) -> None:
        rest = b""
        with contextlib.closing(os.fdopen(pipe, "rb", buffering=0)) as output:
            while chunk := output.read(_CHUNK):
                lines, newline, rest = (rest + chunk).rpartition(b"\n")
                # A line without an end is passed on when it gets long.
                if len(rest) > _CHUNK:
                    lines, newline, rest = lines + newline + rest, b"", b""
                self._write(lines + newline)
            if rest:
                self._write(rest + b"\n")  # What we show next begins on its own line.

    def _write(self, text: bytes) -> None:
        for old, new in self._paths:
            text = text.replace(old, new)
        self.lacks_sdk = self.lacks_sdk or _NO_SDK.search(text) is not None
        while text:
            try:
                text = text[os.write(_STDERR, text) :]
            except OSError:
                return  # Nobody reads it any more.
