"""Find the program that runs a handler on this machine, as close as possible to its runtime."""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from packager.errors import DeployError
from packager.local.handlers import Language

# The major version in the output of `node --version` and `java -version` (Java 8 is 1.8).
_VERSION = re.compile(r'(?:v|version ")(?:1\.)?(\d+)')


class Interpreter(NamedTuple):
    """A program, and how it differs from the function's runtime ("" if it is the same)."""

    path: str
    difference: str


def find(language: Language, runtime: str | None, architecture: str | None) -> Interpreter:
    """Return the program that is closest to the function's runtime.

    Raises DeployError if this machine has none for the language.
    """
    path, version = _LANGUAGES[language](_version_of(runtime))
    ours = f"{language}{version}" if language != "node" else f"nodejs{version}.x"
    differences = []
    if runtime and runtime.startswith(language) and not f"{ours}.".startswith(f"{runtime}."):
        differences.append(f"the function's runtime is {runtime}, but this machine has {ours}")
    machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    if architecture and architecture != machine:
        differences.append(
            f"the function's architecture is {architecture}, but this machine's is {machine}"
        )
    return Interpreter(path, "; ".join(differences))


def _version_of(runtime: str | None) -> str:
    return re.sub(r"^\D+", "", runtime or "").removesuffix(".x").removesuffix(".al2")


def _python(version: str) -> tuple[str, str]:
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    if version and version != ours and (path := shutil.which(f"python{version}")):
        return path, version
    return sys.executable, ours


def _node(version: str) -> tuple[str, str]:
    named = [f"node{version}", f"node-{version}"] if version else []
    for name in (*named, "node"):
        if path := shutil.which(name):
            return path, _major(path, "--version")
    raise _missing("node")


def _java(version: str) -> tuple[str, str]:  # noqa: ARG001
    home = os.environ.get("JAVA_HOME")
    path = (home and shutil.which("java", path=Path(home, "bin"))) or shutil.which("java")
    if path is None:
        raise _missing("java")
    return path, _major(path, "-version")


_LANGUAGES = {"python": _python, "node": _node, "java": _java}


@functools.cache
def _major(path: str, option: str) -> str:
    asked = subprocess.run([path, option], capture_output=True, text=True, check=False, timeout=30)
    found = _VERSION.search(asked.stdout + asked.stderr)
    return found[1] if found else ""


def _missing(name: str) -> DeployError:
    return DeployError(
        f"The program {name} is not installed on this machine.",
        "Install it and add it to the PATH, to run the handler. The package is deployed.",
    )
