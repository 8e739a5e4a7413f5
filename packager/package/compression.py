"""Compress the data of entries with deflate, on all cores.

The result depends only on the data, never on the number of cores.
"""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from typing import NamedTuple, TypeVar

import deflate

from packager.package.zip_format import DEFLATED, STORED

# 11,700 files of node_modules, one core: levels 5, 6, 7 and 8 of libdeflate take 0.67, 0.74, 0.89
# and 1.28 s and leave 17.56, 17.47, 17.42 and 17.37 MB; zlib's level 6 takes 1.70 s for 17.61 MB.
_LEVEL = 6

# Since version 0.9 the wrapper of libdeflate releases the interpreter's lock. The code between its
# calls holds it, so more threads than this would wait for one another.
_MOST_THREADS = 8

_PIECES_AHEAD = 32 << 20

# A block that is the last one, and empty (RFC 1951, section 3.2.6).
_LAST_BLOCK = b"\x03\x00"

Item = TypeVar("Item")
Result = TypeVar("Result")


class Compressed(NamedTuple):
    """Data as stored in an archive, and its unpacked size and CRC-32."""

    method: int
    data: bytes | bytearray
    size: int
    crc: int


def compress(data: bytes) -> Compressed:
    """Deflate `data`, or store it if that does not make it smaller."""
    return compress_all([data])[0]


def compress_all(items: Sequence[bytes]) -> list[Compressed]:
    """Deflate each of `items`, or store it if that does not make it smaller."""
    # `map` holds the interpreter's lock only briefly between two calls.
    deflated = list(map(deflate.deflate_compress, items, repeat(_LEVEL)))
    checksums = map(deflate.crc32, items)
    return [
        Compressed(DEFLATED, short, len(data), crc)
        if len(short) < len(data)
        else Compressed(STORED, data, len(data), crc)
        for data, short, crc in zip(items, deflated, checksums, strict=True)
    ]


def store(data: bytes) -> Compressed:
    """Return `data` uncompressed."""
    return Compressed(STORED, data, len(data), deflate.crc32(data))


def deflate_pieces(pieces: Iterable[bytes], threads: ThreadPoolExecutor) -> Iterator[bytes]:
    """Deflate data that is too large for memory, piece by piece, into one stream.

    This needs `zlib`: libdeflate cannot leave a stream open at the end of a piece.
    """
    for _, deflated in ahead(threads, _deflate_piece, pieces, len, _PIECES_AHEAD):
        yield deflated
    yield _LAST_BLOCK


@contextmanager
def pool() -> Iterator[ThreadPoolExecutor]:
    """Yield threads for all cores; at the end, cancel tasks that have not begun."""
    threads = ThreadPoolExecutor(min(_cores(), _MOST_THREADS))
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


def ahead(
    threads: ThreadPoolExecutor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    weight: Callable[[Item], int],
    limit: int,
) -> Iterator[tuple[Item, Result]]:
    """Yield each of `items`, in order, with its result, while `threads` process those after it.

    Items that are in progress or done, but not yielded yet, weigh at most `limit` in total, unless
    it is a single one.
    """
    under_way: deque[tuple[Item, Future[Result], int]] = deque()
    total = 0
    for item in items:
        added = weight(item)
        while under_way and total + added > limit:
            first, future, removed = under_way.popleft()
            yield first, future.result()
            total -= removed
        under_way.append((item, threads.submit(function, item), added))
        total += added
    for first, future, _ in under_way:
        yield first, future.result()


def _deflate_piece(data: bytes) -> bytes:
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush(zlib.Z_FULL_FLUSH)


def _cores() -> int:
    """Return the number of cores for this process; in a container these may be fewer than all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
