"""What a Python app asks for: its requirements, in the format of `requirements.txt`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from packager.errors import PackageError
from packager.names import printable

# https://pip.pypa.io/en/stable/reference/requirements-file-format/
_CONTINUATION = re.compile(r"\\\r?\n")
_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)
_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)[ =]*(\S+)")
_FIND_LINKS = re.compile(r"(?:-f|--find-links)[ =]*(\S+)")
_EDITABLE = re.compile(r"-e|--editable\b")
_FROM_SOURCE = re.compile(r"(?:^|\s)--no-b\w*")  # as pip, which takes abbreviated options
_URL_OF_FILE = re.compile(r"file:(?://(?:localhost)?(?=/))?")

# https://github.com/pypa/pip/blob/main/src/pip/_internal/utils/filetypes.py
_SOURCES = (
    *(".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz"),
    *(".tar.xz", ".txz", ".tar.lz", ".tlz", ".tar.lzma"),
)

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


@dataclass(frozen=True)
class Requirements:
    """What `app` asks for: the `text` and what it refers to, as it was read."""

    app: Path
    text: str
    included: tuple[bytes, ...]
    has_sources: bool
    """Whether there are source archives in what was read."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not _lines(self.text)

    @property
    def variables(self) -> set[str]:
        """The names of environment variables that stand in them, as `${TOKEN}`."""
        texts = [self.text, *(content.decode(errors="replace") for content in self.included)]
        return {name for text in texts for name in _VARIABLE.findall(text)}


def read(app: Path) -> Requirements:
    """Read `requirements.txt` or else the `dependencies` of `pyproject.toml`.

    Raises PackageError for what cannot be read, and for what asks for no wheel: a folder, and
    --no-binary.
    """
    path = app / "requirements.txt"
    if path.is_file():
        text = _read(path).decode("utf-8-sig", errors="replace")
    else:
        text = "".join(f"{line}\n" for line in _dependencies(app / "pyproject.toml"))
    files = list(dict.fromkeys(_files(app, app, text, seen={path.resolve()})))
    has_sources = any(file.name.lower().endswith(_SOURCES) for file in files)
    return Requirements(app, text, tuple(map(_read, files)), has_sources)


def _dependencies(path: Path) -> list[str]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        table: dict[str, Any] = tomllib.loads(_read(path).decode())
    except ValueError as error:
        raise PackageError(f"{path} is not TOML: {error}.", "Mend the file.") from error
    project = _subtable(table, "project")
    dependencies = project.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(d, str) for d in dependencies):
        raise PackageError(f"{path}: dependencies is no list of strings.", "Mend the file.")
    of_poetry = _subtable(table, "tool", "poetry", "dependencies").keys() - {"python"}
    dynamic = "dependencies" in str(project.get("dynamic"))
    if not dependencies and (of_poetry or dynamic):
        raise PackageError(
            f"{path} does not say in [project] what the dependencies are.",
            "Write them to requirements.txt, as by `pip freeze` or `poetry export`.",
        )
    return dependencies


def _subtable(table: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        table = table.get(name, {})
        if not isinstance(table, dict):
            return {}
    return table


def _files(app: Path, folder: Path, text: str, seen: set[Path]) -> Iterator[Path]:
    """Find the files that requirements in `folder` refer to: others, constraints and archives."""
    for line in _lines(text):
        if _FROM_SOURCE.search(line):
            raise PackageError(
                "The requirements ask by --no-binary for what is built here, on this machine. For"
                " Lambda's, only wheels are installed.",
                "Leave the option out, or name a wheel that is built from it for the function's"
                " platform.",
            )
        if include := _INCLUDE.match(line):
            path = _local(folder, include[1]).resolve()
            if path.is_file() and path not in seen:
                seen.add(path)
                yield path
                yield from _files(app, path.parent, _read(path).decode(errors="replace"), seen)
        elif links := _FIND_LINKS.match(line):
            yield from sorted(_local(folder, links[1]).glob("*.whl"))
        else:
            yield from _archives(app, line)
            if _EDITABLE.match(line):
                raise PackageError(
                    "The requirements ask by --editable for source that would stay elsewhere.",
                    "Leave the option out, so that it is installed.",
                )


def _archives(app: Path, line: str) -> Iterator[Path]:
    for word in re.split(r"[\s=@#\[]+", line.partition(";")[0]):
        path = _local(app, word)
        if path.name.lower().endswith((".whl", *_SOURCES)) and path.is_file():
            yield path
        elif (word.startswith(".") or "/" in word) and path.is_dir():
            raise PackageError(
                f"The requirements ask for the folder {printable(word)}, which is no wheel.",
                "Name a wheel that is built from it, as by `pip wheel`; if it is the app itself,"
                " leave it out.",
            )


def _local(folder: Path, name: str) -> Path:
    """Give the file or folder that `name`, a path or a URL, says from `folder`, if it is local."""
    is_url = _URL_OF_FILE.match(name)
    return folder / (unquote(name[is_url.end() :]) if is_url else name)


def _lines(text: str) -> list[str]:
    text = _COMMENT.sub("", _CONTINUATION.sub(" ", text))
    return [line.strip() for line in text.splitlines() if line.strip()]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackageError(f"{path} cannot be read: {error.strerror}.", "Mend it.") from error
