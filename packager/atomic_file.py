"""Files that are made whole or not at all."""

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
    """Create a file for its owner alone, which is gone again if not all of it can be written."""
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
            f"Make room in {path.parent}, or take another folder (--output, TMPDIR).",
        ) from error


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a new path beside `path`, whose file replaces that of `path` at the end, in one step.

    Nobody can know its name before: in a shared folder, nothing is planted there. Of two runs that
    write the same file at once, the last one to end wins. A run that was killed leaves its file;
    the next one for `path` removes it.
    """
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        if not _is_in_use(part.name):
            with suppress(OSError):  # Another user's, or a folder: it is in nobody's way.
                part.unlink()
    part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(8)}.part")
    with at_forced_end(partial(part.unlink, missing_ok=True)):
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _is_in_use(name: str) -> bool:
    """Whether the run that writes the file still goes on, by the process in the file's name."""
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
