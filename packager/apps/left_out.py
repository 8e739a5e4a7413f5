"""What stays out of packages by its name: of no use to a function, or secret by convention.

Watch skips the same files.
"""

from __future__ import annotations

import re
from enum import Enum


class Reason(Enum):
    """Why a file or folder stays out."""

    PATTERN = "a pattern matches it"
    HIDDEN = "it is a dot file at the top"
    USELESS = "it is of no use to a function"
    SECRET = "it holds secrets by convention"  # noqa: S105 - a reason, not a secret


# What Python writes beside modules when it runs them here: of use to no other version or machine,
# and other bytes each time.
BYTECODE = "__pycache__"

# A folder with this file is a virtual environment.
VIRTUAL_ENVIRONMENT = "pyvenv.cfg"

# What editors leave beside a file while it is open or being saved, by name:
EDITORS_TEMPORARY = re.compile(
    r"""
    .*~                        # backups of vim, emacs, gedit and others
    | \..*\.sw[a-z] | 4913     # vim: swap files, and the name it tries a folder with
    | \#.*\# | \.\#.*          # emacs: auto-save files and locks
    | .*___jb_(tmp|old)___     # JetBrains
    | .*\.vsctmp               # VS Code
    | \.subl\w+\.tmp           # Sublime Text
    | \..*\.kate-swp           # Kate
    | \.goutputstream-\w+      # gedit, and all that saves by GLib
    | .*\.sb-\w{8}-\w{6}       # TextEdit, and all that saves by Cocoa
    """,
    re.VERBOSE | re.DOTALL,
)

# Version control, also as the file of a submodule; what systems leave; caches of tools.
_USELESS = frozenset(
    {
        *(".git", ".hg", ".svn"),
        *(".DS_Store", "Thumbs.db", "desktop.ini", ".directory"),
        *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"),
        *(".tox", ".nox", ".ipynb_checkpoints", ".nyc_output", ".eslintcache", ".parcel-cache"),
    }
)

_SECRET_FOLDERS = frozenset({".aws", ".ssh"})
_SECRET_FILES = re.compile(
    r"""
    \.env | \.env\..* | .*\.env
    | \.npmrc | \.yarnrc.* | \.netrc | \.pypirc
    | id_(rsa|dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk)
    | .*\.tfstate.*
    """,
    re.VERBOSE | re.DOTALL,
)

# These may be secret, and may be what the function needs. Of a PEM file the contents decide.
_LIKELY_SECRET = re.compile(r".*\.(p12|pfx)|credentials.*\.json|service-account.*\.json", re.DOTALL)
_PEM = (".pem", ".key")


def reason(name: str, *, is_folder: bool) -> Reason | None:
    """Say why a file or folder of that name stays out, wherever in the app's own folders it is."""
    if name in _USELESS or (is_folder and name == BYTECODE) or EDITORS_TEMPORARY.fullmatch(name):
        return Reason.USELESS
    if name in _SECRET_FOLDERS if is_folder else _SECRET_FILES.fullmatch(name):
        return Reason.SECRET
    return None


def may_be_secret(name: str) -> bool:
    """Say whether a file of that name may hold a secret, and may be needed, too."""
    return _LIKELY_SECRET.fullmatch(name) is not None


def may_be_private_key(name: str) -> bool:
    """Say whether a file of that name holds a secret if there is a private key in it."""
    return name.endswith(_PEM)
