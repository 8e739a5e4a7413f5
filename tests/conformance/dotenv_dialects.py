"""Compare how four programs read a line of `.env`: the table in docs/dotenv-dialects.md.

`python -m tests.conformance.dotenv_dialects` regenerates it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dotenv import dotenv_values

from packager.config import dotenv
from packager.errors import VariableError
from tests.npm import installed

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

_RUN_FILE = ["bash", "-c", 'set -a; . "$1"; exec "$2" -X utf8 -I -c "$3"', "-"]

_PREFACE = """\
# One line of `.env`, read by four programs

All programs read the same value if it is in single quotes and contains no backslash, quote, `$`,
`!`, `#`, backquote or line end. They read other values differently. The table shows each program's
result; — means an error or an unset variable. `packager` rejects a line if it would have to guess.

`python -m tests.conformance.dotenv_dialects` generates this page by running all four programs.

| line | packager | bash | dotenv (Node.js) | python-dotenv |
| --- | --- | --- | --- | --- |
"""


def packager(text: str, names: list[str]) -> dict[str, str]:
    """Return the values that the packager reads."""
    try:
        variables, _ = dotenv.parse(".env", text)
    except VariableError:
        return {}
    return {name: variables[name] for name in names if name in variables}


def bash(text: str, names: list[str]) -> dict[str, str]:
    """Return the values of bash's variables after it has run the file."""
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "env")
        file.write_bytes(text.encode())
        run = subprocess.run(
            [*_RUN_FILE, file, sys.executable, program],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            check=False,
        )
    variables = json.loads(run.stdout or b"{}")
    return {name: variables[name] for name in names if name in variables}


def node(text: str, names: list[str]) -> dict[str, str]:
    """Return the values that npm's package `dotenv` reads."""
    program = (
        "const input = require('fs').readFileSync(0, 'utf8');"
        "console.log(JSON.stringify(require('dotenv').parse(input)))"
    )
    run = subprocess.run(
        ["node", "-e", program],
        input=text.encode(),
        cwd=installed("dotenv"),
        capture_output=True,
        check=True,
    )
    variables = json.loads(run.stdout)
    return {name: variables[name] for name in names if name in variables}


def python(text: str, names: list[str]) -> dict[str, str]:
    """Return the values that python-dotenv reads."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "env")
        file.write_bytes(text.encode())
        variables = dotenv_values(file)
    return {name: value for name in names if (value := variables.get(name)) is not None}


def page() -> str:
    """Return the whole page."""
    rows = []
    for line in LINES:
        values = [
            _cell(read(f"{line}\n", ["A"]).get("A")) for read in (packager, bash, node, python)
        ]
        rows.append(f"| {_code(_visible(line))} | {' | '.join(values)} |\n")
    return _PREFACE + "".join(rows)


def _cell(value: str | None) -> str:
    return "—" if value is None else _code(_visible(value)) if value else "(empty)"


def _visible(text: str) -> str:
    return text.replace("\r", "␍").replace("\n", "␊").replace("\t", "␉")


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
