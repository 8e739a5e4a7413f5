"""Read dependencies from `requirements.txt`, or from a project's own table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from packager.apps.python import tables
from packager.apps.python.wanted import Wanted
from packager.errors import PackageError

# https://pip.pypa.io/en/stable/reference/requirements-file-format/
_CONTINUATION = re.compile(r"\\\r?\n")
_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)
_INCLUDE = re.compile(r"(?:-r|-c|--requirements?|--constraints?)[ =]*(\S+)")
_FIND_LINKS = re.compile(r"(?:-f|--find-links)[ =]*(\S+)")
_EDITABLE = re.compile(r"-e|--editable\b")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(?![\w.-])(?![/:])")
_WITH_HASH = re.compile(r"\S.*\s--hash[ =]")
_TRUSTED_HOST = re.compile(r"--trusted-host[ =]*(\S+)")
_URL_OF_FILE = re.compile(r"file:(?://(?:localhost)?(?=/))?")

# `name==version`, with or without extras, and without a second version or a wildcard; or a commit.
_PIN = re.compile(
    r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:===?\s*[^\s*,;<>=~!]+\s*(?:;|--|$))"
)
_COMMIT = re.compile(
    r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*@\s*git\+\S+@[0-9a-f]{40}(?:#|\s|$)"
)

# https://github.com/pypa/pip/blob/main/src/pip/_internal/utils/filetypes.py
_ARCHIVES = (
    *(".whl", ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz"),
    *(".tar.xz", ".txz", ".tar.lz", ".tlz", ".tar.lzma"),
)


def read(file: Path, app: Path) -> Wanted:
    """Read a file of requirements, and the files that it refers to.

    Raises PackageError for an unreadable file, a folder or an editable requirement.
    """
    text = tables.read(file).decode("utf-8-sig", errors="replace")
    texts = {file.resolve(): text}
    archives: list[Path] = []
    left = [file.resolve()]
    while left:
        path = left.pop()
        for found in _files(app, path.parent, texts[path]):
            if found.name.lower().endswith(_ARCHIVES):
                archives.append(found)
            elif found not in texts:
                texts[found] = tables.read(found).decode("utf-8-sig", errors="replace")
                left.append(found)
    listed = [line for text in texts.values() for line in lines(text)]
    options = tuple(_of_uv(listed))
    return Wanted(
        file=file,
        inputs=(
            *(text.encode() for text in (*texts.values(), *options)),
            *map(tables.read, archives),
        ),
        prepare=lambda *_: [("--requirements", str(file.resolve()), *options)],
        pinned=pinned(listed),
        # A local file may have changed, though its name is the same.
        only_pins=not archives and all(line.startswith("-") or pinned([line]) for line in listed),
        texts=tuple((path.name, "\n".join(lines(text))) for path, text in texts.items()),
    )


def of_project(file: Path) -> Wanted:
    """Read the `dependencies` of the table `project` in a `pyproject.toml`."""
    project = tables.subtable(tables.toml(file), "project")
    return Wanted(
        file=file,
        inputs=(tables.read(file),),
        prepare=lambda *_: [("--requirements", str(file.resolve()))],
        pinned=pinned(project.get("dependencies", [])),
    )


def pinned(requirements: Iterable[str]) -> frozenset[str]:
    """Return the `canonical` names of packages that are pinned to one version."""
    found = (_PIN.match(line) or _COMMIT.match(line) for line in requirements)
    return frozenset(canonical(match[1]) for match in found if match)


def canonical(name: str) -> str:
    """Normalize the name of a package (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    """Return the canonical name with which a requirement begins; nothing for a path or option."""
    found = _NAME.match(requirement)
    return canonical(found[0]) if found else ""


def lines(text: str) -> list[str]:
    """Return the requirements and options, without comments, and with continued lines joined."""
    text = _COMMENT.sub("", _CONTINUATION.sub(" ", text))
    return [line.strip() for line in text.splitlines() if line.strip()]


def _of_uv(listed: Sequence[str]) -> Iterator[str]:
    """Yield options with which uv treats what is `listed` as pip does.

    uv ignores some options in a file, and the hashes of what is not pinned. For pip, one hash in a
    file means that everything needs one:
    https://pip.pypa.io/en/stable/topics/secure-installs/#hash-checking-mode
    """
    if any(map(_WITH_HASH.match, listed)):
        yield "--require-hashes"
    for line in listed:
        if line == "--pre":
            yield "--prerelease=allow"
        elif host := _TRUSTED_HOST.fullmatch(line):
            yield f"--allow-insecure-host={host[1]}"


def _files(app: Path, folder: Path, text: str) -> Iterator[Path]:
    """Yield the files that requirements in `folder` refer to: others, constraints and archives."""
    for line in lines(text):
        if include := _INCLUDE.match(line):
            path = _local(folder, include[1])
            if path.is_file():
                yield path.resolve()
        elif links := _FIND_LINKS.match(line):
            place = _local(folder, links[1])
            yield from (path for path in sorted(place.glob("*")) if _is_archive(path))
        else:
            yield from _archives(app, line)
            if _EDITABLE.match(line):
                raise PackageError(
                    "The requirements contain --editable, whose sources are not installed.",
                    "Remove the option.",
                )


def _archives(app: Path, line: str) -> Iterator[Path]:
    for word in re.split(r"[\s=@#\[]+", line.partition(";")[0]):
        path = _local(app, word)
        if _is_archive(path):
            yield path
        elif (word.startswith(".") or "/" in word) and path.is_dir():
            raise PackageError(
                f"The requirements contain the folder {word}, which is not a wheel.",
                "List a wheel that is built from it (`uv build --wheel`), or remove the line if the"
                " folder is the app.",
            )


def _is_archive(path: Path) -> bool:
    return path.name.lower().endswith(_ARCHIVES) and path.is_file()


def _local(folder: Path, name: str) -> Path:
    """Return the local file or folder of `name`, a path relative to `folder` or a URL."""
    is_url = _URL_OF_FILE.match(name)
    return folder / (unquote(name[is_url.end() :]) if is_url else name)
