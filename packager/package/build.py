"""Builds the deployment package of an app: its jar, zip or folder, with `env.properties` inside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packager.apps import App, Archive
from packager.apps.ignore import ENV_PROPERTIES, patterns_of
from packager.atomic_file import replaced
from packager.config import properties
from packager.errors import PackageError
from packager.function import Package
from packager.lazy import lazy
from packager.package import inject
from packager.package.inject import NewFile

if TYPE_CHECKING:
    from packager.apps import files, members
    from packager.package import zip_folder
else:
    # Jars and ready-made zips do not need them: loading takes a tenth of the time of a small one.
    files = lazy("packager.apps.files")
    members = lazy("packager.apps.members")
    zip_folder = lazy("packager.package.zip_folder")

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: "250 MB … (unzipped)".
UNPACKED_LIMIT = 250 << 20

_CHUNK = 1 << 20


def build(
    app: App,
    variables: Mapping[str, str],
    destination: Path,
    *,
    leave_out: Iterable[Path] = (),
    cache: zip_folder.CompressionCache | None = None,
) -> Package:
    """Build the package of `app` as the new file `destination`, with `variables` inside.

    Files of the app that are in `leave_out` do not go in. Raises PackageError, ArchiveError or
    VariableError; there is no `destination` then.
    """
    config = properties.dumps(variables)
    if isinstance(app, Archive):
        unpacked = inject.inject(app.path(), destination, NewFile(ENV_PROPERTIES, config))
    else:
        selections = cache.selections if cache else files.Selections()
        found = app.members(selections, tuple(patterns_of(leave_out, app.folder)))
        unpacked = zip_folder.write(
            [*found.dependencies, *found.own, members.Member(ENV_PROPERTIES, config)],
            destination,
            cache=cache,
        )
    if unpacked > UNPACKED_LIMIT:
        error = _too_large(destination, unpacked)
        destination.unlink()
        raise error
    return Package(
        path=destination,
        size=destination.stat().st_size,
        sha256=_sha256(destination),
        variables=len(variables),
    )


def build_file(app: App, variables: Mapping[str, str], output: Path) -> Package:
    """Build the package as `output`: either all of it, or what was there before.

    Raises PackageError, before anything is built, for what is no file or cannot be one.
    """
    # A link to a file is replaced, not followed: somebody else may have planted it. But /dev/stdout
    # is one, to what the process has open.
    to_open_file = output.is_symlink() and str(output.readlink()).startswith("/proc/")
    if to_open_file or (output.exists() and not output.is_file()):
        raise PackageError(f"{output} is not a file.", "Name the file to be written (--output).")
    if not output.parent.is_dir():
        raise PackageError(f"There is no folder {output.parent}.", "Make it, or name another.")
    with replaced(output) as part:
        package = build(app, variables, part, leave_out=[output])
    return replace(package, path=output)


def _too_large(package: Path, unpacked: int) -> PackageError:
    sizes = inject.unpacked_sizes(package)
    largest = sorted(sizes, key=lambda folder: sizes[folder], reverse=True)[:5]
    shown = ", ".join(f"{name} {sizes[name] / 2**20:.0f} MB" for name in largest)
    return PackageError(
        f"The unpacked package has {unpacked / 2**20:.0f} MB, and Lambda takes at most"
        f" {UNPACKED_LIMIT >> 20} MB.",
        f"Leave out what the function does not need, by .lambdaignore in an app folder. Largest:"
        f" {shown}.",
    )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
