"""`packager build`: write the package to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.console import Console
from packager.cli.help import Command, examples
from packager.lazy import lazy
from packager.progress import readable

if TYPE_CHECKING:
    from packager import apps
    from packager.package import build as packages
    from packager.package import listing
else:
    apps = lazy("packager.apps")
    listing = lazy("packager.package.listing")
    packages = lazy("packager.package.build")


@click.command(
    cls=Command,
    epilog=examples(
        ("packager build -o package.zip --env-file .env", "package this folder"),
        ("packager build -o package.jar --jar target/app.jar", "add the config to a jar"),
    ),
)
@options.app_folder
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the package to this file; an existing file is replaced.",
)
@click.option(
    "--list",
    "only_list",
    is_flag=True,
    help="List the contents of the package, largest folders first, and write nothing.",
)
@options.variables
@options.settings("build")
@options.output
def build(
    app: Path,
    output: Path | None,
    only_list: bool,
    env_file: Path | None,
    from_environment: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Write the deployment package to a file."""
    if only_list == (output is not None):
        raise click.UsageError("Use either --output FILE or --list.")
    with Console(as_json=as_json, quiet=quiet, verbose=verbose) as console:
        where = options.sources(app, env_file, from_environment)
        config = options.read_config(where, settings, purpose="build")
        console.report(config)
        for name in sorted(config.variables):
            console.detail(name)
        progress = console.progress()
        found = apps.resolve(app, config.settings)
        if output is None:
            folders = listing.list_contents(found, config, progress)
            console.list(*_listed(folders))
            return
        with progress.stage("package", f"Packaging the {found.description}"):
            built = packages.build_file(found, config, output, progress=progress)
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


def _listed(folders: list[listing.Folder]) -> tuple[dict[str, object], list[str]]:
    """Show the contents of a package, for programs or for people."""
    entries = [entry for folder in folders for entry in folder.entries]
    size = sum(entry.size for entry in entries)
    result = {
        "outcome": "listed",
        "size": size,
        "folders": [
            {"name": folder.name, "size": folder.size, "files": len(folder.entries)}
            for folder in folders
        ],
        "files": [entry._asdict() for entry in entries],
    }
    lines = []
    for folder in folders:
        if folder.name.endswith("/"):
            lines.append(f"{readable(folder.size):>9}  {folder.name}")
        lines += [f"{readable(entry.size):>9}    {entry.name}" for entry in folder.entries]
    lines.append(f"{readable(size):>9}  in {len(entries)} files, unpacked")
    return result, lines
