"""The options that several commands share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import click

from packager.config.inputs import Config, read
from packager.config.settings import OPTIONS

_Command = Callable[..., Any]
_Decorator = Callable[[_Command], _Command]


def _together(*decorators: _Decorator) -> _Decorator:
    return lambda command: reduce(lambda inner, add: add(inner), reversed(decorators), command)


def _setting(name: str, help_text: str, metavar: str = "TEXT") -> _Decorator:
    return click.option(OPTIONS[name], name, metavar=metavar, help=f"{help_text} [{name}]")


def _event(_: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Take what is JSON and nothing else; what it was is not shown, as it can hold a secret."""
    try:
        if text is not None:
            text.encode()  # It goes to the handler as UTF-8.
            json.loads(text, parse_constant=_refuse)
    except ValueError:
        raise click.BadParameter(
            """It is not JSON: give one as '{"name": "value"}'.""", param=option
        ) from None
    return text


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is JavaScript, not JSON")


app_folder = click.argument(
    "app", metavar="[APP_DIR]", default=".", type=click.Path(path_type=Path)
)

variables = _together(
    click.option(
        "--env-file",
        type=click.Path(path_type=Path),
        help="Take the variables from this .env, .properties or .json file, not from the"
        " environment.",
    ),
    _setting("_LAMBDA_ENV_EXCLUDE", "Shell patterns of names to leave out.", "PATTERNS"),
)

package = _together(
    _setting("_LAMBDA_JAR_FILE", "The app's jar, relative to APP_DIR.", "PATH"),
    _setting("_LAMBDA_ZIP_FILE", "A ready-made zip, relative to APP_DIR.", "PATH"),
    _setting("_LAMBDA_RUNTIME", "For Python packages: the function's runtime, as python3.13."),
    _setting("_LAMBDA_ARCHITECTURE", "For Python packages: x86_64 or arm64."),
)

function = _together(
    _setting("_LAMBDA_FUNCTION_ARN", "Name or ARN of the function.", "NAME"),
    _setting("_AWS_DEFAULT_REGION", "The function's region; default: its ARN's."),
    click.option("--profile", help="The AWS profile to use where no _AWS_… credentials are set."),
    _setting("_AWS_ENDPOINT_URL", "Another endpoint than AWS's own.", "URL"),
    _setting("_LAMBDA_S3_BUCKET", "Where packages over 50 MB go.", "BUCKET"),
    _setting("_LAMBDA_S3_PREFIX", "What their keys begin with.", "PREFIX"),
)

timeout = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    help="Seconds that all waiting for Lambda may take together.",
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
        metavar="EVENT",
        callback=_event,
        help="With --local: the event for the handler, as JSON; default: {}.",
    ),
    click.option("--handler", help="With --local: the handler, where it cannot be told."),
)

output = _together(
    click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout."),
    click.option("--quiet", "-q", is_flag=True, help="Show errors only."),
    click.option("--verbose", "-v", is_flag=True, help="Show more: names, never values."),
)


def read_config(
    given: Mapping[str, Any], *, env_file: Path | None, deploying: bool, profile: str | None = None
) -> Config:
    """Read the config; `given` holds the command's options, settings among them by their name."""
    settings = {name: value for name, value in given.items() if name in OPTIONS}
    return read(env_file, settings, profile=profile, deploying=deploying)
