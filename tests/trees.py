"""Folders for tests, written down as what is in them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Link:
    """A symbolic link and the text it holds, in which `{}` is the folder of the whole tree."""

    target: str


Tree = Mapping[str, bytes | Link]


def plant(folder: Path, tree: Tree) -> Path:
    """Make the files and links of `tree` below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target.replace("{}", str(folder)))
        else:
            path.write_bytes(content)
    return folder


def age(folder: Path, seconds: float = 3600) -> None:
    """Let all files and folders have been written to `seconds` ago."""
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        times = (status.st_atime - seconds, status.st_mtime - seconds)
        os.utime(path, times, follow_symlinks=False)
