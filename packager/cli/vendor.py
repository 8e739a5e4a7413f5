"""`packager vendor`: copy a reader's source into a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from packager.cli import options
from packager.cli.console import Console
from packager.cli.help import Command, examples
from packager.errors import VendorError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager import vendor as readers
else:
    readers = lazy("packager.vendor")


@click.command(
    cls=Command,
    epilog=examples(
        ("packager vendor python", "copy the reader into this folder"),
        ("packager vendor node src --check", "fail if the copy in src is not current"),
    ),
)
@click.argument("language", type=click.Choice(["python", "node", "java"]))
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only check that the copy is current and unmodified.")
@click.option("--force", is_flag=True, help="Replace a copy that was modified, too.")
@options.output
def vendor(
    language: str,
    directory: Path,
    check: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Copy the source of a reader into a project."""
    copies = readers.vendor(language, directory, check=check, force=force)
    stale = [f"{file.path} ({file.found})" for file in copies if file.found != "current"]
    if check and stale:
        over = " --force" if any(file.found == "modified" for file in copies) else ""
        raise VendorError(
            f"These files are not the current reader: {', '.join(stale)}.",
            f"`packager vendor {language} {directory}{over}` writes it.",
        )
    lines = [
        f"{file.path}: {'current' if file.found == 'current' else f'written (was {file.found})'}"
        for file in copies
    ]
    result = {
        "outcome": "current" if all(file.found == "current" for file in copies) else "written",
        "files": [{"path": str(file.path), "found": file.found} for file in copies],
    }
    with Console(as_json=as_json, quiet=quiet, verbose=verbose) as console:
        console.finish(result, lines)
