"""Compressing files on several threads, and large ones in pieces."""

from __future__ import annotations

import os
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from packager.package import compression
from packager.package.compression import ahead, compress, deflate_pieces
from packager.package.zip_format import DEFLATED, STORED

TEXT = b"the quick brown fox jumps over the lazy dog\n" * 500


def inflate(data: bytes | bytearray) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = stream.decompress(data) + stream.flush()
    assert stream.eof
    assert stream.unused_data == b""
    return inflated


def test_data_that_shrinks_is_deflated() -> None:
    method, data, size, crc = compress(TEXT)
    assert (method, size, crc) == (DEFLATED, len(TEXT), zlib.crc32(TEXT))
    assert len(data) < size
    assert inflate(data) == TEXT


@pytest.mark.parametrize("data", [b"", b"a", os.urandom(5000), zlib.compress(os.urandom(5000))])
def test_data_that_does_not_shrink_is_stored(data: bytes) -> None:
    assert compress(data) == (STORED, data, len(data), zlib.crc32(data))


@pytest.mark.parametrize("pieces", [[], [b""], [TEXT], [TEXT, os.urandom(9000), b"a", TEXT]])
def test_pieces_become_one_stream(pieces: list[bytes]) -> None:
    with compression.pool() as threads:
        assert inflate(b"".join(deflate_pieces(pieces, threads))) == b"".join(pieces)


def test_results_come_in_the_order_of_the_items_even_if_a_later_one_is_done_first() -> None:
    first = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            first.wait()
        elif number == 3:
            first.set()
        return -number

    with ThreadPoolExecutor(2) as threads:
        done = list(ahead(threads, work, range(10), weight=lambda _: 1, limit=4))
    assert done == [(number, -number) for number in range(10)]


@pytest.mark.parametrize(("weight", "most"), [(1, 5), (2, 2), (5, 1), (6, 1)])
def test_no_more_work_is_started_than_the_limit_allows(weight: int, most: int) -> None:
    started = taken = 0

    def items() -> list[int]:
        return list(range(20))

    def work(number: int) -> int:
        nonlocal started
        started += 1
        assert started - taken <= most
        return number

    with ThreadPoolExecutor(1) as threads:
        for _, _ in ahead(threads, work, items(), weight=lambda _: weight, limit=5):
            taken += 1
    assert taken == 20


def test_an_error_in_a_thread_is_raised_where_the_results_are_taken() -> None:
    def fail(number: int) -> int:
        raise ValueError(number)

    with compression.pool() as threads, pytest.raises(ValueError, match="7"):
        list(ahead(threads, fail, [7, 8], weight=lambda _: 1, limit=9))


def test_work_that_has_not_started_is_cancelled_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    busy, release = threading.Event(), threading.Event()
    started: list[int] = []

    def work() -> None:
        busy.set()
        release.wait()

    with compression.pool() as threads:
        threads.submit(work)
        for number in range(1000):
            threads.submit(started.append, number)
        busy.wait()
        threading.Timer(0.1, release.set).start()
    assert started == []
