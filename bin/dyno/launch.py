"""Starts the packager in the environment that the dyno gave to `bin/packager`."""

import os
import sys
from pathlib import Path

# What `bin/packager` set for Python's start, and the prefix of the app's values that it put aside.
SET_FOR_START = ("LC_CTYPE", "LD_LIBRARY_PATH")
PUT_ASIDE = "_DYNO_"

for name in SET_FOR_START:
    os.environ.pop(name, None)
for name in [name for name in os.environ if name.startswith(PUT_ASIDE)]:
    os.environ[name.removeprefix(PUT_ASIDE)] = os.environ.pop(name)

# The config vars of the app are its environment, wherever the buildpack runs.
os.environ["_PACKAGER_FROM_ENVIRONMENT"] = "true"

sys.path.insert(0, str(Path(__file__).resolve().parent / "packages"))
sys.argv[0] = "packager"

from packager.cli import main  # noqa: E402 - found by the path of the line above

main()
