"""Starts the packager in the environment that the dyno gave to `bin/packager`."""

import os
import sys
from pathlib import Path

for name in ("LC_CTYPE", "LD_LIBRARY_PATH"):
    os.environ.pop(name, None)
    given = os.environ.pop(f"_DYNO_{name}", None)
    if given is not None:
        os.environ[name] = given

sys.path.insert(0, str(Path(__file__).resolve().parent / "packages"))
sys.argv[0] = "packager"

from packager.cli import main  # noqa: E402 - found by the path of the line above

main()
