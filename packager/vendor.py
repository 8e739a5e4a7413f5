"""`packager vendor`: copy the source of a reader into a project, instead of a dependency.

The first line of a copy holds its version, its origin and a hash of the rest. The hash
distinguishes an old copy from a modified one, which only --force overwrites.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager import __version__
from packager.atomic_file import replaced
from packager.errors import InputError, VendorError

State = Literal["missing", "current", "outdated", "modified"]

PACKAGE = Path(__file__).parent
# A wheel contains the readers in the package; in a checkout they are next to it.
READERS = PACKAGE / "_vendored" if (PACKAGE / "_vendored").is_dir() else PACKAGE.parent

SOURCES: Mapping[str, tuple[Path, tuple[str, ...]]] = {
    "python": (
        READERS / "sdk_python",
        ("env_properties/__init__.py", "env_properties/_typed.py", "env_properties/py.typed"),
    ),
    # The package.json makes the folder loadable by name, and CommonJS in a project of ES modules.
    "node": (
        READERS / "sdk_node",
        (
            "index.js",
            "errors.js",
            "typed.js",
            "index.mjs",
            "index.d.ts",
            "index.d.mts",
            "populate.js",
            "populate.d.ts",
            "package.json",
        ),
    ),
    "java": (
        READERS / "sdk_java" / "src" / "main" / "java",
        (
            "envproperties/EnvProperties.java",
            "envproperties/EnvPropertiesException.java",
            "envproperties/Overrides.java",
            "envproperties/TypedValues.java",
        ),
    ),
}

COMMENTS = {
    ".py": b"# %s\n",
    ".typed": b"# %s\n",
    ".js": b"// %s\n",
    ".mjs": b"// %s\n",
    ".ts": b"// %s\n",
    ".mts": b"// %s\n",
    ".java": b"// %s\n",
    ".json": b'{ "//": "%s",\n',
}
ORIGIN = f"env-properties {__version__} (MIT), from heroku-lambda-packager"
# A complete first line, of any version. If more is on the line, it was modified.
MARK = re.compile(
    rb'(?:# |// |\{ "//": ")'
    rb'env-properties [^"]+, from heroku-lambda-packager; sha256 of the rest: (\w+)'
    rb'(?:",)?'
)


@dataclass(frozen=True)
class Copy:
    """One file of a vendored reader, and its state before."""

    path: Path
    found: State


def vendor(
    language: str, directory: Path, *, check: bool = False, force: bool = False
) -> tuple[Copy, ...]:
    """Copy the reader for `language` into the project in `directory`.

    Write every file that is not current, each completely or not at all; with `check`, write none.
    Return the state of each file before. Raises VendorError, before writing anything, if a file was
    modified and `force` is not given; and InputError for an unknown language or a missing folder.
    """
    if language not in SOURCES:
        raise InputError(f"no reader for {language}", f"Choose one of: {', '.join(SOURCES)}.")
    if not directory.is_dir():
        raise InputError(f"no such folder: {directory}", "Pass the folder of the project.")
    contents = _contents(language, directory)
    try:
        for path in contents:
            _refuse_links(directory, path)
        copies = tuple(Copy(path, _state(path, content)) for path, content in contents.items())
        modified = [str(copy.path) for copy in copies if copy.found == "modified"]
        if modified and not check and not force:
            raise VendorError(
                f"not overwritten, because it is not an unmodified copy: {', '.join(modified)}",
                "Move the changes elsewhere, or overwrite it with --force.",
            )
        for copy in copies:
            if copy.found != "current" and not check:
                _write(copy.path, contents[copy.path])
    except OSError as error:
        raise VendorError(f"cannot vendor to {directory}: {error}") from error
    return copies


def _contents(language: str, directory: Path) -> dict[Path, bytes]:
    """Return the wanted content of each file."""
    folder, names = SOURCES[language]
    home = _home(language, directory)
    return {home / name: _marked(folder / name) for name in names}


def _home(language: str, directory: Path) -> Path:
    """Return the folder of the project from which the language loads the reader."""
    gradle = [f"{of}.gradle{kts}" for of in ("build", "settings") for kts in ("", ".kts")]
    if language == "java" and any((directory / build).is_file() for build in ["pom.xml", *gradle]):
        return directory / "src" / "main" / "java"
    return directory / "env-properties" if language == "node" else directory


def _marked(source: Path) -> bytes:
    """Return a file with its mark as the first line; in JSON the mark replaces the first line."""
    content = source.read_bytes()
    if source.suffix == ".json":
        content = content.removeprefix(b"{\n")
    mark = f"{ORIGIN}; sha256 of the rest: {_digest(content)}"
    return COMMENTS[source.suffix] % mark.encode() + content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _refuse_links(directory: Path, path: Path) -> None:
    """Raise VendorError if a link would lead from the project in `directory` to elsewhere."""
    for part in [path, *path.parents]:
        if part == directory:
            return
        if part.is_symlink():
            raise VendorError(
                f"{part} is a link, and the packager does not read or write through links.",
                "Remove the link, or pass the folder that it leads to.",
            )


def _read(path: Path) -> bytes:
    # O_NONBLOCK, because opening a pipe would wait.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise VendorError(f"{path} is not a file.", "Move it elsewhere.")
        return file.read()


def _state(path: Path, wanted: bytes) -> State:
    try:
        found = _read(path).replace(b"\r\n", b"\n")  # git may convert line ends on checkout
    except FileNotFoundError:
        return "missing"
    if found == wanted:
        return "current"
    first, _, rest = found.partition(b"\n")
    mark = MARK.fullmatch(first)
    return "outdated" if mark and mark[1].decode() == _digest(rest) else "modified"


def _write(path: Path, content: bytes) -> None:
    """Replace the file atomically: a concurrent reader gets the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as part:
        with part.open("xb") as file:
            file.write(content)
        part.chmod(0o644)
