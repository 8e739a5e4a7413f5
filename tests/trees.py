"""Folders for tests: write them, compare them, and make them older."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Link:
    """A symbolic link and its target, in which `{}` is the folder of the whole tree."""

    target: str


Tree = Mapping[str, str | bytes | Link]


def plant(folder: Path, tree: Tree) -> Path:
    """Create the files and links of `tree` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target.replace("{}", str(folder)))
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files below a folder, links excluded, by their relative paths."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def age(folder: Path, seconds: float = 3600) -> None:
    """Move the times of all files and folders `seconds` into the past."""
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        times = (status.st_atime - seconds, status.st_mtime - seconds)
        os.utime(path, times, follow_symlinks=False)
