"""Compare how four programs read a line of `.env`: the table in docs/dotenv-dialects.md.

`python -m tests.conformance.dotenv_dialects` regenerates it.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TypeAlias

from dotenv import dotenv_values

from packager.config import dotenv
from packager.errors import VariableError
from tests.npm import installed

Variables: TypeAlias = dict[str, str]

PAGE = Path(__file__).parents[2] / "docs" / "dotenv-dialects.md"

LINES = [
    "A=plain",
    "A=one two",
    "A=one # two",
    "A=one#two",
    "A=#one",
    "A = one",
    r"A=C:\new",
    "A=it's",
    "A=`x`",
    "A='`x`'",
    "A=$HOME_",
    "A='$HOME_'",
    'A="$HOME_"',
    r'A="\$5"',
    r'A="\!"',
    'A="!"',
    r'A="a\nb"',
    r'A="a\tb"',
    r'A="a\\nb"',
    r'A="C:\new"',
    r'A="a\"b"',
    r"A='a\nb'",
    r"A='a\\b'",
    "A='a\nb'",
    "A='a\r\nb'",
    """A='it'"'"'s'""",
    "A='x'#y",
    'A={"a": 1}',
    "export A=x",
]

_RUN_FILE = ["bash", "-c", 'set -a; . "$1"; exec env -0', "-"]

_PREFACE = """\
# One line of `.env`, read by four programs

All programs read the same value if it is in single quotes and contains no backslash, quote, `$`,
`!`, `#`, backquote or line end. They read other values differently. The table shows each program's
result; — means an error or an unset variable. `packager` rejects a line if it would have to guess.

`python -m tests.conformance.dotenv_dialects` generates this page by running all four programs.

| line | packager | bash | dotenv (Node.js) | python-dotenv |
| --- | --- | --- | --- | --- |
"""


def packager(text: str) -> Variables:
    """Return the variables that the packager reads."""
    try:
        return dotenv.parse(".env", text)[0]
    except VariableError:
        return {}


def bash(text: str) -> Variables:
    """Return bash's variables after it has run the file: also those that it sets itself."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "env")
        file.write_bytes(text.encode())
        run = subprocess.run(
            [*_RUN_FILE, file],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            check=False,
        )
    variables = run.stdout.decode().split("\0")[:-1]
    return {name: value for name, _, value in (each.partition("=") for each in variables)}


def node(*texts: str) -> list[Variables]:
    """Return the variables that npm's package `dotenv` reads from each text."""
    program = (
        "const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(texts.map(require('dotenv').parse)))"
    )
    run = subprocess.run(
        ["node", "-e", program],
        input=json.dumps(texts).encode(),
        cwd=installed("dotenv"),
        capture_output=True,
        check=True,
    )
    read: list[Variables] = json.loads(run.stdout)
    return read


def python(text: str) -> Variables:
    """Return the variables that python-dotenv reads."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "env")
        file.write_bytes(text.encode())
        return {name: value for name, value in dotenv_values(file).items() if value is not None}


def page() -> str:
    """Return the whole page."""
    rows = []
    texts = [f"{line}\n" for line in LINES]
    for line, text, by_node in zip(LINES, texts, node(*texts), strict=True):
        read = (packager(text), bash(text), by_node, python(text))
        cells = " | ".join(_cell(variables.get("A")) for variables in read)
        rows.append(f"| {_code(_visible(line))} | {cells} |\n")
    return _PREFACE + "".join(rows)


def _cell(value: str | None) -> str:
    return "—" if value is None else _code(_visible(value)) if value else "(empty)"


def _visible(text: str) -> str:
    return text.replace("\r", "␍").replace("\n", "␊").replace("\t", "␉")


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
