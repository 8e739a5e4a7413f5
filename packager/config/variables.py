"""The variables that go into the package: an app's config vars.

They come from the process environment, as on a dyno, or from a file instead of it. Names that begin
with `_` are the packager's own settings (`packager.config.settings`) and never go in.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from packager.config.settings import SETTING_PREFIX

# What differs in every one-off dyno and is no config: set by Heroku, by its CLI, or by bash.
DEFAULT_EXCLUDE = ("DYNO", "PORT", "PWD", "OLDPWD", "SHLVL", "PS1", "TERM", "COLUMNS", "LINES")


def choose(variables: Mapping[str, str], exclude: Iterable[str] = ()) -> dict[str, str]:
    """Leave out settings, and the names that the default list or `exclude` matches.

    `exclude` holds shell patterns; those that begin with `!` bring names back. The last pattern
    that matches decides.
    """
    patterns = (*DEFAULT_EXCLUDE, *exclude)
    return {
        name: value
        for name, value in variables.items()
        if not name.startswith(SETTING_PREFIX) and not _is_excluded(name, patterns)
    }


def _is_excluded(name: str, patterns: Iterable[str]) -> bool:
    excluded = False
    for pattern in patterns:
        if fnmatch.fnmatchcase(name, pattern.removeprefix("!")):
            excluded = not pattern.startswith("!")
    return excluded


def read_process_environment() -> dict[str, str]:
    """Read the environment as UTF-8, whatever the locale of the dyno.

    Bytes that are no UTF-8 become lone surrogates (PEP 383); writing such a variable fails.
    """
    if not os.supports_bytes_environ:
        return dict(os.environ)
    variables = {_decode(name): _decode(value) for name, value in os.environb.items()}
    if _is_set_by_python_itself("LC_CTYPE"):
        del variables["LC_CTYPE"]
    return variables


def _is_set_by_python_itself(name: str) -> bool:
    """Tell whether `name` was not in the environment that the process was given.

    PEP 538: Python sets LC_CTYPE where it finds the locale C. Only Linux tells what was given.
    """
    try:
        given = Path("/proc/self/environ").read_bytes()
    except OSError:
        return False
    return name in os.environ and f"\0{name}=".encode() not in b"\0" + given


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
