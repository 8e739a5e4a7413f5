"""The three readers give every text the same typed values."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conformance.readers import HERE, ROOT
from tests.conftest import requires

# Pieces of numbers, booleans and lists, and text that only some languages' parsers accept.
PIECES = [
    *("", " ", "\t", "\n", "\v", "\f", "\r", "+", "-", ".", "e", "E", "0", "1", "9", "007", ","),
    *("true", "YES", "On", "false", "no", "OFF", "2147483648", "9007199254740991", "e308", "e-400"),
    *("x", "_", "inf", "NaN", "Infinity", "0x", "d", "f", "L", "n", "'", '"', "%", "\\", "=", "a"),
    *("\0", "\x1f", "\x85", "\xa0", "\u2028", "\ufeff", "\u0663", "\uff11", "\u212a", "\u017f"),
    *("\u0130", "\ufb00", "\U0001f600", "\ud83d", "\ude00"),
]
TEXTS = 5_000

pytestmark = requires("java", "javac", "node")


def outputs(texts: list[str], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the output of each language for the texts."""
    sources = [HERE / "TypedJava.java"]
    sources += (ROOT / "sdk_java" / "src" / "main" / "java").rglob("*.java")
    subprocess.run(["javac", "-d", folder, *sources], check=True)
    commands: dict[str, list[str | Path]] = {
        "Python": [sys.executable, HERE / "typed_python.py"],
        "Node.js": ["node", HERE / "typed_node.js"],
        "Java": ["java", "-cp", folder, "TypedJava"],
    }
    lines = "".join(text.encode("utf-16-be", "surrogatepass").hex() + "\n" for text in texts)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "sdk_python")}
    results = {}
    for name, command in commands.items():
        done = subprocess.run(
            command,
            env=environment,
            input=lines,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
        results[name] = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
    return results


def expected(values: dict[str, Any], language: str) -> dict[str, Any]:
    """Return the output of another language that corresponds to Python's."""
    values = dict(values)
    integer = values["integer"]
    if language == "Java":
        fits = integer is not None and -(2**63) <= integer < 2**63
        values["integer"] = integer if fits else None
    else:
        del values["integer"]
        if integer is not None and abs(integer) >= 2**53:
            values["number"] = None
    return values


def test_every_reader_gives_random_texts_the_same_typed_values(tmp_path: Path) -> None:
    """All agree on whether a text is a number, a boolean or a list, and on its value."""
    generator = random.Random(7)
    texts = ["".join(generator.choices(PIECES, k=generator.randint(0, 6))) for _ in range(TEXTS)]
    results = outputs(texts, tmp_path)
    for language in ("Node.js", "Java"):
        for text, values, other in zip(texts, results["Python"], results[language], strict=True):
            assert other == expected(values, language), (language, text)
    for kind in ("integer", "number", "boolean", "list"):
        valid = sum(values[kind] is not None for values in results["Python"])
        assert valid > TEXTS / 100, kind
