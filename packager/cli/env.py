"""`packager env`: the names of the variables that would go into the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from packager.cli import options
from packager.cli.console import Console
from packager.cli.help import Command, examples


@click.command(
    cls=Command,
    epilog=examples(("packager env --env-file .env --exclude 'TEST_*'", "check an exclusion")),
)
@options.app_folder
@options.variables
@options.settings("env")
@options.output
def env(
    app: Path, env_file: Path | None, as_json: bool, quiet: bool, verbose: bool, **settings: Any
) -> None:
    """List the names of the variables that go in."""
    del app  # An env file is found from here, as any file given on a command line.
    with Console(as_json=as_json, quiet=quiet, verbose=verbose) as console:
        config = options.read_config(settings, env_file=env_file, deploying=False)
        names = sorted(config.variables)
        console.list({"variables": names}, names)
