"""The script `env-exec`: starts a function's runtime with every config var in its environment.

Lambda starts the runtime through it if the function's AWS_LAMBDA_EXEC_WRAPPER names it:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html. The environment that a function
is configured with stops at 4 KB; that of a program on Linux does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from packager.errors import VariableError

NAME = "env-exec"
MODE = 0o755

# What AWS_LAMBDA_EXEC_WRAPPER has to be.
PATH = f"/var/task/{NAME}"

# MAX_ARG_STRLEN of Linux: 32 pages, with the NUL at the end. And of the stack's 8 MB, a quarter may
# be arguments and environment (execve(2)); the platform has some of its own.
LONGEST = (1 << 17) - 1
LARGEST = 3 << 19

# Names that would break or redirect the runtime, as shell patterns would say it.
_KEPT_OUT = re.compile(
    r"PATH|LD_.*|PYTHONHOME|PYTHONPATH|NODE_OPTIONS|JAVA_TOOL_OPTIONS|BASH_ENV"
    # Reserved: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    r"|_HANDLER|_X_AMZN_TRACE_ID|AWS_REGION|AWS_DEFAULT_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*"
    r"|AWS_ACCESS_KEY|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN"
    r"|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR"
    # `env` would take the name to end at the first `=`.
    r"|.*=.*|",
    re.DOTALL,
)

# Of other names no shell can say whether they are set.
_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# bash sets these itself, so that they seem to come from the platform.
_SET_BY_BASH = re.compile(
    r"BASH.*|COLUMNS|COMP_.*|COPROC|DIRSTACK|EPOCH.*|EUID|FUNCNAME|GROUPS|HISTCMD|HOSTNAME|HOSTTYPE"
    r"|IFS|LINENO|LINES|MACHTYPE|MAPFILE|OLDPWD|OPTARG|OPTERR|OPTIND|OSTYPE|PIPESTATUS|PPID|PS[0-4]"
    r"|PWD|RANDOM|READLINE_.*|REPLY|SECONDS|SHELL|SHELLOPTS|SHLVL|SRANDOM|TERM|TIMEFORMAT|UID|_"
)

# Java decodes its environment by the locale: https://github.com/aws/aws-lambda-base-images/issues/234
_LOCALE = {"LC_ALL": "C.UTF-8"}


class Script(NamedTuple):
    """The script, and the names of the variables that it does not set."""

    content: bytes
    kept_out: tuple[str, ...]


def write(variables: Mapping[str, str], next_wrapper: str | None = None) -> Script:
    """Write the script for `variables`; it starts the `next_wrapper`, if there is one.

    What the platform has set takes precedence, but for the time zone, which is UTC by default.
    Raises VariableError for variables that no program could be started with.
    """
    kept_out = tuple(sorted(name for name in variables if _KEPT_OUT.fullmatch(name)))
    given = {name: variables[name] for name in sorted(variables) if name not in kept_out}
    if not all(value.isascii() for value in given.values()):
        given = _LOCALE | given
    _check_sizes(given)
    command = [_quoted(f"{name}={value}") for name, value in given.items()]
    # The platform's assignments come first in "$@", and after ours: the last one of a name counts.
    lines = [
        "#!/bin/sh",
        *_preferring_the_platform(given),
        f'exec /usr/bin/env -- {" ".join(command)} "$@"',
    ]
    if next_wrapper:
        lines.insert(1, f'set -- {_quoted(next_wrapper)} "$@"')
    return Script(("\n".join(lines) + "\n").encode(), kept_out)


def _preferring_the_platform(names: Iterable[str]) -> list[str]:
    """Write the lines that take over what is set already.

    One expansion looks whether anything is: to look name by name takes twice as long as all else.
    """
    lines = []
    checked = [
        name
        for name in names
        if _SHELL_NAME.fullmatch(name) and not _SET_BY_BASH.fullmatch(name) and name != "TZ"
    ]
    if checked:
        one_by_one = "\n".join(
            f'[ "${{{name}+x}}" ] && set -- "{name}=${name}" "$@"' for name in checked
        )
        set_already = "".join(f"${{{name}+x}}" for name in checked)
        lines.append(f"case {set_already} in ?*) eval '{one_by_one}' ;; esac")
    if "TZ" in names:
        lines.append('case ${TZ-:UTC} in :UTC) ;; *) set -- "TZ=$TZ" "$@" ;; esac')
    return lines


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _check_sizes(given: Mapping[str, str]) -> None:
    sizes = {name: len(f"{name}={value}".encode()) for name, value in given.items()}
    too_long = [name for name, size in sizes.items() if size > LONGEST]
    hint = (
        "Exclude them (--exclude) and read them from env.properties with a reader, or switch the"
        " exec wrapper off (--exec-wrapper false)."
    )
    if too_long:
        raise VariableError(
            f"No program can be started with {_listed(too_long)}: a variable has at most"
            f" {LONGEST:,} bytes with its name.",
            hint,
        )
    if sum(sizes.values()) > LARGEST:
        largest = sorted(sizes, key=lambda name: sizes[name], reverse=True)[:5]
        raise VariableError(
            f"The variables have {sum(sizes.values()):,} bytes, and a program can be started with"
            f" about {LARGEST:,}. The largest are {_listed(largest)}.",
            hint,
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
