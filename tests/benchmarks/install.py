"""Print the seconds that installing an app's dependencies takes: `install.py APP RUNTIME`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from packager.apps.python import Python, dependencies

if __name__ == "__main__":
    start = time.perf_counter()
    assert dependencies.members(Python(Path(sys.argv[1]), sys.argv[2], "x86_64"))
    print(time.perf_counter() - start)
