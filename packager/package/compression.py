"""Deflate: makes the data of entries smaller, on all cores.

What comes out depends on the data alone, never on the number of cores.
"""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import deflate

from packager.package.zip_format import DEFLATED, STORED

# 11,700 files of node_modules, one core: levels 5, 6, 7 and 8 of libdeflate take 0.67, 0.74, 0.89
# and 1.28 s and leave 17.56, 17.47, 17.42 and 17.37 MB; zlib's level 6 takes 1.70 s for 17.61 MB.
_LEVEL = 6

# The wrapper of libdeflate lets go of the interpreter's lock, since version 0.9; what is done
# between its calls does not, and keeps more threads than this waiting for one another.
_MOST_THREADS = 8

_PIECES_AHEAD = 32 << 20

# A block that is the last one, and empty (RFC 1951, section 3.2.6).
_LAST_BLOCK = b"\x03\x00"

Item = TypeVar("Item")
Result = TypeVar("Result")


class Compressed(NamedTuple):
    """Data as it stands in an archive, and its size and CRC-32 when unpacked."""

    method: int
    data: bytes | bytearray
    size: int
    crc: int


def compress(data: bytes) -> Compressed:
    """Deflate `data`, or store it where that is not smaller: it may be compressed already."""
    deflated = deflate.deflate_compress(data, _LEVEL)
    if len(deflated) < len(data):
        return Compressed(DEFLATED, deflated, len(data), deflate.crc32(data))
    return store(data)


def store(data: bytes) -> Compressed:
    """Take `data` as it is."""
    return Compressed(STORED, data, len(data), deflate.crc32(data))


def deflate_pieces(pieces: Iterable[bytes], threads: ThreadPoolExecutor) -> Iterator[bytes]:
    """Deflate data that is too large to be held as a whole, into one stream.

    Only `zlib` can leave a stream open at the end of a piece; libdeflate cannot.
    """
    for _, deflated in ahead(threads, _deflate_piece, pieces, len, _PIECES_AHEAD):
        yield deflated
    yield _LAST_BLOCK


@contextmanager
def pool() -> Iterator[ThreadPoolExecutor]:
    """Give threads for all cores, which at the end do only what they have begun."""
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
    """Give each of `items`, in order, with its result, while `threads` work at those behind it.

    Those that are worked at, or wait to be taken, weigh at most `limit`, if they are several.
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
    """How many cores this process may use; a container often has fewer than its machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
