"""Files that are made whole or not at all."""

from __future__ import annotations

import glob
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


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a path beside `path` for a file that takes its place at the end, in one step.

    It is this run's alone: of two that write the same file at once, the last to end has its way. A
    run that was killed leaves it; the next one for `path` removes it.
    """
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        if not _is_running(part.suffixes[-2][1:]):
            part.unlink(missing_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _is_running(process: str) -> bool:
    # On Windows a question about a process would be a signal to it.
    if not process.isdecimal() or os.name != "posix":
        return True
    try:
        os.kill(int(process), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
