"""Mutate real archives, and check that each is an error or becomes a correct package."""

from __future__ import annotations

import random
import shutil
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from packager.errors import ArchiveError
from packager.local import task
from packager.package import inject as injection
from packager.package import zip_directory, zip_format, zip_source
from packager.package.inject import NewFile, inject, unpacked_sizes
from packager.package.zip_directory import read_directory
from packager.package.zip_source import Source

HERE = Path(__file__).parent
ENTRY = "env.properties"
NEW = b"NEW=config\n"

# Ten times an input and its package, plus the blocks that are read at a time.
MEMORY = 4 << 20

# Maximum number of inputs to keep for further mutation, each up to 64 KB.
_POPULATION = 2_000

_SIGNATURES = [b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08", b"\1\0"]
_NAMES = [b"../../x", b"/x", b"a\\b", b"\0", b"\xff\xfe", ENTRY.encode(), b"./env.properties"]
_TRACED = {module.__file__ for module in (injection, zip_directory, zip_source, zip_format, task)}


def seeds() -> list[bytes]:
    """Return small archives from `jar`, `zip` and zipfile."""
    return [path.read_bytes() for path in sorted((HERE / "seeds").iterdir())]


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """Fail if the block holds more than `limit` bytes of memory at any time."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


def judge(hostile: bytes, folder: Path) -> bool:
    """Return whether an archive is accepted. Fails if its package is wrong, or for other errors."""
    source, new = folder / "source", folder / "new"
    source.write_bytes(hostile)
    accepted = True
    with memory_below(MEMORY + 10 * len(hostile)):
        try:
            size, _ = inject(source, new, NewFile(ENTRY, NEW))
        except ArchiveError as error:
            assert str(source) in error.message
            assert not new.exists()
            accepted = False
    if accepted:
        _is_correct(source, new)
        assert sum(unpacked_sizes(new).values()) == size
        _unpacks_inside(new, folder / "unpacked")
        new.unlink()
    assert source.read_bytes() == hostile
    return accepted


def _is_correct(source: Path, new: Path) -> None:
    before = [kept for kept in _entries(source) if not _is_older(kept[0])]
    *after, added = _entries(new)
    assert after == before
    assert added[0] == ENTRY.encode()
    try:
        old = zipfile.ZipFile(source)
    except Exception:  # zipfile has a dozen kinds of errors for hostile archives
        return
    with old:
        others = old.infolist()
        if len(others) != len(_entries(source)):
            return  # zipfile reads the other one of two end records
        with zipfile.ZipFile(new) as package:
            assert package.read(ENTRY) == NEW
            assert len(package.namelist()) == len(before) + 1
            kept = [info for info in others if not _is_older(_name(info))]
            for old_info, info in zip(kept, package.infolist(), strict=False):
                content = _content(old, old_info)
                assert content in (None, _content(package, info))


def _unpacks_inside(package: Path, unpacked: Path) -> None:
    """Unpack a package as `--local` does: no file outside its folder is created."""
    before = set(unpacked.parent.iterdir())
    try:
        with package.open("rb") as file:
            task.unpack(file, unpacked)
    except ArchiveError:
        pass
    else:
        assert (unpacked / ENTRY).read_bytes() == NEW
    assert set(unpacked.parent.iterdir()) == before | {unpacked}
    shutil.rmtree(unpacked)


def _name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & 1 << 11 else "cp437")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
    """Read an entry, or return None if zipfile cannot."""
    try:
        with archive.open(info) as file:
            return file.read(1 << 20)
    except Exception:  # as in `_is_correct`
        return None


def _entries(path: Path) -> list[tuple[bytes, int, bytes]]:
    content = path.read_bytes()
    with Source.opened(path) as source:
        return [
            (entry.name, entry.size, content[entry.start : entry.end])
            for entry in read_directory(source)
        ]


def _is_older(name: bytes) -> bool:
    path = name.partition(b"\0")[0].replace(b"\\", b"/")
    steps: list[bytes] = []
    for step in path.split(b"/"):
        if step == b"..":
            del steps[-1:]
        elif step not in (b"", b"."):
            steps.append(step)
    return steps == [ENTRY.encode()]


def mutate(chance: random.Random, population: list[bytes]) -> bytes:
    """Return a hostile archive made from one of a `population`, or from two."""
    mutated = bytearray(chance.choice(population))
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        chance.choice(
            [_set_field, _set_field, _set_field, _flip, _cut, _repeat, _insert, _rename, _splice]
        )(chance, mutated, population)
    return bytes(mutated)


def _set_field(chance: random.Random, mutated: bytearray, _: list[bytes]) -> None:
    """Overwrite a field of a structure with a number."""
    signature = chance.choice(_SIGNATURES)
    places = [at for at in range(len(mutated)) if mutated.startswith(signature, at)]
    if not places:
        return
    at = chance.choice(places) + chance.randrange(0, 60, 2)
    width = chance.choice([2, 2, 4, 4, 8])
    old = int.from_bytes(mutated[at : at + width], "little")
    largest = 2 ** (8 * width) - 1
    number = chance.choice(
        [
            *(0, 1, old + 1, old - 1, old + 44, old * 2, len(mutated), chance.choice(places)),
            *(2**31, largest, largest - 1, chance.getrandbits(8 * width)),
        ]
    )
    if at + width <= len(mutated):
        mutated[at : at + width] = (number & largest).to_bytes(width, "little")


def _flip(chance: random.Random, mutated: bytearray, _: list[bytes]) -> None:
    if mutated:
        mutated[chance.randrange(len(mutated))] ^= 1 << chance.randrange(8)


def _span(chance: random.Random, length: int) -> slice:
    start = chance.randint(0, length)
    return slice(start, min(length, start + chance.choice([1, 2, 16, 46, 200, length])))


def _cut(chance: random.Random, mutated: bytearray, _: list[bytes]) -> None:
    del mutated[_span(chance, len(mutated))]


def _repeat(chance: random.Random, mutated: bytearray, _: list[bytes]) -> None:
    at = chance.randint(0, len(mutated))
    mutated[at:at] = mutated[_span(chance, len(mutated))] * chance.choice([1, 1, 2, 50])
    del mutated[1 << 16 :]


def _insert(chance: random.Random, mutated: bytearray, _: list[bytes]) -> None:
    at = chance.randint(0, len(mutated))
    mutated[at:at] = chance.choice([*_SIGNATURES, bytes(44), chance.randbytes(20)])


def _rename(chance: random.Random, mutated: bytearray, _: list[bytes]) -> None:
    """Overwrite the beginning of a name."""
    places = [at for at in range(len(mutated)) if mutated.startswith((b"PK\1\2", b"PK\3\4"), at)]
    if places:
        at = chance.choice(places)
        start = at + (46 if mutated[at + 2] == 1 else 30)
        name = chance.choice(_NAMES)
        mutated[start : start + len(name)] = name


def _splice(chance: random.Random, mutated: bytearray, population: list[bytes]) -> None:
    other = chance.choice(population)
    at = chance.choice([0, len(mutated), chance.randint(0, len(mutated))])
    mutated[at:] = other[_span(chance, len(other))] if chance.random() < 0.5 else other
    del mutated[1 << 16 :]


@contextmanager
def _lines() -> Iterator[set[tuple[CodeType, int]]]:
    """Collect the lines that run in the packager's code for archives."""
    seen: set[tuple[CodeType, int]] = set()

    def local(frame: FrameType, event: str, _: object) -> Any:
        seen.add((frame.f_code, frame.f_lineno))
        return local

    def everywhere(frame: FrameType, event: str, _: object) -> Any:
        return local if frame.f_code.co_filename in _TRACED else None

    before = sys.gettrace()
    sys.settrace(everywhere)
    try:
        yield seen
    finally:
        sys.settrace(before)


def fuzz(inputs: int, seed: int, folder: Path) -> tuple[int, int]:
    """Try random inputs; return how many are accepted, and how many run a new combination of lines.

    An input that runs a new combination is mutated further. An input that fails remains in the file
    `source` in `folder`.
    """
    chance = random.Random(seed)
    population = seeds()
    seen: set[int] = set()  # hashes, because the sets of lines would take gigabytes
    accepted = 0
    for _ in range(inputs):
        hostile = mutate(chance, population)
        with _lines() as lines:
            accepted += judge(hostile, folder)
        combination = hash(frozenset(lines))
        if combination not in seen:
            seen.add(combination)
            population.append(hostile)
            if len(population) > _POPULATION:
                del population[chance.randrange(_POPULATION)]
    return accepted, len(seen)
