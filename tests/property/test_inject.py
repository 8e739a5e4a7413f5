"""Injecting an entry into any archive keeps all other entries and removes older versions of it."""

from __future__ import annotations

import random
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from packager.package.inject import NewFile, inject, unpacked_sizes
from packager.package.zip_directory import read_directory
from packager.package.zip_source import Source
from tests.archives import Part, contents, craft

ENTRY = "env.properties"

names = st.one_of(
    st.sampled_from([b"META-INF/MANIFEST.MF", b"a/", b"conf/env.properties", b"../x", b"/y"]),
    st.text(max_size=12).map(str.encode),
    st.binary(max_size=8),
)
extra_fields = st.lists(st.binary(max_size=20), max_size=2).map(
    lambda fields: b"".join(b"\x99\x99%c\0%s" % (len(field), field) for field in fields)
)
parts = st.builds(
    Part,
    name=names,
    data=st.binary(max_size=100) | st.binary(max_size=8).map(lambda data: data * 50),
    deflated=st.booleans(),
    descriptor=st.booleans(),
    zip64=st.booleans(),
    orphaned=st.sampled_from([False, False, False, True]),
    extra=extra_fields,
    local_extra=extra_fields,
    comment=st.just(b"") | st.binary(max_size=10),
    mode=st.sampled_from([0o100644, 0o100755, 0o120777, 0o040755, 0]),
)
# Incompressible, so that remains can be found, whether stored or deflated.
secrets = st.integers(0, 2**32).map(lambda seed: random.Random(seed).randbytes(60))
older = st.tuples(parts, secrets, st.sampled_from([b"env.properties", b"./env.properties"])).map(
    lambda drawn: replace(drawn[0], data=drawn[1], name=drawn[2])
)
free_bytes = st.binary(max_size=40).filter(lambda data: b"PK" not in data)
layouts = st.fixed_dictionaries(
    {"prefix": free_bytes, "counted": st.booleans(), "comment": free_bytes, "zip64": st.booleans()}
)
configs = st.binary(max_size=300)


@contextmanager
def written(archive: bytes) -> Iterator[Path]:
    # zipfile takes any bytes with its signature for a zip64 locator; real ones name disk 0.
    assume(b"PK\6\7" not in archive.replace(b"PK\6\7\0\0\0\0", b""))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "source")
        path.write_bytes(archive)
        yield path


@given(st.lists(parts), layouts, configs)
def test_all_other_entries_are_unchanged(
    entries: list[Part], layout: dict[str, Any], config: bytes
) -> None:
    with written(craft(*entries, **layout)) as source:
        new = source.with_name("new")
        inject(source, new, NewFile(ENTRY, config))
        *others, added = contents(new)
        assert others == contents(source)
        assert added.name == ENTRY
        with zipfile.ZipFile(new) as package:
            assert package.read(ENTRY) == config
            assert package.comment == layout["comment"]


@given(st.lists(parts, max_size=5), st.lists(older, min_size=1, max_size=3), layouts, st.randoms())
def test_no_part_of_older_entries_remains(
    entries: list[Part], olds: list[Part], layout: dict[str, Any], order: random.Random
) -> None:
    mixed = [*entries, *olds]
    order.shuffle(mixed)
    with written(craft(*mixed, **layout)) as source:
        new = source.with_name("new")
        inject(source, new, NewFile(ENTRY, b"A=1\n"))
        package = new.read_bytes()
        assert not [old for old in olds if old.data[:50] in package]
        before = [kept for kept in contents(source) if kept.name.removeprefix("./") != ENTRY]
        assert contents(new)[:-1] == before


@given(st.lists(parts | older, max_size=6), layouts, configs, configs)
def test_injecting_twice_equals_injecting_only_the_second_config(
    entries: list[Part], layout: dict[str, Any], first: bytes, second: bytes
) -> None:
    with written(craft(*entries, **layout)) as source:
        one, two, new = (source.with_name(name) for name in ("one", "two", "new"))
        inject(source, one, NewFile(ENTRY, first))
        inject(one, two, NewFile(ENTRY, second))
        inject(source, new, NewFile(ENTRY, second))
        assert two.read_bytes() == new.read_bytes()


@given(st.lists(parts | older, max_size=6), layouts, configs)
def test_the_sizes_by_folder_add_up_to_the_unpacked_size(
    entries: list[Part], layout: dict[str, Any], config: bytes
) -> None:
    with written(craft(*entries, **layout)) as source:
        new = source.with_name("new")
        size, _ = inject(source, new, NewFile(ENTRY, config))
        assert sum(unpacked_sizes(new).values()) == size
        with zipfile.ZipFile(new) as package:
            assert sum(info.file_size for info in package.infolist()) == size


@given(st.lists(parts, max_size=6), layouts)
def test_the_quick_scan_of_a_directory_agrees_with_the_full_one(
    entries: list[Part], layout: dict[str, Any]
) -> None:
    with written(craft(*entries, **layout)) as path, Source.opened(path) as source:
        directory = read_directory(source)
        quick = directory.quick_size([ENTRY.encode()])
        assert quick in (None, sum(entry.size for entry in directory))


@given(st.lists(parts.filter(lambda part: not part.zip64 and not part.orphaned), max_size=6))
def test_the_quick_scan_suffices_for_simple_entries(entries: list[Part]) -> None:
    simple = [replace(part, comment=b"", local_extra=part.local_extra[:27]) for part in entries]
    with written(craft(*simple)) as path, Source.opened(path) as source:
        quick = read_directory(source).quick_size([ENTRY.encode()])
        occurs = any(ENTRY.encode() in part.name for part in simple)
        assert (quick is None) == occurs
