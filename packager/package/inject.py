"""Add entries to jars and ready-made zips, and change nothing else.

    local headers and data             | central directory              | end records
    local headers and data | new entries | central directory | new records | end records

The operating system copies the data unchanged; only the directory is read. Old config is not
copied: entries with the name of a new one, and orphaned copies of them, which some tools leave
between the entries.
"""

from __future__ import annotations

import os
import posixpath
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

from packager import atomic_file
from packager.errors import ArchiveError
from packager.package import zip_format
from packager.package.compression import compress
from packager.package.layout import Layout
from packager.package.zip_directory import Directory, read_directory, shown
from packager.package.zip_format import NewEntry
from packager.package.zip_source import Source

_CHUNK = 1 << 20


class _Span(NamedTuple):
    """The bytes from `start` up to `stop`."""

    start: int
    stop: int


class _Plan(NamedTuple):
    """The parts of an archive to keep: spans of the file, and of its directory."""

    data: list[_Span]
    records: list[_Span]
    entries: int
    unpacked_size: int
    base: int  # the origin of offsets in the new file


class NewFile(NamedTuple):
    """A file to add at the root of an archive."""

    name: str
    content: bytes
    mode: int = zip_format.REGULAR_FILE


def inject(source: Path, destination: Path, *files: NewFile) -> Layout:
    """Copy the archive `source` to `destination`, with `files` added or replaced.

    Only the owner can read the new file. Raises ArchiveError if `source` is broken or Lambda could
    not unpack it, and PackagerError if `destination` cannot be written; then removes the new file.
    """
    with Source.opened(source) as archive:
        directory = read_directory(archive)
        plan = _plan(directory, tuple(file.name.encode() for file in files))
        with atomic_file.created(destination) as package:
            for span in plan.data:
                _copy(archive, package, span)
            archive.check_unchanged()
            prefix_size = package.tell()
            records = [_append(package, file, plan.base) for file in files]
            _write_directory(package, directory, plan, records)
    added = sum(len(file.content) for file in files)
    return Layout(plan.unpacked_size + added, prefix_size)


def unpacked_sizes(archive: Path) -> dict[str, int]:
    """Return the unpacked size, in bytes, of each top-level folder (`com/`) and file of an archive.

    Raises ArchiveError if the archive is broken.
    """
    sizes: dict[str, int] = {}
    with Source.opened(archive) as source:
        for entry in read_directory(source):
            top, slash, _ = entry.name.partition(b"/")
            name = shown(top + slash)
            sizes[name] = sizes.get(name, 0) + entry.size
    return sizes


def _plan(directory: Directory, names: tuple[bytes, ...]) -> _Plan:
    size = directory.quick_size(names)
    if size is None:
        return _plan_closely(directory, names)
    whole = _Span(0, directory.start), _Span(0, len(directory.records))
    return _Plan([whole[0]], [whole[1]], directory.declared, size, directory.base)


def _plan_closely(directory: Directory, names: tuple[bytes, ...]) -> _Plan:
    layout, outdated = [], []
    unpacked_size = 0
    for entry in directory:
        layout.append((entry.start, entry.end, entry.record))
        unpacked_size += entry.size
        if any(_is_called(name, entry.name, directory.source) for name in names):
            outdated.append(_Span(entry.record, entry.next_record))
            unpacked_size -= entry.size
    layout.sort()
    cuts = list(_cuts(directory, layout, names, {span.start for span in outdated}))
    relocated = _relocation(cuts)
    base = relocated(directory.base)
    if cuts:
        for start, _, record in layout:
            directory.set_offset(record, relocated(start) - base)
    return _Plan(
        _complement(cuts, directory.start),
        _complement(outdated, len(directory.records)),
        len(layout) - len(outdated),
        unpacked_size,
        base,
    )


def _is_called(name: bytes, entry_name: bytes, archive: Source) -> bool:
    """Return whether unpacking an entry would write the root file `name`, in any spelling.

    Raises ArchiveError if a folder has that name.
    """
    if name not in entry_name:
        return False
    # Unpackers end a name at NUL; .NET's zips contain backslashes, and bsdtar's begin with `./`.
    path = entry_name.partition(b"\0")[0].replace(b"\\", b"/")
    normal = posixpath.normpath(b"/" + path.lstrip(b"/"))
    if normal.startswith(b"/" + name + b"/") or (normal[1:] == name and path.endswith(b"/")):
        raise ArchiveError(
            f"{archive.path} has a folder in place of {shown(name)}: {shown(entry_name)}.",
            "Rename that folder.",
        )
    return normal[1:] == name


def _cuts(
    directory: Directory,
    layout: list[tuple[int, int, int]],
    names: tuple[bytes, ...],
    outdated: set[int],
) -> Iterator[_Span]:
    """Find the spans not to copy: entries whose records are `outdated`, and orphaned entries.

    `layout` has each entry's start, earliest end and record, in the order of the file. A data
    descriptor or padding after an entry belongs to that entry.
    Raises ArchiveError if entries overlap.
    """
    room = zip_format.LOCAL_HEADER.size + min(map(len, names))
    edges = [*layout, (directory.start, directory.start, -1)]
    yield from _orphaned(directory.source, names, _Span(0, edges[0][0]))
    for (start, end, record), (stop, _, _) in pairwise(edges):
        if record in outdated or stop - end >= room:
            end = directory.data_end(directory.entry(record))
        if end > stop:
            entry = directory.entry(record)
            raise directory.source.broken(f"{shown(entry.name)} overlaps the data after it")
        if record in outdated:
            yield _Span(start, stop)
        elif stop - end >= room:
            yield from _orphaned(directory.source, names, _Span(end, stop))


def _orphaned(archive: Source, names: tuple[bytes, ...], gap: _Span) -> Iterator[_Span]:
    """Find a local header of one of `names` in a gap between entries: some tools add a new entry
    and leave the old one in the file. Its length is unknown, so the rest of the gap is dropped.
    """
    signature = re.escape(zip_format.LOCAL_SIGNATURE)
    header = re.compile(
        signature + rb".{26}[./\\]{0,8}(?:" + b"|".join(map(re.escape, names)) + rb")", re.DOTALL
    )
    shortest = zip_format.LOCAL_HEADER.size + min(map(len, names))
    longest = zip_format.LOCAL_HEADER.size + max(map(len, names)) + 8
    for position in range(gap.start, gap.stop - shortest + 1, _CHUNK - longest):
        chunk = archive.read(position, min(_CHUNK, gap.stop - position))
        if found := header.search(chunk):
            yield _Span(position + found.start(), gap.stop)
            return


def _complement(cuts: list[_Span], stop: int) -> list[_Span]:
    edges = [0, *chain.from_iterable(cuts), stop]
    return [_Span(*span) for span in zip(edges[::2], edges[1::2], strict=True)]


def _relocation(cuts: list[_Span]) -> Callable[[int], int]:
    """Return a function that maps positions in the old file to the file without `cuts`."""
    starts = [cut.start for cut in cuts]
    removed = [0, *accumulate(cut.stop - cut.start for cut in cuts)]

    def relocated(position: int) -> int:
        preceding = bisect_right(starts, position)
        if preceding:
            position = max(position, cuts[preceding - 1].stop)
        return position - removed[preceding]

    return relocated


def _copy(archive: Source, package: BinaryIO, span: _Span) -> None:
    package.flush()
    position = _copy_by_system(archive.file.fileno(), package.fileno(), span)
    package.seek(0, os.SEEK_END)
    while position < span.stop:
        chunk = archive.read(position, min(_CHUNK, span.stop - position))
        package.write(chunk)
        position += len(chunk)


def _copy_by_system(source: int, destination: int, span: _Span) -> int:
    """Let the system copy the bytes, and return the position that was reached.

    copy_file_range shares blocks if the file system can; sendfile also copies between two file
    systems, and exists in Pythons that are built for every Linux.
    """
    calls: list[Callable[[int], int]] = []
    if hasattr(os, "copy_file_range"):
        calls.append(lambda at: os.copy_file_range(source, destination, span.stop - at, at))
    if hasattr(os, "sendfile"):
        calls.append(lambda at: os.sendfile(destination, source, at, span.stop - at))
    position = span.start
    for call in calls:
        # The system cannot do this, or the copy through this process reports the same error again.
        with suppress(OSError):
            while position < span.stop and (copied := call(position)):
                position += copied
    return position


def _append(package: BinaryIO, file: NewFile, base: int) -> bytes:
    """Write the new entry, and return its record for the directory."""
    offset = package.tell() - base
    method, body, size, crc = compress(file.content)
    entry = NewEntry(file.name, method, crc, len(body), size, file.mode)
    package.write(zip_format.local_header(entry))
    package.write(body)
    return zip_format.central_record(entry, offset)


def _write_directory(
    package: BinaryIO, directory: Directory, plan: _Plan, new_records: list[bytes]
) -> None:
    offset = package.tell() - plan.base
    package.writelines(memoryview(directory.records)[start:stop] for start, stop in plan.records)
    package.writelines(new_records)
    size = package.tell() - plan.base - offset
    package.write(
        zip_format.end_records(plan.entries + len(new_records), size, offset, directory.comment)
    )
