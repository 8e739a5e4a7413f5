"""`packager rollback`: point an alias back to its previous version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.console import Console
from packager.cli.help import Command, examples
from packager.errors import SettingsError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager.release import function_release
    from packager.release import rollback as rollbacks
    from packager.release import target as targets
else:
    function_release = lazy("packager.release.function_release")
    rollbacks = lazy("packager.release.rollback")
    targets = lazy("packager.release.target")


def _number(_: click.Context, option: click.Parameter, version: str | None) -> str | None:
    if version is not None and not (version.isascii() and version.isdigit()):
        raise click.BadParameter("It is not the number of a version.", param=option)
    return version


@click.command(
    cls=Command,
    epilog=examples(
        ("packager rollback --function my-function --alias live", "back to the version before"),
        ("packager rollback --alias live --to 11", "back to version 11"),
    ),
)
@click.option("--to", metavar="VERSION", callback=_number, help="Default: the previous version.")
@options.env_file
@options.settings("rollback")
@options.profile
@click.option("--force", is_flag=True, help="Switch even if the alias shares its traffic.")
@options.timeout
@options.output
def rollback(
    to: str | None,
    env_file: Path | None,
    profile: str | None,
    force: bool,
    timeout: float,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Point the alias back to its previous version."""
    with Console(as_json=as_json, quiet=quiet, verbose=verbose) as console:
        config = options.read_settings(settings, env_file=env_file, profile=profile)
        if config.settings.alias is None:
            raise SettingsError(
                "_LAMBDA_ALIAS (--alias) is missing: the alias to roll back.",
                "Set it with --alias: packager rollback --alias NAME",
            )
        how = function_release.Options(force=force, timeout=timeout)
        destinations = targets.open_functions(config, timeout)
        done = rollbacks.roll_back(destinations, to, console.progress(), how)
        moved = any(one.before != one.alias.version for one in done)
        result = {
            "outcome": "rolled back" if moved else "unchanged",
            "functions": [
                {
                    "function": one.function,
                    "region": one.region,
                    "alias": one.alias.name,
                    "version": one.alias.version,
                    "before": one.before,
                }
                for one in done
            ],
        }
        console.finish(
            result,
            [
                f"Rolled back {one.label}: {one.alias.name} points to version"
                f" {one.alias.version}, before: {one.before}"
                if one.before != one.alias.version
                else f"Unchanged: {one.alias.name} of {one.label} points to {one.before} already"
                for one in done
            ],
        )
