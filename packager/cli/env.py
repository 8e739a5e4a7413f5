"""`packager env`: list the names of the variables that would be packaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from packager.cli import options
from packager.cli.console import Console
from packager.cli.help import Command, examples
from packager.progress import Warning


@click.command(
    cls=Command,
    epilog=examples(("packager env --env-file .env --exclude 'TEST_*'", "check an exclusion")),
)
@options.app_folder
@options.variables
@options.settings("env")
@options.output
def env(
    app: Path,
    env_file: Path | None,
    from_environment: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """List the names of the variables that are packaged."""
    with Console(as_json=as_json, quiet=quiet, verbose=verbose, shows_response=True) as console:
        where = options.sources(app, env_file, from_environment)
        config = options.read_config(where, settings, purpose="build")
        console.report(config)
        names = sorted(config.variables)
        left_out = dict(sorted(config.left_out.items()))
        for name, reason in left_out.items():
            console.detail(f"{name} stays out: {reason}")
        warnings = [event.text for event in config.events if isinstance(event, Warning)]
        result = {"variables": names, "leftOut": left_out, "warnings": warnings}
        console.list(result, names)
