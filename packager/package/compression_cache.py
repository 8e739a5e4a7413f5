"""The previous package, from which the next one takes the compressed data of unchanged members."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from packager.apps.files import Selections, normal
from packager.apps.members import Member
from packager.package import kept_dependencies
from packager.package.kept_dependencies import Packed

_CHUNK = 1 << 20


class CompressionCache:
    """The previous package: the next one reuses the data of unchanged members.

    Callers must `forget` a file in `node_modules` that was modified in place; other changes are
    detected. The package's file is kept open, so that it can be deleted in the meantime.
    """

    def __init__(self) -> None:
        """Begin without a previous package."""
        self.selections = Selections()
        self._packed: dict[str, Packed] = {}
        self._file: BinaryIO = BytesIO()

    def reuse_dependencies(self, kept: Path, members: Iterable[Member]) -> bool:
        """Without a previous package, reuse the dependencies that an earlier run kept at `kept`.

        Return whether it does.
        """
        found = None if self._packed else kept_dependencies.read(kept, members)
        if found is not None:
            self.close()
            self._file, self._packed = found
        return found is not None

    def forget(self, paths: Iterable[str]) -> None:
        """Let the files at or below `paths` be read again, even if they look unchanged."""
        changed = {normal(path) for path in paths}
        self.selections.forget(changed)
        files = {packed.member.content for packed in self._packed.values()}
        below = tuple(path + os.sep for path in changed - files)
        for name, packed in list(self._packed.items()):
            content = packed.member.content
            if isinstance(content, str) and (content in changed or content.startswith(below)):
                del self._packed[name]

    def packed(self, member: Member) -> Packed | None:
        """Return the member in the previous package, if it is certainly unchanged."""
        packed = self._packed.get(member.name)
        return packed if packed and packed.member == member and member.version else None

    def copy(self, start: int, stop: int, package: BinaryIO) -> None:
        """Copy a span of the previous package."""
        self._file.seek(start)
        while start < stop:
            chunk = self._file.read(min(_CHUNK, stop - start))
            if not chunk:
                raise OSError(errno.EIO, "the previous package is truncated")
            package.write(chunk)
            start += len(chunk)

    def keep(self, package: Path, packed: Iterable[Packed]) -> None:
        """Make `package` the previous one."""
        self.close()
        self._file = package.open("rb")
        self._packed = {entry.member.name: entry for entry in packed}

    def close(self) -> None:
        """Release the previous package."""
        self._packed = {}
        self._file.close()
