"""Starts the packager in the environment that `bin/packager` had on the dyno."""

import os
import sys
from pathlib import Path

# The names that `bin/packager` sets for Python's start, and its prefix for the app's own values.
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
