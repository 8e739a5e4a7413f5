"""Names of files that are left out of packages: useless to a function, or secret by convention.

Watch skips the same files.
"""

from __future__ import annotations

import re
from enum import Enum


class Reason(Enum):
    """Why a file or folder is left out."""

    PATTERN = "a pattern matches it"
    HIDDEN = "it is a hidden file at the top level"
    USELESS = "a function does not need it"
    ELSEWHERE = "the function does not need this dependency, or it has another place"
    SECRET = "it holds secrets by convention"  # noqa: S105 - a reason, not a secret


# Python writes bytecode next to modules that it runs here. Other versions and machines cannot use
# it, and its bytes differ each time.
BYTECODE = "__pycache__"

# A folder with one of these is an environment of Python for this machine: venv's, or Conda's.
OF_AN_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")

# Temporary files that editors create next to a file while it is open or being saved.
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
    | \._.+                    # macOS: attributes of a file, on other file systems and in archives
    | \.nfs[0-9a-f]{8,} | \.fuse_hidden[0-9a-f]+  # deleted files that are still open
    """,
    re.VERBOSE | re.DOTALL,
)

# Version control (in a submodule, `.git` is a file); files of operating systems; caches of tools.
_USELESS = frozenset(
    {
        *(".git", ".hg", ".svn", ".bzr", ".jj"),
        *(".DS_Store", "Thumbs.db", "desktop.ini", ".directory"),
        *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"),
        *(".idea", ".vscode", ".serverless", ".aws-sam"),
        *(".tox", ".nox", ".ipynb_checkpoints", ".nyc_output", ".eslintcache", ".parcel-cache"),
        *(".terraform", ".gradle", ".turbo", ".npm", ".pnpm-store", "__pypackages__"),
        *(".coverage", ".pytype", ".pyre", ".dmypy.json", ".stylelintcache", ".sass-cache"),
    }
)

# Names of secrets count in any case: where a file system ignores case, `.ENV` is `.env`.
_SECRET_FOLDERS = frozenset({".aws", ".azure", ".oci", ".ssh", ".gnupg", ".kube", ".docker"})
_SECRET_FILES = re.compile(
    r"""
    \.env | \.env\..* | .*\.env | \.envrc
    | \.npmrc | \.yarnrc.* | [._]netrc | \.pypirc | \.dockercfg
    | \.git-credentials | \.pgpass | \.my\.cnf | \.vault-token | \.vault[-_]pass.* | \.s3cfg
    | \.boto | \.dockerconfigjson | \.databrickscfg | \.terraformrc | \.dev\.vars(\..*)?
    | \.\w+_history
    | id_(rsa|dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk)(?!\.pub$)(\..*)?
    | .*\.tfstate.*
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

# These may be secret, but the function may need them. The contents of PEM and JSON files decide.
_LIKELY_SECRET = re.compile(
    r"""
    .*\.(p12|pfx|p8|jks|keystore|ppk|kdbx|tfvars)
    | .*credentials.*\.(json|csv) | .*service[-_]?account.*\.json | .*accesskeys?\.csv
    | secrets?\.(json|ya?ml) | master\.key | kubeconfig | rootkey\.csv
    | client_secret.*\.json | .*\.tfvars\.json | \.htpasswd
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
# Google's keys for service accounts are JSON files of any name.
_WITH_KEYS = (".pem", ".key", ".json")


def reason(name: str, *, is_folder: bool) -> Reason | None:
    """Return why a file or folder of that name is left out of any of the app's own folders."""
    if name in _USELESS or (is_folder and name == BYTECODE) or EDITORS_TEMPORARY.fullmatch(name):
        return Reason.USELESS
    if name.lower() in _SECRET_FOLDERS if is_folder else _SECRET_FILES.fullmatch(name):
        return Reason.SECRET
    return None


def may_be_secret(name: str) -> bool:
    """Return whether a file of that name may hold a secret, but may also be needed."""
    return _LIKELY_SECRET.fullmatch(name) is not None


def may_be_private_key(name: str) -> bool:
    """Return whether a file of that name may contain a private key.

    SSH keys often have a name without an extension.
    """
    return name.lower().endswith(_WITH_KEYS) or "." not in name
