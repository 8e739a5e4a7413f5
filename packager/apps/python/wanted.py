"""The dependencies of an app, as one of its files lists them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from packager.apps.python.platform import Platform

Options = tuple[str, ...]


class Wanted(NamedTuple):
    """The dependencies that `file` lists.

    `prepare` writes uv's input for a platform into a folder, and returns the options of each
    `uv pip install` to run. `inputs` are the contents of all files that decide what is installed.
    `pinned` names the packages of which only one version fits; None if all are pinned. With
    `only_pins` nothing else is listed, though what these need may be. `texts` are
    the files, by name, in which uv replaces `${NAME}` by environment variables.
    """

    file: Path
    inputs: tuple[bytes, ...]
    prepare: Callable[[Path, Platform], Iterable[Options]]
    pinned: frozenset[str] | None = None
    only_pins: bool = False
    texts: tuple[tuple[str, str], ...] = ()

    def digest(self) -> str:
        """Return the hash of the inputs."""
        digest = hashlib.sha256(self.file.name.encode())
        for content in self.inputs:
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()
