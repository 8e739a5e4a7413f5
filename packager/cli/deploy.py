"""`packager deploy`: build the package with its config, and deploy it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.console import Console, parsed, show_left
from packager.cli.help import Command, examples
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager import workspace
    from packager.cli import release_view
    from packager.progress import Progress
    from packager.release import deploy as deploys
    from packager.release import function_release, outcome
    from packager.release import target as targets
    from packager.release.outcome import Release
else:
    workspace = lazy("packager.workspace")
    release_view = lazy("packager.cli.release_view")
    function_release = lazy("packager.release.function_release")
    outcome = lazy("packager.release.outcome")
    deploys = lazy("packager.release.deploy")
    targets = lazy("packager.release.target")


@click.command(
    cls=Command,
    epilog=examples(
        ("packager deploy --function my-function --env-file .env", "deploy this folder"),
        ("packager deploy --dry-run", "build and check, but send nothing"),
        ("""packager deploy --local --invoke '{"name": "Ana"}' | jq""", "run it on this machine"),
    ),
)
@options.app_folder
@options.variables
@options.settings("deploy")
@options.profile
@click.option("--force", is_flag=True, help="Deploy even if the function has this package already.")
@click.option("--dry-run", is_flag=True, help="Build and check, but send nothing.")
@options.timeout
@options.local
@options.json_lines
@options.output
def deploy(
    app: Path,
    env_file: Path | None,
    from_environment: bool,
    profile: str | None,
    force: bool,
    dry_run: bool,
    timeout: float,
    local: bool,
    event: str | None,
    with_aws_credentials: bool,
    as_json: bool,
    json_lines: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Build the deployment package with its config, and deploy it."""
    with Console(
        as_json=as_json,
        json_lines=json_lines,
        quiet=quiet,
        verbose=verbose,
        shows_response=local,
    ) as console:
        config = options.read_config(
            options.sources(app, env_file, from_environment),
            settings,
            profile=profile,
            purpose="local" if local else "deploy",
        )
        console.report(config)
        for name in sorted(config.variables):
            console.detail(name)

        progress = console.progress()
        how = function_release.Options(force=force, dry_run=dry_run, timeout=timeout)
        with (
            workspace.private_folder(left=show_left) as folder,
            targets.open_target(
                config, app, timeout, options.local_run(local, event, with_aws_credentials)
            ) as target,
        ):
            release = _released(
                lambda: deploys.deploy(app, target, folder, progress, how), progress
            )
            response = None
            if target.run and not dry_run:
                with progress.stage("invoke", "Invoking the function", prints=True):
                    response = target.run(folder, release.package.code_sha256, progress)
        result = release_view.as_json(release, progress.seconds)
        if response is not None:
            result["response"] = parsed(response)
        console.finish(result, release_view.as_lines(release, progress.seconds), response)


def _released(run: Callable[[], Release], progress: Progress) -> Release:
    """Deploy; add the outcome for each function to an error."""
    try:
        return run()
    except outcome.ReleaseError as error:
        error.result = release_view.as_json(error.release, progress.seconds)
        if len(error.release.deployments) > 1:
            for line in release_view.lines_of_each(error.release):
                progress.note(line)
        raise
