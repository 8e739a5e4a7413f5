"""Runs `packager prebuild` during a build.

Usage: prebuild.py PACKAGES TOOLS ARGUMENT…
Python finds the packager in the folder PACKAGES, and uv in the folder TOOLS.
"""

import sys

if __name__ == "__main__":
    packages, tools, *arguments = sys.argv[1:]
    sys.path[:0] = [packages, tools]
    sys.argv = ["packager", "prebuild", *arguments]

    from packager.cli import main

    main()
