"""What an app depends on, as one of its files lists it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from packager.apps.python.platform import Platform

Options = tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """The dependencies that `file` lists.

    `prepare` writes what uv needs for a platform into a folder, and returns the options of each
    `uv pip install` that has to run. `inputs` are the contents of all files that decide what is
    installed. `pinned` names the packages of which only one version fits; None if all are.
    `texts` are the files, by name, in which uv replaces `${NAME}` by an environment variable.
    """

    file: Path
    inputs: tuple[bytes, ...]
    prepare: Callable[[Path, Platform], Iterable[Options]]
    pinned: frozenset[str] | None = None
    texts: tuple[tuple[str, str], ...] = ()

    def digest(self) -> str:
        """Hash the inputs."""
        digest = hashlib.sha256(self.file.name.encode())
        for content in self.inputs:
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()
