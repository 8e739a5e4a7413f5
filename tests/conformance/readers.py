"""The three readers and the JDK's own, each a process that reads paths and prints results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

Result: TypeAlias = dict[str, Any]
"""`{"pairs": …}` or `{"error": {"kind": …, "line": …}}`, as in the cases."""


class Readers:
    """The running processes, by name; all read the same file at the same time."""

    def __init__(self, processes: dict[str, subprocess.Popen[str]]) -> None:
        self._processes = processes

    def read_all(self, path: Path) -> dict[str, Result]:
        """Return each reader's result for the file at `path`."""
        for process in self._processes.values():
            assert process.stdin is not None
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
        return {name: _result(name, process) for name, process in self._processes.items()}


def _result(name: str, process: subprocess.Popen[str]) -> Result:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{name} has ended; its error is on standard error")
    result: Result = json.loads(line)
    return result


@contextmanager
def running(folder: Path) -> Iterator[Readers]:
    """Compile into `folder` and start all processes; stop them at the end."""
    java_sources = [HERE / "Oracle.java", HERE / "JavaReader.java"]
    java_sources += (ROOT / "sdk_java" / "src" / "main" / "java").rglob("*.java")
    subprocess.run(["javac", "-d", folder, *java_sources], check=True)
    commands: dict[str, list[str | Path]] = {
        "JDK": ["java", "-cp", folder, "Oracle"],
        "Java": ["java", "-cp", folder, "JavaReader"],
        "Node.js": ["node", HERE / "node_reader.js"],
        "Python": [sys.executable, HERE / "python_reader.py"],
    }
    with ExitStack() as stack:
        yield Readers({name: stack.enter_context(_started(commands[name])) for name in commands})


@contextmanager
def _started(command: list[str | Path]) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "sdk_python")}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()
