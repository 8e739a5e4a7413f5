"""Files that are written completely or not at all."""

from __future__ import annotations

import glob
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from packager.errors import PackagerError
from packager.signals import at_forced_end

_BUFFER = 1 << 18


@contextmanager
def created(path: Path) -> Iterator[BinaryIO]:
    """Create a file that only its owner can read; remove it if it cannot be written completely."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=_BUFFER) as file:
                yield file
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PackagerError(
            f"{path} cannot be written: {error.strerror}.",
            f"Make room in {path.parent}, or use another folder (--output, TMPDIR).",
        ) from error


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path`; at the end its file atomically replaces `path`.

    The temporary name is random, so that nobody can plant a file there in a shared folder. If two
    runs write the same file, the one that ends last wins. A killed run leaves its temporary file;
    the next run for `path` removes it.
    """
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        if not _is_in_use(part.name):
            with suppress(OSError):  # Another user's file, or a folder: it does no harm.
                part.unlink()
    part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(8)}.part")
    with at_forced_end(partial(part.unlink, missing_ok=True)):
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _is_in_use(name: str) -> bool:
    """Return whether the process in the file's name is still running."""
    process = name.split(".")[-3]
    if not process.isdecimal():
        return True
    try:
        os.kill(int(process), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
