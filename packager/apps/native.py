"""Native code: detect by the first bytes of a file which system and processor it was built for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from packager.apps.contents import Contents, Finding

HEAD = 64

# e_machine of the ELF header: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
_ELF = b"\x7fELF"
_ELF_MACHINES = {3: "x86", 40: "arm", 62: "x86_64", 183: "arm64", 243: "riscv64"}

# Mach-O of 32 and 64 bits in both byte orders, and universal binaries, which begin with the same
# four bytes as Java's class files: https://github.com/apple-oss-distributions/xnu, mach-o/fat.h.
_MACH_O = {
    bytes.fromhex(magic) for magic in ("feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe")
}
_PE = b"MZ"

_LIBRARY = re.compile(r"\.(?:node|so(?:\.\d+)*|pyd|dylib|dll)")

_SYSTEMS = {"darwin": "macOS", "windows": "Windows", "linux": "Linux"}


class Build(NamedTuple):
    """The system and the processor that a file was built for; "" for an unknown processor."""

    system: str
    processor: str

    def __str__(self) -> str:
        """Return both for messages."""
        return " ".join(filter(None, (_SYSTEMS[self.system], self.processor)))


def build_of(head: bytes) -> Build | None:
    """Return the build of a file that begins with `head`; None if it is not native code."""
    if head.startswith(_ELF) and len(head) >= 20:
        order = "big" if head[5] == 2 else "little"
        machine = int.from_bytes(head[18:20], order)  # type: ignore[arg-type]
        return Build("linux", _ELF_MACHINES.get(machine, f"machine {machine}"))
    if head[:4] in _MACH_O:
        return Build("darwin", "")
    if head.startswith(_PE):
        return Build("windows", "")
    return None


def is_library(name: str) -> bool:
    """Return whether the name of an entry is that of a native library."""
    match = _LIBRARY.search(name)
    return match is not None and match.end() == len(name)


def builds(contents: Contents, names: Iterable[str]) -> Iterator[tuple[str, Build]]:
    """Yield the native libraries among the entries `names`, each with its build."""
    for name in names:
        if is_library(name) and (build := build_of(contents.head(name, HEAD))):
            yield name, build


def unfit(
    contents: Contents, names: Iterable[str], architecture: str, owner: Callable[[str], str]
) -> Iterator[tuple[str, list[tuple[str, Build]]]]:
    """Yield each dependency that has native code, but none for Linux on `architecture`.

    A dependency with builds for several systems is fine if one of them fits. `owner` returns the
    dependency that an entry belongs to.
    """
    by_owner: Mapping[str, list[tuple[str, Build]]] = defaultdict(list)
    for name, build in builds(contents, names):
        by_owner[owner(name)].append((name, build))
    for dependency, found in sorted(by_owner.items()):
        if Build("linux", architecture) not in {build for _, build in found}:
            yield dependency, found


def finding(
    dependency: str, found: list[tuple[str, Build]], architecture: str, hint: str
) -> Finding:
    """Return the finding for a dependency of which no build fits the function."""
    kinds = " and ".join(sorted({str(build) for _, build in found}))
    return Finding(
        f"{dependency} has native code for {kinds} only"
        f" ({found[0][0]}), but the function runs on Linux {architecture}.",
        hint,
    )
