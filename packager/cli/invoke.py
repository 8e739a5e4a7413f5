"""`packager invoke`: invoke a function with one event, and show its response."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.console import Console, show_left
from packager.cli.help import Command, examples
from packager.cli.terminal import show, show_response
from packager.errors import DeployError, InputError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager import workspace
    from packager.config.inputs import Config
    from packager.release import deploy as deploys
    from packager.release import function_release
    from packager.release import target as targets
else:
    workspace = lazy("packager.workspace")
    deploys = lazy("packager.release.deploy")
    function_release = lazy("packager.release.function_release")
    targets = lazy("packager.release.target")


@click.command(
    cls=Command,
    epilog=examples(
        ("""packager invoke --function my-function --event '{"name": "Ana"}' | jq""", "in AWS"),
        ("packager invoke --local --event @event.json", "the app of this folder, on this machine"),
    ),
)
@options.app_folder
@options.event
@click.option("--local", is_flag=True, help="Package the app, and run its handler here.")
@options.with_aws_credentials
@options.variables
@options.settings("invoke")
@options.profile
@options.timeout
@options.quiet_or_verbose
def invoke(
    app: Path,
    event: str | None,
    local: bool,
    with_aws_credentials: bool,
    env_file: Path | None,
    from_environment: bool,
    profile: str | None,
    timeout: float,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Invoke the function, or its alias: the response on stdout, the log on stderr."""
    with Console(quiet=quiet, verbose=verbose, shows_response=True) as console:
        # In AWS, the event needs no --local.
        how = options.local_run(local, event if local else None, with_aws_credentials)
        if local:
            where = options.sources(app, env_file, from_environment)
            config = options.read_config(where, settings, purpose="local", profile=profile)
            console.report(config)
            response = _here(config, app, timeout, how, console)
        else:
            config = options.read_settings(settings, env_file=env_file, profile=profile)
            response = _in_aws(config, (event or "{}").encode(), timeout)
    show_response(response)


def _here(
    config: Config, app: Path, timeout: float, how: targets.LocalRun | None, console: Console
) -> str:
    """Package the app, and run its handler on this machine."""
    progress = console.progress()
    with (
        workspace.private_folder(left=show_left) as folder,
        targets.open_target(config, app, timeout, how) as target,
    ):
        waiting = function_release.Options(timeout=timeout)
        release = deploys.deploy(app, target, folder, progress, waiting)
        if target.run is None:
            raise AssertionError
        with progress.stage("invoke", "Invoking the function", prints=True):
            return target.run(folder, release.package.code_sha256, progress)


def _in_aws(config: Config, event: bytes, timeout: float) -> str:
    """Invoke the function in AWS, once."""
    if len(config.settings.functions) > 1:
        raise InputError("Only one function can be invoked at a time.", "Name one with --function.")
    [destination] = targets.open_functions(config, timeout)
    response = destination.function.invoke(event, config.settings.alias, timeout=timeout)
    for line in response.log.splitlines():
        show(line, err=True)
    text = response.payload.decode("utf-8", "replace")
    if response.failed:
        raise DeployError(
            f"The handler failed (request {response.request_id}): {text}",
            "Its log is above." if response.log else "",
        )
    return text
