"""Files that are made whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from packager.errors import PackagerError

_BINARY = getattr(os, "O_BINARY", 0)  # Windows
_BUFFER = 1 << 18


@contextmanager
def created(path: Path) -> Iterator[BinaryIO]:
    """Create a file for its owner alone, which is gone again if not all of it can be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=_BUFFER) as file:
                yield file
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PackagerError(
            f"{path} cannot be written: {error.strerror}.",
            f"Make room in {path.parent}, or take another folder (--output, TMPDIR).",
        ) from error
