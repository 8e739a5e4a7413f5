"""The script `env-exec`, which starts a function's runtime with all config vars in its environment.

Lambda starts the runtime through it if the function's AWS_LAMBDA_EXEC_WRAPPER names it:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html. Lambda limits a function's
configured environment to 4 KB; Linux allows a program far more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from packager.errors import VariableError

NAME = "env-exec"
MODE = 0o755

# The value of AWS_LAMBDA_EXEC_WRAPPER that enables the script.
PATH = f"/var/task/{NAME}"

# MAX_ARG_STRLEN of Linux: 32 pages, with the NUL at the end. Arguments and environment together may
# take a quarter of the 8 MB stack (execve(2)); the platform needs some of that.
LONGEST = (1 << 17) - 1
LARGEST = 3 << 19

# Names that would break or redirect the runtime.
_KEPT_OUT = re.compile(
    r"PATH|LD_.*|PYTHONHOME|PYTHONPATH|NODE_OPTIONS|JAVA_TOOL_OPTIONS|BASH_ENV"
    # Reserved: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    r"|_HANDLER|_X_AMZN_TRACE_ID|AWS_REGION|AWS_DEFAULT_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*"
    r"|AWS_ACCESS_KEY|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN"
    r"|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR"
    # `env` would end the name at the first `=`.
    r"|.*=.*|",
    re.DOTALL,
)

# A shell can set only names of this form.
_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Shells set these themselves, so they would seem to come from the platform.
_SET_BY_SHELLS = re.compile(
    r"(BB_)?ASH_VERSION|BASH.*|COLUMNS|COMP_.*|COPROC|DIRSTACK|EPOCH.*|EUID|FUNCNAME|GROUPS|HISTCMD"
    r"|HOSTNAME|HOSTTYPE|IFS|LINENO|LINES|MACHTYPE|MAPFILE|OLDPWD|OPTARG|OPTERR|OPTIND|OSTYPE"
    r"|PIPESTATUS|POSIXLY_CORRECT|PPID|PS[0-4]|PWD|RANDOM|READLINE_.*|REPLY|SECONDS|SHELL|SHELLOPTS"
    r"|SHLVL|SRANDOM|TERM|TIMEFORMAT|UID|_"
)

# A shell that sets these works differently from then on, or complains: `special_vars` in bash's
# variables.c, `varinit` in dash's var.c.
_CHANGES_SHELLS = re.compile(
    r"ATTY|CHILD_MAX|EXECIGNORE|FUNCNEST|GLOBIGNORE|HIST.*|HOSTFILE|IGNOREEOF|LANG|LANGUAGE|LC_.*"
    r"|MAIL|MAILCHECK|MAILPATH|TERMCAP|TERMINFO|TEXTDOMAIN.*|TZ|histchars|ignoreeof"
)

# Java decodes its environment by the locale: https://github.com/aws/aws-lambda-base-images/issues/234
_LOCALE = {"LC_ALL": "C.UTF-8"}


class Script(NamedTuple):
    """The script, and the names of the variables that it does not set."""

    content: bytes
    kept_out: tuple[str, ...]


def write(variables: Mapping[str, str], next_wrapper: str | None = None) -> Script:
    """Return the script for `variables`; it starts the `next_wrapper`, if there is one.

    The shell sets the variables itself: to start `env` as well would take as long as to start the
    shell. Only names that it cannot set are left to `env`.
    Platform variables take precedence, except the time zone if it is the default, UTC.
    Raises VariableError if Linux could not start a program with these variables.
    """
    kept_out = tuple(sorted(name for name in variables if _KEPT_OUT.fullmatch(name)))
    given = {name: variables[name] for name in sorted(variables) if name not in kept_out}
    if not all(value.isascii() for value in given.values()):
        given = _LOCALE | given
    _check_sizes(given)
    by_shell = [name for name in given if _can_be_set_by_shells(name)]
    by_env = [name for name in given if name not in by_shell]
    # With one statement for all, bash takes a fifth less time than with one for each.
    assignments = [f"{name}=${{{name}-{_quoted(given[name])}}}" for name in by_shell]
    lines = [
        "#!/bin/sh",
        *([f'set -- {_quoted(next_wrapper)} "$@"'] if next_wrapper else []),
        *(_argument_of_env(name, given[name]) for name in by_env),
        *(["set -a", " ".join(assignments)] if assignments else []),
        'exec /usr/bin/env -- "$@"' if by_env else 'exec "$@"',
    ]
    return Script(("\n".join(lines) + "\n").encode(), kept_out)


def _can_be_set_by_shells(name: str) -> bool:
    return bool(_SHELL_NAME.fullmatch(name)) and not (
        _SET_BY_SHELLS.fullmatch(name) or _CHANGES_SHELLS.fullmatch(name)
    )


def _argument_of_env(name: str, value: str) -> str:
    """Return a line that adds an assignment to the command, unless the platform has set `name`."""
    line = f'set -- {_quoted(f"{name}={value}")} "$@"'
    if name == "TZ":
        return f"case ${{TZ-:UTC}} in :UTC) {line} ;; esac"
    if _SHELL_NAME.fullmatch(name) and not _SET_BY_SHELLS.fullmatch(name):
        return f'[ "${{{name}+x}}" ] || {line}'
    return line


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _check_sizes(given: Mapping[str, str]) -> None:
    sizes = {name: len(f"{name}={value}".encode()) for name, value in given.items()}
    too_long = [name for name, size in sizes.items() if size > LONGEST]
    hint = (
        "Exclude them (--exclude) and read them from env.properties with a reader, or disable the"
        " exec wrapper (--exec-wrapper false)."
    )
    if too_long:
        raise VariableError(
            f"Linux cannot start a program with {_listed(too_long)}: a variable may have at most"
            f" {LONGEST:,} bytes, including its name.",
            hint,
        )
    if sum(sizes.values()) > LARGEST:
        largest = sorted(sizes, key=lambda name: sizes[name], reverse=True)[:5]
        raise VariableError(
            f"The variables have {sum(sizes.values()):,} bytes, but Linux can start a program with"
            f" at most about {LARGEST:,}. The largest are {_listed(largest)}.",
            hint,
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
