"""`packager deploy`: config into the package, the package into Lambda."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.console import Console, show_left
from packager.lazy import lazy
from packager.progress import readable

if TYPE_CHECKING:
    from packager import workspace
    from packager.release import deploy as deploys
    from packager.release import target as targets
else:
    workspace = lazy("packager.workspace")
    deploys = lazy("packager.release.deploy")
    targets = lazy("packager.release.target")

_ENDINGS = {
    "deployed": "Deployed {function} ({version})",
    "unchanged": "Unchanged: {function} ({version}) has this package already",
    "dry run": "Dry run: {function} would be updated; nothing was sent",
}


@click.command()
@options.app_folder
@options.variables
@options.settings("deploy")
@options.profile
@click.option("--force", is_flag=True, help="Deploy even if the function has this package already.")
@click.option("--dry-run", is_flag=True, help="Do everything but the sending.")
@options.timeout
@options.local
@options.output
def deploy(
    app: Path,
    env_file: Path | None,
    profile: str | None,
    force: bool,
    dry_run: bool,
    timeout: float,
    local: bool,
    event: str | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Build the deployment package with its config, and deploy it."""
    with Console(as_json=as_json, quiet=quiet, verbose=verbose, shows_response=local) as console:
        config = options.read_config(
            settings, env_file=env_file, profile=profile, deploying=not local
        )
        for name in sorted(config.variables):
            console.detail(name)

        progress = console.progress()
        with (
            workspace.private_folder(left=show_left) as folder,
            targets.open_target(config, app, local=local, event=event, timeout=timeout) as target,
        ):
            deployment = deploys.deploy(
                app,
                target.config,
                target.function,
                folder,
                progress,
                force=force,
                dry_run=dry_run,
                timeout=timeout,
            )
            answer = None
            if target.run and not dry_run:
                with progress.stage("invoke", "Invoking the function", prints=True):
                    answer = target.run(folder, deployment.package.code_sha256)
        result, lines = summary(deployment, target.name, progress.seconds)
        if answer is not None:
            result["answer"] = answer
        console.finish(result, lines, answer)


def summary(
    deployment: deploys.Deployment, function: str, seconds: dict[str, float]
) -> tuple[dict[str, object], list[str]]:
    """Say how a deploy ended, for machines and for people."""
    package = deployment.package
    result = {
        "outcome": deployment.outcome,
        "function": function,
        "version": deployment.version,
        "codeSha256": package.code_sha256,
        "size": package.size,
        "variables": package.variables,
        "seconds": seconds,
    }
    ending = _ENDINGS[deployment.outcome]
    lines = [
        ending.format(function=function, version=deployment.version),
        f"  CodeSha256  {package.code_sha256}",
        f"  size        {readable(package.size)}",
        f"  variables   {package.variables}",
        f"  seconds     {' · '.join(f'{stage} {time:.2f}' for stage, time in seconds.items())}",
    ]
    return result, lines
