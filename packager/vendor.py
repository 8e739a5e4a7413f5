"""`packager vendor`: the source of a reader, copied into a project instead of a dependency.

The first line of a copy names its version and origin, and a hash of the rest. By this hash, an old
copy differs from a modified one, which only --force overwrites.
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
# A wheel carries the readers within the package; in a checkout they lie beside it.
READERS = PACKAGE / "_vendored" if (PACKAGE / "_vendored").is_dir() else PACKAGE.parent

SOURCES: Mapping[str, tuple[Path, tuple[str, ...]]] = {
    "python": (
        READERS / "sdk_python",
        ("env_properties/__init__.py", "env_properties/_typed.py", "env_properties/py.typed"),
    ),
    # With its package.json the folder can be required, and is CommonJS in a project of ES modules.
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
# All of a first line, of whatever version: with anything else in it the line was modified.
MARK = re.compile(
    rb'(?:# |// |\{ "//": ")'
    rb'env-properties [^"]+, from heroku-lambda-packager; sha256 of the rest: (\w+)'
    rb'(?:",)?'
)


@dataclass(frozen=True)
class Copy:
    """One file of a vendored reader, and how it was found."""

    path: Path
    found: State


def vendor(
    language: str, directory: Path, *, check: bool = False, force: bool = False
) -> tuple[Copy, ...]:
    """Copy the reader for `language` into the project in `directory`.

    Every file that was not found current has been written, each of them whole or not at all; with
    `check` none is. A modified one is a VendorError, and nothing is written, without `force`.
    Raises InputError if there is no such folder or language.
    """
    if language not in SOURCES:
        raise InputError(f"no reader for {language}", f"There are: {', '.join(SOURCES)}.")
    if not directory.is_dir():
        raise InputError(f"no such folder: {directory}", "Name the folder of the project.")
    contents = _contents(language, directory)
    try:
        for path in contents:
            _refuse_links(directory, path)
        copies = tuple(Copy(path, _state(path, content)) for path, content in contents.items())
        modified = [str(copy.path) for copy in copies if copy.found == "modified"]
        if modified and not check and not force:
            raise VendorError(
                f"not overwritten, as it is no unmodified copy: {', '.join(modified)}",
                "Move the changes elsewhere, or replace it with --force.",
            )
        for copy in copies:
            if copy.found != "current" and not check:
                _write(copy.path, contents[copy.path])
    except OSError as error:
        raise VendorError(f"cannot vendor to {directory}: {error}") from error
    return copies


def _contents(language: str, directory: Path) -> dict[Path, bytes]:
    """What the project is to hold."""
    folder, names = SOURCES[language]
    home = _home(language, directory)
    return {home / name: _marked(folder / name) for name in names}


def _home(language: str, directory: Path) -> Path:
    """The folder of the project from which the language finds the reader."""
    gradle = [f"{of}.gradle{kts}" for of in ("build", "settings") for kts in ("", ".kts")]
    if language == "java" and any((directory / build).is_file() for build in ["pom.xml", *gradle]):
        return directory / "src" / "main" / "java"
    return directory / "env-properties" if language == "node" else directory


def _marked(source: Path) -> bytes:
    """A file with the line that says what it is; in JSON that line takes the first one's place."""
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
                f"{part} is a link: nothing is read or written through it.",
                "Remove the link, or name the project that it leads to.",
            )


def _read(path: Path) -> bytes:
    # Without waiting, as the opening of a pipe would.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise VendorError(f"{path} is not a file.", "Move it elsewhere.")
        return file.read()


def _state(path: Path, wanted: bytes) -> State:
    try:
        found = _read(path).replace(b"\r\n", b"\n")  # git checks it out so, if asked to
    except FileNotFoundError:
        return "missing"
    if found == wanted:
        return "current"
    first, _, rest = found.partition(b"\n")
    mark = MARK.fullmatch(first)
    return "outdated" if mark and mark[1].decode() == _digest(rest) else "modified"


def _write(path: Path, content: bytes) -> None:
    """Replace the file in one step; whoever reads it meanwhile has the old or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as part:
        with part.open("xb") as file:
            file.write(content)
        part.chmod(0o644)
