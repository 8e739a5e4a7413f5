"""The options that several commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from packager.config import setting_values as values
from packager.config.inputs import Config, read
from packager.config.inputs import read_settings as settings_only
from packager.config.setting import Setting
from packager.config.settings_table import BY_VARIABLE, TABLE
from packager.config.sources import Purpose, Sources
from packager.errors import InputError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager.release import target as targets
else:
    targets = lazy("packager.release.target")

_STANDARD_INPUT = Path("-")

_Command = Callable[..., Any]
_Decorator = Callable[[_Command], _Command]


def _together(*decorators: _Decorator) -> _Decorator:
    return lambda command: reduce(lambda inner, add: add(inner), reversed(decorators), command)


def settings(command: str) -> _Decorator:
    """Add the options of all settings that `command` takes."""
    return _together(*(_option(setting) for setting in TABLE if command in setting.commands))


def _option(setting: Setting) -> _Decorator:
    if setting.option is None:
        return lambda command: command
    is_switch = setting.parse is values.switch
    return click.option(
        setting.option,
        setting.variable,
        metavar=None if is_switch else setting.metavar,
        is_flag=is_switch,
        default=None,
        flag_value="true" if is_switch else setting.value_of_flag,
        help=f"{setting.help} [{setting.variable}]",
    )


def _event(_: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Accept JSON, or read it from a file or from stdin.

    It is not shown in errors, because it may contain a secret.
    """
    if text is None:
        return None
    try:
        if text == "-":
            text = _read_standard_input().decode()
        elif text.startswith("@"):
            text = Path(text[1:]).read_bytes().decode()
        text.encode()  # It goes to the handler as UTF-8.
        json.loads(text, parse_constant=_refuse)
    except OSError as error:
        raise click.BadParameter(f"It cannot be read: {error.strerror}.", param=option) from None
    except (ValueError, RecursionError):
        raise click.BadParameter(
            """It is not JSON (example: '{"name": "value"}').""", param=option
        ) from None
    return text


def _read_standard_input() -> bytes:
    return sys.stdin.buffer.read() if sys.stdin else b""  # Python has none if it is closed.


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is JavaScript, not JSON")


app_folder = click.argument(
    "app", metavar="[APP_DIR]", default=".", type=click.Path(path_type=Path)
)

env_file = click.option(
    "--env-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take settings from this .env, .properties or .json file, too; - is standard input.",
)

variables = _together(
    click.option(
        "--env-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Take the variables from this .env, .properties or .json file; - is standard input.",
    ),
    click.option(
        "--from-environment",
        is_flag=True,
        help="Take the variables from the environment, which is the default only on a dyno."
        " Without this and --env-file, they come from the .env in APP_DIR.",
    ),
)

profile = click.option(
    "--profile", metavar="NAME", help="AWS profile to use if no _AWS_… credentials are set."
)

timeout = click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    help="Maximum total time to wait for Lambda, in seconds.",
)

with_aws_credentials = click.option(
    "--with-aws-credentials",
    is_flag=True,
    help="With --local: pass your AWS credentials to the handler, instead of made-up ones.",
)

local = _together(
    click.option(
        "--local",
        is_flag=True,
        help="Deploy to a Lambda service on this machine, and run the handler there.",
    ),
    click.option(
        "--invoke",
        "event",
        metavar="JSON|@FILE|-",
        callback=_event,
        help="With --local: the event for the handler; default: {}.",
    ),
    with_aws_credentials,
)


def local_run(
    local: bool, event: str | None, with_aws_credentials: bool
) -> targets.LocalRun | None:
    """Return how to run the handler on this machine; None without --local.

    Raises InputError for an option that needs --local.
    """
    for option, is_given in (("--invoke", event), ("--with-aws-credentials", with_aws_credentials)):
        if is_given and not local:
            raise InputError(f"{option} needs --local.", "Add --local, or remove it.")
    if not local:
        return None
    context = click.get_current_context()
    is_default = context.get_parameter_source("timeout") is ParameterSource.DEFAULT
    seconds = None if is_default else context.params["timeout"]
    return targets.LocalRun(event or "{}", with_aws_credentials, seconds)


json_lines = click.option(
    "--json-lines", is_flag=True, help="One JSON object on stdout for each event."
)

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")

event = click.option(
    "--event",
    metavar="JSON|@FILE|-",
    callback=_event,
    help="The event, from a file with @FILE, from stdin with -; default: {}.",
)

quiet_or_verbose = _together(
    click.option("--quiet", "-q", is_flag=True, help="Show errors only."),
    click.option("--verbose", "-v", is_flag=True, help="Show more: names, never values."),
)

output = _together(as_json, quiet_or_verbose)


def sources(app: Path, env_file: Path | None, from_environment: bool) -> Sources:
    """Return where the variables come from; read standard input now, because that works once."""
    if env_file == _STANDARD_INPUT:
        content = _read_standard_input()
        return Sources(app, standard_input=content, from_environment=from_environment)
    return Sources(app, env_file, from_environment=from_environment)


def read_config(
    where: Sources,
    given: Mapping[str, Any],
    *,
    purpose: Purpose,
    profile: str | None = None,
) -> Config:
    """Read the config; `given` holds the command's options, settings among them by their name."""
    chosen = {name: value for name, value in given.items() if name in BY_VARIABLE}
    return read(where, chosen, profile=profile, purpose=purpose)


def read_settings(
    given: Mapping[str, Any], *, env_file: Path | None, profile: str | None
) -> Config:
    """Read only the settings, for commands that package nothing."""
    chosen = {name: value for name, value in given.items() if name in BY_VARIABLE}
    where = sources(Path(), env_file, from_environment=False)
    return Config(settings_only(where, chosen, profile=profile), {})
