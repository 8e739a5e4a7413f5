"""Write deployment packages of files: the same files always produce a zip with the same bytes."""

# Paths are strings here: there are thousands, and Path is much slower.

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, NamedTuple

from packager import atomic_file
from packager.apps.links import unreadable
from packager.apps.members import Member
from packager.apps.regular_files import open_regular, read_regular
from packager.errors import PackageError
from packager.package import compression, kept_dependencies, zip_format
from packager.package.compression import Compressed
from packager.package.compression_cache import CompressionCache
from packager.package.kept_dependencies import Packed
from packager.package.layout import Layout
from packager.package.zip_format import DEFLATED, STORED, NewEntry

# The bytes of files that are read and compressed ahead of the one being written, and the size from
# which a file is processed in pieces. Together they keep the memory below 150 MB.
_AHEAD = 40 << 20
_LARGE = 20 << 20
_PIECE = 4 << 20

# A thread processes batches of up to this many files or bytes, because handing over a small file
# takes longer than compressing it.
_BATCH_FILES = 64
_BATCH_BYTES = 1 << 19

_CHUNK = 1 << 20


class _Batch(NamedTuple):
    """Consecutive members: first those that are reused, then those to compress."""

    packed: list[Packed]
    members: list[Member]


def write(
    members: Iterable[Member],
    destination: Path,
    *,
    dependencies: int = 0,
    kept: Path | None = None,
    cache: CompressionCache | None = None,
) -> Layout:
    """Write a package of `members` to `destination`, in their order.

    The first `dependencies` of them are its stable prefix, which is kept at `kept` for later runs.
    Of several members with one name, the last is packaged. Only the owner can read the new file.
    Raises PackageError for a member that cannot be read or conflicts with another, and
    PackagerError if the file cannot be written; then removes the file.
    """
    by_name: dict[str, Member] = {}
    prefix: set[str] = set()
    for number, member in enumerate(members):
        by_name.pop(member.name, None)  # The last one also determines the place in the order.
        by_name[member.name] = member
        (prefix.add if number < dependencies else prefix.discard)(member.name)
    _check_no_file_is_a_folder(by_name.keys())
    previous = cache or CompressionCache()
    must_keep = kept is not None and not previous.reuse_dependencies(kept, by_name.values())
    batches = _batches(by_name.values(), previous)
    with atomic_file.created(destination) as file, compression.pool() as threads:
        package = _Package(file, previous)
        for batch, results in compression.ahead(threads, _compress, batches, _weight, _AHEAD):
            package.reuse(batch.packed)
            compressed = iter(results)
            for member in batch.members:
                if member.size > _LARGE:
                    package.add_large(member, threads)
                else:
                    package.add(member, next(compressed))
        package.finish()
    if kept and must_keep and prefix:
        kept_dependencies.write(kept, destination, package.packed[: len(prefix)])
    if cache:
        cache.keep(destination, package.packed)
    elif kept:
        previous.close()
    unpacked_size = sum(packed.entry.size for packed in package.packed)
    return Layout(unpacked_size, package.packed[len(prefix) - 1].stop if prefix else 0)


def _check_no_file_is_a_folder(names: AbstractSet[str]) -> None:
    """Refuse a name that is a file of the app and a folder of a dependency, or the reverse."""
    folders: set[str] = set()
    found = {name.rpartition("/")[0] for name in names}
    while found:
        folders |= found
        found = {folder.rpartition("/")[0] for folder in found} - folders
    if conflicts := folders & names:
        raise PackageError(
            f"{min(conflicts)} would be both a folder and a file or link.",
            "Rename the one in the app: a dependency contains the other.",
        )


class _Package:
    """A package that is being written."""

    def __init__(self, file: BinaryIO, previous: CompressionCache) -> None:
        """Begin with an empty `file`; reused entries come from the `previous` package."""
        self.packed: list[Packed] = []
        self._file = file
        self._previous = previous
        self._position = 0

    def add(self, member: Member, compressed: Compressed) -> None:
        """Write a member's local header and data."""
        method, data, size, crc = compressed
        entry = NewEntry(member.name, method, crc, len(data), size, member.mode)
        header = zip_format.local_header(entry)
        self._file.write(header)
        self._file.write(data)
        self._append(member, entry, len(header) + len(data))

    def add_large(self, member: Member, threads: ThreadPoolExecutor) -> None:
        """Write a member piece by piece, and then the local header before it."""
        assumed = NewEntry(member.name, DEFLATED, 0, member.size, member.size, member.mode)
        length = len(zip_format.local_header(assumed))
        trial = compression.compress(next(_pieces(member), b""))
        entry = self._write_pieces(member, trial.method, self._position + length, threads)
        if entry.compressed_size > entry.size:
            entry = self._write_pieces(member, STORED, self._position + length, threads)
        header = zip_format.local_header(entry)
        if len(header) != length:
            raise PackageError(f"{member.name} changed while it was read.", "Try again.")
        self._file.seek(self._position)
        self._file.write(header)
        self._file.seek(0, os.SEEK_END)
        self._append(member, entry, length + entry.compressed_size)

    def _write_pieces(
        self, member: Member, method: int, position: int, threads: ThreadPoolExecutor
    ) -> NewEntry:
        """Write a member's data from `position` to the end of the file."""
        size = crc = 0

        def measured() -> Iterator[bytes]:
            nonlocal size, crc
            for piece in _pieces(member):
                size, crc = size + len(piece), zlib.crc32(piece, crc)
                yield piece

        self._file.seek(position)
        self._file.truncate()
        data = measured()
        self._file.writelines(
            data if method == STORED else compression.deflate_pieces(data, threads)
        )
        written = self._file.tell() - position
        return NewEntry(member.name, method, crc, written, size, member.mode)

    def reuse(self, entries: Iterable[Packed]) -> None:
        """Copy entries of the previous package, adjacent ones at once."""
        start = stop = 0
        for packed in entries:
            if packed.start != stop:
                self._previous.copy(start, stop, self._file)
                start = packed.start
            stop = packed.stop
            here = packed.moved(self._position)
            self.packed.append(here)
            self._position = here.stop
        self._previous.copy(start, stop, self._file)

    def finish(self) -> None:
        """Write the central directory."""
        self._file.writelines(packed.record for packed in self.packed)
        size = sum(len(packed.record) for packed in self.packed)
        self._file.write(zip_format.end_records(len(self.packed), size, self._position))

    def _append(self, member: Member, entry: NewEntry, length: int) -> None:
        start, self._position = self._position, self._position + length
        record = zip_format.central_record(entry, start)
        self.packed.append(Packed(member, entry, start, self._position, record))


def _batches(members: Iterable[Member], previous: CompressionCache) -> Iterator[_Batch]:
    batch, weight = _Batch([], []), 0
    for member in members:
        packed = previous.packed(member)
        full = len(batch.members) >= _BATCH_FILES or weight >= _BATCH_BYTES
        if full or (packed and batch.members):
            yield batch
            batch, weight = _Batch([], []), 0
        if packed:
            batch.packed.append(packed)
        else:
            batch.members.append(member)
            weight += member.size
    yield batch


def _weight(batch: _Batch) -> int:
    return sum(member.size for member in batch.members if member.size <= _LARGE)


def _compress(batch: _Batch) -> list[Compressed]:
    """Read and compress the members that fit into memory."""
    members = [member for member in batch.members if member.size <= _LARGE]
    contents = [_read(member) for member in members]
    return [
        # All unpackers can read the target of a link if it is stored uncompressed.
        compression.store(data) if stat.S_ISLNK(member.mode) else compressed
        for member, data, compressed in zip(
            members, contents, compression.compress_all(contents), strict=True
        )
    ]


def _read(member: Member) -> bytes:
    content = member.content
    if isinstance(content, bytes):
        return content
    try:
        return read_regular(content, expected=member.identity)
    except OSError as error:
        raise unreadable(member.name, error) from error


def _pieces(member: Member) -> Iterator[bytes]:
    try:
        with open_regular(str(member.content), expected=member.identity) as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise unreadable(member.name, error) from error
