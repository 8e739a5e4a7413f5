"""A jar or ready-made zip: packaged unchanged, with `env.properties` added."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from packager.errors import PackageError


@dataclass(frozen=True)
class Archive:
    """The `file` in an app's folder that a setting names."""

    folder: Path
    file: Path
    kind: Literal["jar", "zip"]
    language: Literal["java", "node", "python"] | None
    """None for a zip whose language is only known once it is unpacked."""

    needs_runtime = False
    install_command = "npm ci"
    properties_readers: ClassVar[Mapping[str, str]] = {}

    @property
    def description(self) -> str:
        """The kind of app, for messages."""
        return self.kind

    @property
    def local_runtime(self) -> str:
        """The runtime of the function that `--local` creates."""
        return "java25" if self.kind == "jar" else "provided.al2023"

    def on(self, runtime: str | None, architecture: str | None) -> Archive:  # noqa: ARG002
        """Return the app for a function of that runtime and architecture."""
        return self

    def fits(self, runtime: str | None) -> bool:
        """Return whether a function of that runtime can run it; a custom runtime can."""
        return self.kind == "zip" or (runtime or "provided").startswith(("java", "provided"))

    def path(self) -> Path:
        """Return the path of the file.

        Raises PackageError, which lists other candidates, if it does not exist.
        """
        path = self.folder / self.file
        if path.is_file():
            return path
        setting = "_LAMBDA_JAR_FILE" if self.kind == "jar" else "_LAMBDA_ZIP_FILE"
        build = "build it first (example: `mvn package`)." if self.kind == "jar" else "build it."
        raise PackageError(
            f"The file {path} ({setting}) does not exist.",
            list_archives(self.folder, f".{self.kind}", build),
        )


def list_archives(folder: Path, suffix: str, otherwise: str) -> str:
    """Return a hint that lists the app's own archives, newest first, or else has `otherwise`."""
    found = [
        (path.stat().st_mtime, path.relative_to(folder))
        for path in _own_files(folder)
        if path.name.endswith(suffix) and path.is_file()
    ]
    if not found:
        return f"{folder} contains no {suffix} file: {otherwise}"
    newest = [str(path) for _, path in sorted(found, reverse=True)]
    return f"Found below {folder}, newest first: {', '.join(newest)}."


def _own_files(folder: Path) -> Iterator[Path]:
    """Yield the app's files, except those of its tools: `.heroku`, `.jdk`, `node_modules`."""
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and name != "node_modules"]
        yield from (Path(path, name) for name in files)
