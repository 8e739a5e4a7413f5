"""Put a file into a jar in one of several ways; print the seconds that this takes.

python -m tests.benchmarks.in_process WAY JAR OUTPUT FILE
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import zipfile
from pathlib import Path

from packager.package.inject import NewFile
from packager.package.inject import inject as inject_entry


def copy(jar: Path, output: Path, _: bytes) -> None:
    """Only copy the jar, as `cp` does: inside the system, by reference if the file system can."""
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(jar, output)
        return
    with jar.open("rb") as source, output.open("wb") as copy:
        left = os.fstat(source.fileno()).st_size
        while left:
            left -= os.copy_file_range(source.fileno(), copy.fileno(), left)


def inject(jar: Path, output: Path, data: bytes) -> None:
    """Use the packager."""
    inject_entry(jar, output, NewFile("env.properties", data))


def append(jar: Path, output: Path, data: bytes) -> None:
    """Copy the jar, and append the file with the standard library."""
    shutil.copyfile(jar, output)
    with zipfile.ZipFile(output, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("env.properties", data)


if __name__ == "__main__":
    way = {"copy": copy, "inject": inject, "append": append}[sys.argv[1]]
    jar, output, data = Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]).read_bytes()
    start = time.perf_counter()
    way(jar, output, data)
    print(time.perf_counter() - start)
