"""Package an app, then again after a file was saved; print the seconds of one of the two.

python -m tests.benchmarks.repackage first|again APP FOLDER
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path

from packager.apps import resolve
from packager.config.inputs import Config
from packager.config.settings import Settings
from packager.package.build import build as build_package
from packager.package.compression_cache import CompressionCache


def build(app: Path, output: Path, cache: CompressionCache) -> float:
    """Package `app`, and return the seconds that this took."""
    start = time.perf_counter()
    build_package(resolve(app, Settings()), Config(Settings(), {"A": "1"}), output, cache=cache)
    return time.perf_counter() - start


if __name__ == "__main__":
    which, app, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    saved = app / "index.js"
    outputs = [folder / "first.zip", folder / "again.zip"]
    with closing(CompressionCache()) as cache:
        first = build(app, outputs[0], cache)
        saved.write_text("exports.handler = async () => 'saved'\n")
        cache.forget([str(saved)])
        again = build(app, outputs[1], cache)
    for output in outputs:
        output.unlink()
    print({"first": first, "again": again}[which])
