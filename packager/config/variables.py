"""The variables that are packaged: an app's config vars.

Names that begin with `_` are the packager's own settings (`packager.config.settings`) and are never
packaged. From a process environment, more is excluded: variables that differ from dyno to dyno, and
those that a platform sets for its own runtime.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packager.config.settings import SETTING_PREFIX
from packager.errors import VariableError

# Variables of a process environment that are not config: they differ from dyno to dyno, or Heroku
# and its language buildpacks set them for their own runtime. For example, heroku/python sets
# DYNO_RAM, and Heroku sets HEROKU_DYNO_ID (https://devcenter.heroku.com/articles/dyno-metadata) and
# in Private Spaces HEROKU_PRIVATE_IP.
_NOT_CONFIG = """
    DYNO PORT LANG PWD OLDPWD SHLVL PS1 TERM COLUMNS LINES HOSTNAME HOME USER LOGNAME SHELL PATH
    CNB_* HEROKU_RELEASE_* HEROKU_DYNO_ID HEROKU_PRIVATE_IP HEROKU_DNS_DYNO_NAME
    HEROKU_DNS_FORMATION_NAME HEROKU_METRICS_URL
    DYNO_RAM MEMORY_AVAILABLE WEB_MEMORY WEB_CONCURRENCY WEB_CONCURRENCY_SET_BY
    HEROKU_AVAILABLE_PARALLELISM
    NODE_HOME npm_config_*
    JAVA_HOME JAVA_OPTS JAVA_TOOL_OPTIONS
    PYTHONHOME PYTHONPATH PYTHONUNBUFFERED VIRTUAL_ENV GUNICORN_CMD_ARGS FORWARDED_ALLOW_IPS
    LD_LIBRARY_PATH LIBRARY_PATH LD_PRELOAD
"""
DEFAULT_EXCLUDE = tuple(_NOT_CONFIG.split())
# The runners of GitHub Actions and GitLab CI set these, some of which are secrets.
CI_EXCLUDE = ("GITHUB_*", "ACTIONS_*", "RUNNER_*", "CI", "CI_*", "GITLAB_*")

# AWS's tools read their credentials from these.
AWS_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)

# Lambda sets these in a function's environment:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_SET_BY_LAMBDA = """
    AWS_REGION AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_* AWS_ACCESS_KEY AWS_ACCESS_KEY_ID
    AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_XRAY_CONTEXT_MISSING AWS_XRAY_DAEMON_ADDRESS
    LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR LANG PATH
    LD_LIBRARY_PATH NODE_PATH PYTHONPATH TZ
"""

# An undecodable byte of the environment is a lone surrogate here (PEP 383).
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Selection:
    """The variables to package, and the names `left_out`, each with the reason.

    Its repr shows no value.
    """

    variables: dict[str, str] = field(repr=False)
    left_out: dict[str, str]


def select(
    variables: Mapping[str, str], exclude: Iterable[str] = (), default: Iterable[str] = ()
) -> Selection:
    """Exclude settings, and names that patterns of the `default` list or of `exclude` match.

    These are shell patterns; those that begin with `!` include names again. The last match decides.
    """
    patterns = [(pattern, "the default list") for pattern in default]
    patterns += ((pattern, "_LAMBDA_ENV_EXCLUDE") for pattern in exclude)
    selection = Selection({}, {})
    for name, value in variables.items():
        reason = _reason(name, patterns)
        if reason is None:
            selection.variables[name] = value
        else:
            selection.left_out[name] = reason
    return selection


def _reason(name: str, patterns: Iterable[tuple[str, str]]) -> str | None:
    """Return why a variable is left out; None if it is packaged."""
    if name.startswith(SETTING_PREFIX):
        return "begins with _"
    reason = None
    for pattern, owner in patterns:
        if fnmatch.fnmatchcase(name, pattern.removeprefix("!")):
            reason = None if pattern.startswith("!") else f"{pattern} in {owner}"
    return reason


def check_text(variables: Mapping[str, str]) -> None:
    """Raise VariableError, which names the variable, for text that no reader could return."""
    for name, value in variables.items():
        for part, text in (("name", name), ("value", value)):
            if "\0" in text:
                raise VariableError(
                    f"The {part} of the variable {name} contains a NUL character.",
                    "Remove it, because an environment cannot hold it, or exclude the variable"
                    " with --exclude.",
                )
            if _LONE_SURROGATE.search(text):
                raise VariableError(
                    f"The {part} of the variable {name} is not valid Unicode.",
                    "Encode binary data as base64, or exclude the variable with --exclude.",
                )


def set_by_lambda(names: Iterable[str]) -> list[str]:
    """Return those of `names` that Lambda itself sets in a function's environment."""
    return sorted(
        name
        for name in names
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in _SET_BY_LAMBDA.split())
    )


def read_process_environment() -> dict[str, str]:
    """Read the environment as UTF-8, whatever the locale of the dyno.

    Bytes that are not UTF-8 become lone surrogates (PEP 383); packaging such a variable fails.
    """
    variables = {_decode(name): _decode(value) for name, value in os.environb.items()}
    if _is_set_by_python_itself("LC_CTYPE"):
        del variables["LC_CTYPE"]
    return variables


def _is_set_by_python_itself(name: str) -> bool:
    """Return whether Python, not the caller of this process, set the variable `name`.

    PEP 538: Python sets LC_CTYPE if the locale is C. Only Linux shows the original environment.
    """
    try:
        given = Path("/proc/self/environ").read_bytes()
    except OSError:
        return False
    return name in os.environ and f"\0{name}=".encode() not in b"\0" + given


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
