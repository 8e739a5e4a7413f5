"""The environment variables that a list of dependencies uses as `${NAME}`.

A list may come with a cloned repository. So a variable may only be used in the credentials of a
URL, and only if the user passes it on with _LAMBDA_REQUIREMENTS_ENV.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from packager.errors import PackageError

# uv and pip replace these: https://pip.pypa.io/en/stable/reference/requirements-file-format/
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")

# The part of a URL between its scheme and the last @ before its host ends.
_CREDENTIALS = re.compile(r"(?<=://)[^/\s?#@]*(?:@[^/\s?#@]*)*@")

_SETTING = "_LAMBDA_REQUIREMENTS_ENV"


def used(file: str, text: str, passed_on: Collection[str]) -> frozenset[str]:
    """Return the names of the variables in `text`, the content of `file`.

    Raises PackageError for a variable that is used outside of the credentials of a URL, is not
    among those `passed_on`, or is not set.
    """
    if elsewhere := sorted(set(_VARIABLE.findall(_CREDENTIALS.sub("", text)))):
        raise PackageError(
            f"{file} uses {_listed(elsewhere)} outside of the credentials of a URL.",
            "Write the value itself, or use the variable as in https://user:${TOKEN}@host/.",
        )
    names = frozenset(_VARIABLE.findall(text))
    if denied := sorted(names - set(passed_on) | {name for name in names if name[0] == "_"}):
        raise PackageError(
            f"{file} uses {_listed(denied)}, which {_SETTING} does not pass on.",
            f"If its value may be sent to the host in that URL, set"
            f" {_SETTING}={' '.join(denied)!r}.",
        )
    if unset := sorted(name for name in names if not os.environ.get(name)):
        raise PackageError(
            f"{file} uses {_listed(unset)}, which is not set.",
            "Set it in the environment of the packager.",
        )
    return names


def filled(text: str) -> str:
    """Replace the variables in `text` by their values."""
    return _VARIABLE.sub(lambda found: os.environ.get(found[1], found[0]), text)


def _listed(names: list[str]) -> str:
    return ", ".join(f"${{{name}}}" for name in names)
