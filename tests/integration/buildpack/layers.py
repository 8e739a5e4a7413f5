"""What the layers of an image do to the environment of its processes, and how they compare.

https://github.com/buildpacks/spec/blob/main/buildpack.md#environment
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# The variables that a folder at the top of a layer is added to.
_AT_LAUNCH = {"bin": ["PATH"], "lib": ["LD_LIBRARY_PATH"]}
_AT_BUILD = {
    "bin": ["PATH"],
    "lib": ["LD_LIBRARY_PATH", "LIBRARY_PATH"],
    "include": ["CPATH"],
    "pkgconfig": ["PKG_CONFIG_PATH"],
}


def at_build(layers: Iterable[Path], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the buildpacks after the one that made these layers."""
    changed = dict(environment)
    for layer in layers:
        _add_folders(changed, layer, _AT_BUILD)
        for folder in ("env", "env.build"):
            _add_files(changed, layer / folder)
    return changed


def at_launch(
    layers: Sequence[Path], process: str | None, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment in which the launcher starts a process."""
    changed = dict(environment)
    for layer in layers:
        _add_folders(changed, layer, _AT_LAUNCH)
        for folder in ("env", "env.launch", *([f"env.launch/{process}"] if process else [])):
            _add_files(changed, layer / folder)
    for layer in layers:
        for folder in ("exec.d", *([f"exec.d/{process}"] if process else [])):
            for program in sorted((layer / folder).glob("*")):
                if program.is_file():
                    changed |= _exec_d(program, changed)
    return changed


def digest(layer: Path) -> str:
    """Hash what an export keeps of a layer: names, modes, contents; no times, no owners."""
    hashed = hashlib.sha256()
    for path in sorted(layer.rglob("*")):
        content = os.fsencode(path.readlink()) if path.is_symlink() else b""
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
        about = f"{path.relative_to(layer)} {path.lstat().st_mode:o} {len(content)}\n"
        hashed.update(about.encode() + content)
    return hashed.hexdigest()


def _add_folders(
    environment: dict[str, str], layer: Path, known: Mapping[str, Sequence[str]]
) -> None:
    for folder, names in known.items():
        if (layer / folder).is_dir():
            for name in names:
                _prepend(environment, name, str(layer / folder), os.pathsep)


def _add_files(environment: dict[str, str], folder: Path) -> None:
    """Change the environment by files named `NAME.ACTION`, or `NAME`, which overrides."""
    for file in sorted(path for path in folder.glob("*") if path.is_file()):
        name, _, action = file.name.partition(".")
        value, delimiter_file = file.read_text(), folder / f"{name}.delim"
        delimiter = delimiter_file.read_text() if delimiter_file.exists() else ""
        if action in ("", "override") or (action == "default" and name not in environment):
            environment[name] = value
        elif action == "prepend":
            _prepend(environment, name, value, delimiter)
        elif action == "append":
            before = environment.get(name)
            environment[name] = f"{before}{delimiter}{value}" if before else value


def _prepend(environment: dict[str, str], name: str, value: str, delimiter: str) -> None:
    before = environment.get(name)
    environment[name] = f"{value}{delimiter}{before}" if before else value


def _exec_d(program: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Run a program of `exec.d`, which writes variables as TOML to file descriptor 3."""
    run = subprocess.run(
        ["/bin/sh", "-c", '"$0" 3>&1 >/dev/null', program],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {name: str(value) for name, value in tomllib.loads(run.stdout).items()}
