"""The packager's command line in measurements."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGER = [sys.executable, "-m", "packager"]
