"""The place of a package, as a project or a lock file names it, in a form that can be compared."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_PORT = re.compile(r"^([^/:]*):[0-9]+/")
_DEFAULT_PORTS = (None, 22, 80, 443)


class Place(NamedTuple):
    """A `kind` of place (`index`, `git`, `url` or `path`) and its `address` there; an index has its
    name or its address, the default index none. A `reference` is a branch, tag or commit.
    """

    kind: str = "index"
    address: tuple[str, ...] = ()
    reference: str = ""


def index_at(url: str) -> Place:
    """Return the index at `url`."""
    return Place("index", address(url))


def index(name: str) -> Place:
    """Return the index of a `name`; Poetry and Pipenv call the default index PyPI."""
    return Place("index", (name.lower(),) if name.lower() not in ("", "pypi") else ())


def git(url: str, reference: object = None) -> Place:
    """Return the place of a git repository.

    Poetry writes `ssh://git@host:2222/path` as `git@host:2222/path`, and `file:///path` as
    `file://None/path`.
    """
    repository = url.removeprefix("git+")
    if "://" not in repository:
        repository = _PORT.sub(r"\1:", repository)
    host, path = address(git_url(repository))
    is_file = repository.startswith("file:")
    return Place("git", ("" if is_file else host.partition(":")[0], path), str(reference or ""))


def archive(url: str) -> Place:
    """Return the place of a package that is downloaded from `url`."""
    return Place("url", address(url))


def path(folder: Path, place: object) -> Place:
    """Return the place of a file or folder, whose path is relative to `folder`."""
    return Place("path", (os.path.realpath(folder / str(place)),))


def of_requirement(url: str, folder: Path) -> Place:
    """Return the place to which the `url` of a requirement leads."""
    if url.startswith("git+"):
        repository, _, reference = url.partition("#")[0].rpartition("@")
        # In `ssh://git@host/path`, the @ does not begin a reference.
        if "://" not in repository or "/" not in repository.partition("://")[2]:
            repository, reference = url.partition("#")[0], ""
        return git(repository, reference)
    if url.startswith("file:"):
        return path(folder, unquote(urlsplit(url).path))
    return archive(url)


def git_url(repository: str) -> str:
    """Return the URL of a git repository, which can be written as scp does: git@host:path."""
    repository = repository.removeprefix("git+")
    if "://" not in repository and ":" in repository:
        return "ssh://" + repository.replace(":", "/", 1)
    return repository


def address(url: str) -> tuple[str, str]:
    """Return the host and path of a URL: the protocol and user may differ for the same place."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # The installer reports it.
        return "", url
    host = parts.hostname or ""
    return host if port in _DEFAULT_PORTS else f"{host}:{port}", parts.path.strip("/").removesuffix(
        ".git"
    )
