"""Notes and warnings about an app's files: those left out as secret, and suspicious ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from packager.apps import left_out
from packager.apps.regular_files import Identity, open_regular
from packager.lazy import lazy
from packager.progress import Note, Warning

if TYPE_CHECKING:
    import zipfile
else:
    zipfile = lazy("zipfile")  # Few apps contain an archive.

# Files with a private key are smaller, and larger archives do not fit into a package.
_LARGEST_KEY = 1 << 16
_LARGEST_ARCHIVE = 250 << 20

_ARCHIVES = (".zip", ".jar")
_SHOWN = 5


class Kind(Enum):
    """The kind of a remark."""

    SECRET = "secret"  # noqa: S105 - a kind, not a secret
    LIKELY_SECRET = "likely secret"  # noqa: S105
    EARLIER_PACKAGE = "earlier package"


class Remark(NamedTuple):
    """A remark about a file of the app: its kind, and the file's name in the package."""

    kind: Kind
    name: str


def kind_of_contents(path: str, name: str, size: int, expected: Identity) -> Kind | None:
    """Return the kind of remark that the name and contents of a file require, if any."""
    file_name = name.rpartition("/")[2]
    if left_out.may_be_secret(file_name):
        return Kind.LIKELY_SECRET
    if left_out.may_be_private_key(file_name) and _holds_private_key(path, expected):
        return Kind.LIKELY_SECRET
    is_archive = file_name.endswith(_ARCHIVES) and size <= _LARGEST_ARCHIVE
    return Kind.EARLIER_PACKAGE if is_archive and _holds_config(path, expected) else None


def events(remarks: Iterable[Remark]) -> Iterator[Note | Warning]:
    """Yield one note or warning for each kind of remark."""
    names: dict[Kind, list[str]] = {}
    for kind, name in sorted(set(remarks), key=lambda remark: remark.name):
        names.setdefault(kind, []).append(name)
    if secrets := names.get(Kind.SECRET):
        yield Note(
            f"Left out, because files with these names usually hold secrets: {_listed(secrets)}. To"
            f" package one anyway, add a line !{secrets[0]} to .lambdaignore."
        )
    if likely := names.get(Kind.LIKELY_SECRET):
        yield Warning(
            f"These look like secrets and are packaged: {_listed(likely)}. Exclude those that the"
            " function does not need with a line in .lambdaignore."
        )
    if earlier := names.get(Kind.EARLIER_PACKAGE):
        yield Warning(
            "Left out, because they are earlier packages with an env.properties: "
            f"{_listed(earlier)}. To package one anyway, add a line !{earlier[0]} to"
            " .lambdaignore."
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _holds_private_key(path: str, expected: Identity) -> bool:
    try:
        with open_regular(path, expected=expected) as file:
            return b"PRIVATE KEY-----" in file.read(_LARGEST_KEY)
    except OSError:
        return False  # Packaging it raises the error.


def _holds_config(path: str, expected: Identity) -> bool:
    try:
        with open_regular(path, expected=expected) as file, zipfile.ZipFile(file) as archive:
            return "env.properties" in archive.NameToInfo
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False  # It is not a readable archive, but may be packaged.
