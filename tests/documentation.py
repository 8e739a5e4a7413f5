"""The documentation's pages: their blocks, links and commands, and a reader who runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])

_BLOCK = re.compile(r'^( *)```(\w*)(?: title="([^"\n]+)")?\n(.*?)^\1```$', re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
# Text that differs between runs and between machines.
_PLACEHOLDERS = (
    (re.compile(r"[A-Za-z0-9+/]{43}="), "HASH"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+\d+)?"), "DATE"),
    (re.compile(r"\b\d+\.\d\d(?= ·| s\b|$)", re.MULTILINE), "SECONDS"),
    (re.compile(r"\b\d+(\.\d+)? [kM]?B\b"), "SIZE"),
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `title` is the name of the file that it shows, if any."""

    kind: str
    title: str | None
    text: str


@dataclass
class Result:
    """A command on a page, with the output shown there and its actual output."""

    command: str
    shown: str
    status: int
    output: str


@dataclass
class Reader:
    """A user who follows a page: writes its files and runs its commands."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def work_through(self, page: Path) -> Iterator[Result]:
        """Write the files and run the commands of a page's `console` blocks, in order."""
        for block in blocks(page):
            if block.title:
                path = self.folder / block.title
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
            if block.kind == "console":
                for command, shown in _transcript(block.text):
                    yield self._run(command, shown)

    def _run(self, command: str, shown: str) -> Result:
        """Run a command in bash, in the folder where the previous command ended."""
        where = self.folder.parent / "where"
        script = f'{command}\nstatus=$?; pwd > "$WHERE"; exit $status'
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {"HOME": str(self.folder.parent), "LC_ALL": "C.UTF-8", **self.env}
        ended = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env={**environment, "PATH": programs, "WHERE": str(where)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self.folder = Path(where.read_text().strip())
        return Result(command, shown, ended.returncode, ended.stdout)


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [
        Block(kind, title or None, textwrap.dedent(text))
        for _, kind, title, text in _BLOCK.findall(page.read_text())
    ]


def shell_lines(page: Path) -> list[str]:
    """Return the commands of a page's `sh` and `console` blocks, without comments."""
    lines = []
    for block in blocks(page):
        if block.kind == "sh" and not block.title:
            text = re.sub(r"\\\n\s*", "", block.text)
            lines += [re.sub(r"\s+#.*", "", line).strip() for line in text.splitlines()]
        if block.kind == "console":
            lines += [command for command, _ in _transcript(block.text)]
    return [line for line in lines if line]


def links(page: Path) -> list[str]:
    """Return the targets of a page's links and pictures."""
    prose = _BLOCK.sub("", page.read_text())
    return [link or picture for link, picture in _LINK.findall(prose)]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub creates for a page's headings."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def matches(shown: str, output: str) -> bool:
    """Compare an output with the one shown, in which `…` stands for any text."""
    pattern = re.escape(_normalised(shown)).replace("…", "(.|\n)*")
    return re.fullmatch(pattern, _normalised(output)) is not None


def _normalised(text: str) -> str:
    for pattern, placeholder in _PLACEHOLDERS:
        text = pattern.sub(placeholder, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _transcript(text: str) -> list[tuple[str, str]]:
    """Split a `console` block into commands and their outputs."""
    found = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    return list(zip(found[1::2], found[2::2], strict=True))


def without_blocks(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _BLOCK.sub("", page.read_text())


def new_users_environment(home: Path) -> dict[str, str]:
    """Return the environment of a shell without the tests' virtual environment."""
    folders = os.environ["PATH"].split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if not folder.startswith(sys.prefix))
    kept = {
        name: os.environ[name]
        for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "HOME")
        if name in os.environ
    }
    # Compiling what pip installs takes longer than everything else.
    bounded = {"TMPDIR": str(home), "PIP_NO_COMPILE": "1"}
    return {"LC_ALL": "C.UTF-8", **bounded, **kept, "PATH": path}
