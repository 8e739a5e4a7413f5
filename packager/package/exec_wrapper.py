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

# A shell can check only names of this form.
_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# bash sets these itself, so they would seem to come from the platform.
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
    """Return the script for `variables`; it starts the `next_wrapper`, if there is one.

    Platform variables take precedence, except the time zone if it is the default, UTC.
    Raises VariableError if Linux could not start a program with these variables.
    """
    kept_out = tuple(sorted(name for name in variables if _KEPT_OUT.fullmatch(name)))
    given = {name: variables[name] for name in sorted(variables) if name not in kept_out}
    if not all(value.isascii() for value in given.values()):
        given = _LOCALE | given
    _check_sizes(given)
    command = [_quoted(f"{name}={value}") for name, value in given.items()]
    # The platform's assignments are in "$@", after ours, so that they win: the last one counts.
    lines = [
        "#!/bin/sh",
        *_preferring_the_platform(given),
        f'exec /usr/bin/env -- {" ".join(command)} "$@"',
    ]
    if next_wrapper:
        lines.insert(1, f'set -- {_quoted(next_wrapper)} "$@"')
    return Script(("\n".join(lines) + "\n").encode(), kept_out)


def _preferring_the_platform(names: Iterable[str]) -> list[str]:
    """Return lines that keep the values that the platform has set.

    One expansion first checks if it has set any of the names: checking each name would double the
    time of the script.
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
