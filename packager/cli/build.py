"""`packager build`: the package, written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.console import Console
from packager.lazy import lazy
from packager.progress import readable

if TYPE_CHECKING:
    from packager import apps
    from packager.package import build as packages
else:
    apps = lazy("packager.apps")
    packages = lazy("packager.package.build")


@click.command()
@options.app_folder
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="Where the package is written to; a file that is there is replaced.",
)
@options.variables
@options.settings("build")
@options.output
def build(
    app: Path,
    output: Path,
    env_file: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Write the deployment package to a file."""
    with Console(as_json=as_json, quiet=quiet, verbose=verbose) as console:
        config = options.read_config(settings, env_file=env_file, deploying=False)
        for name in sorted(config.variables):
            console.detail(name)
        progress = console.progress()
        found = apps.resolve(app, config.settings)
        with progress.stage("package", f"Packaging the {found.description}"):
            built = packages.build_file(found, config.variables, output)
        result = {
            "outcome": "built",
            "file": str(output),
            "size": built.size,
            "codeSha256": built.code_sha256,
            "variables": built.variables,
            "seconds": progress.seconds,
        }
        lines = [
            f"Built {output} in {progress.seconds['package']:.2f} s",
            f"  CodeSha256  {built.code_sha256}",
            f"  size        {readable(built.size)}",
            f"  variables   {built.variables}",
        ]
        console.finish(result, lines)
