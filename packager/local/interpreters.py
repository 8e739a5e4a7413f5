"""Find the program that runs a handler on this machine, as close as possible to its runtime."""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from packager.errors import DeployError
from packager.local.handlers import Language

# The version in the output of `python --version`, `node --version` and `java -version`.
_VERSION = re.compile(r'(?:Python |v|version ")(\d[\w.]*)')


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
    if version and version != ours:
        for path, found in _running([f"python{version}"], "--version"):
            if found.startswith(f"{version}."):
                return path, version
    return sys.executable, ours


def _node(version: str) -> tuple[str, str]:
    named = [f"node{version}", f"node-{version}"] if version else []
    for path, found in _running([*named, "node"], "--version"):
        return path, found.partition(".")[0]
    raise _missing("node")


def _java(version: str) -> tuple[str, str]:  # noqa: ARG001
    home = os.environ.get("JAVA_HOME")
    for path, found in _running([*([f"{home}/bin/java"] if home else []), "java"], "-version"):
        return path, found.removeprefix("1.").partition(".")[0]  # Java 8 is 1.8.
    raise _missing("java")


_LANGUAGES = {"python": _python, "node": _node, "java": _java}


def _running(names: Iterable[str], option: str) -> Iterator[tuple[str, str]]:
    """Yield the path and version of each program that `option` makes print its version.

    A version manager's shim is on the PATH even if it has no version to start.
    """
    for name in names:
        if (path := shutil.which(name)) and (version := _version(path, option)):
            yield path, version


@functools.cache
def _version(path: str, option: str) -> str:
    try:
        asked = subprocess.run(
            [path, option], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = _VERSION.search(asked.stdout + asked.stderr)
    return found[1] if found and asked.returncode == 0 else ""


def _missing(name: str) -> DeployError:
    return DeployError(
        f"The program {name} is not installed on this machine, or does not run.",
        "Install it and add it to the PATH, to run the handler. The package is deployed.",
    )
