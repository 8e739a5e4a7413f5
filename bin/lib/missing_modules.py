"""Prints the names of a Node.js app's production dependencies that are not installed.

Usage: missing_modules.py FOLDER APP. The packager is installed in FOLDER.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

SHOWN = 5


def missing_modules(app: Path) -> list[str]:
    """List, by name, the dependencies that neither the app nor the runtime has."""
    from packager.apps import ignore
    from packager.apps.node import IN_THE_RUNTIME
    from packager.apps.node_modules import layout

    if ignore.read(app)("node_modules", is_folder=True):
        return []  # The app's code is a bundle.
    missing = {missing.name for missing in layout(os.path.realpath(app)).missing}
    return sorted(name for name in missing if not name.startswith(IN_THE_RUNTIME))


def shortened(names: list[str]) -> Iterable[str]:
    """Yield the first names, and how many more there are."""
    # A name may contain any character.
    yield from (json.dumps(name)[1:-1] for name in names[:SHOWN])
    if len(names) > SHOWN:
        yield f"and {len(names) - SHOWN} more"


if __name__ == "__main__":
    folder, app = map(Path, sys.argv[1:])
    sys.path.insert(0, str(folder / "packages"))
    from packager.errors import PackagerError

    # A deploy reports all other problems of the app.
    with contextlib.suppress(PackagerError):
        sys.stdout.write(", ".join(shortened(missing_modules(app))))
