"""Compare all readers and the JDK on random files and random mappings.

`python -m tests.conformance.fuzz --inputs 100000 --seed 7`: the same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeAlias

from packager.config.properties import dumps
from tests.conformance.make_cases import CASES
from tests.conformance.readers import Result, running

ReadAll: TypeAlias = Callable[[Path], dict[str, Result]]

LINE_ENDS = (b"\n", b"\r", b"\r\n")
HARMLESS = tuple(bytes([byte]) for byte in b"aknt0E\0\x0b\x85\xa0\xe9\xff")
GRAMMAR = (b"=", b":", b" ", b"\t", b"\f", b"#", b"!", b"\\", b"\\\\", *LINE_ENDS)
CONTINUATIONS = tuple(b"\\" + end + blanks for end in LINE_ENDS for blanks in (b"", b" ", b"\t\f"))
ESCAPES = (b"\\u0041", b"\\u00E9", b"\\ud83d", b"\\uDE00", b"\\u\\\n00\\\r\n4\\\r1", b"\\n", b"\\=")
WELL_FORMED = (*HARMLESS, *GRAMMAR, *CONTINUATIONS, *ESCAPES)
ANY = (*WELL_FORMED, b"\\u", b"\\u0", b"\\u00g0", b"u", b"u00e9", b"\xef\xbb\xbf")

SHORT_CASES = [content for content in CASES.values() if len(content) < 200]

# Latin-1 and other characters, with two or four bytes in UTF-16; no NUL and no lone surrogate.
CHARACTERS = "aZ09_ \t\n\r\f\b\\=:#!u'\"$\x01\x0b\x7f\x85\xa0\xe9\xff\u20ac\u2028\ufeff\U0001f600"


class DifferenceError(Exception):
    """The readers return different results for a file."""

    def __init__(self, seed: int, content: bytes, results: dict[str, Result]) -> None:
        shown = "".join(f"\n{name}: {result}" for name, result in results.items())
        super().__init__(f"seed {seed}, file {content.hex()}{shown}")


def compare(read_all: ReadAll, path: Path, inputs: int, seed: int) -> None:
    """Write `inputs` random files to `path`, one after the other, and compare all readers on each.

    Half are random bytes, half random mappings as the packager writes them. Raises DifferenceError.
    """
    random = Random(seed)
    for number in range(inputs):
        expected: dict[str, Result] = {}
        if number % 2:
            mapping = random_mapping(random)
            content = dumps(mapping)
            expected = {"the mapping": {"pairs": mapping}}
        else:
            content = random_bytes(random)
        path.write_bytes(content)
        results = {**expected, **read_all(path)}
        if any(result != results["JDK"] for result in results.values()):
            raise DifferenceError(seed, content, results)


def random_bytes(random: Random) -> bytes:
    """Return a file of random pieces of the grammar, or a case with a few bytes replaced."""
    if random.random() < 0.3:
        return _mutated(random, random.choice(SHORT_CASES))
    # A malformed escape hides everything after it, so most files contain none.
    pieces = random.choice((WELL_FORMED, WELL_FORMED, ANY))
    return b"".join(random.choices(pieces, k=random.randrange(40)))


def _mutated(random: Random, content: bytes) -> bytes:
    for _ in range(random.randrange(1, 4)):
        start = random.randrange(len(content) + 1)
        end = start + random.randrange(3)
        replacement = random.choice((b"", random.choice(ANY), random.randbytes(1)))
        content = content[:start] + replacement + content[end:]
    return content


def random_mapping(random: Random) -> dict[str, str]:
    """Return variables of any characters that a process environment can hold."""
    return {_text(random): _text(random) for _ in range(random.randrange(5))}


def _text(random: Random) -> str:
    return "".join(random.choices(CHARACTERS, k=random.randrange(12)))


def main() -> None:
    """Exit with status 1 at the first difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as readers:
        try:
            compare(readers.read_all, Path(folder, "env.properties"), options.inputs, options.seed)
        except DifferenceError as difference:
            sys.exit(str(difference))
    print(f"{options.inputs} inputs of seed {options.seed}: all agree")


if __name__ == "__main__":
    main()
