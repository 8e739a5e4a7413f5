"""Builds the deployment package of an app: its jar, zip or folder, with `env.properties` inside."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packager.apps.ignore import ENV_PROPERTIES, patterns_of
from packager.atomic_file import replaced
from packager.config import properties
from packager.config.settings import Settings
from packager.errors import PackageError
from packager.function import Package
from packager.names import printable
from packager.package import inject

if TYPE_CHECKING:
    from packager.package.zip_folder import CompressionCache

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: "250 MB … (unzipped)".
UNPACKED_LIMIT = 250 << 20

_CHUNK = 1 << 20

Kind = Literal["jar", "zip", "node", "python"]


def kind_of(app: Path, settings: Settings) -> Kind:
    """Say what is packaged: what the settings name, or what the app folder looks like.

    Raises PackageError if it looks like nothing that can be packaged.
    """
    if settings.jar:
        return "jar"
    if settings.zip:
        return "zip"
    if not app.is_dir():
        raise PackageError(f"There is no folder {app}.", "Give the folder of the app.")
    node = (app / "package.json").is_file()
    python = any((app / name).is_file() for name in ("requirements.txt", "pyproject.toml"))
    if node and not (python and (settings.runtime or "").startswith("python")):
        return "node"
    if python:
        return "python"
    raise PackageError(
        f"{app} has no package.json, requirements.txt or pyproject.toml, and neither"
        " _LAMBDA_JAR_FILE nor _LAMBDA_ZIP_FILE is set.",
        _found(app, ".jar", "is this the folder of the app?"),
    )


def build(
    app: Path,
    settings: Settings,
    variables: Mapping[str, str],
    destination: Path,
    *,
    leave_out: Path | None = None,
    cache: CompressionCache | None = None,
) -> Package:
    """Build the package of `app` as the new file `destination`, with `variables` inside.

    A file `leave_out` of the app folder does not go in. Raises PackageError, ArchiveError or
    VariableError; there is no `destination` then.
    """
    config = properties.dumps(variables)
    kind = kind_of(app, settings)
    if settings.jar or settings.zip:
        unpacked = inject.inject(_existing(app, settings), destination, ENV_PROPERTIES, config)
    else:
        # Here, as jars and ready-made zips do without: a tenth of the time that a small one takes.
        from packager.apps.files import Member
        from packager.package import zip_folder

        members = zip_folder.select(app, patterns_of([leave_out], app), cache=cache)
        if kind == "python":
            from packager.apps.python import dependencies

            # Of two members with one name the last goes in: the app's own.
            found = dependencies.members(app, settings.runtime, settings.architecture)
            members = [*found, *members]
        unpacked = zip_folder.write(
            [*members, Member(ENV_PROPERTIES, config)], destination, cache=cache
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


def build_file(
    app: Path, settings: Settings, variables: Mapping[str, str], output: Path
) -> Package:
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
        package = build(app, settings, variables, part, leave_out=output)
    return replace(package, path=output)


def _too_large(package: Path, unpacked: int) -> PackageError:
    sizes = inject.unpacked_sizes(package)
    largest = sorted(sizes, key=lambda folder: sizes[folder], reverse=True)[:5]
    shown = ", ".join(f"{printable(name)} {sizes[name] / 2**20:.0f} MB" for name in largest)
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


def _existing(app: Path, settings: Settings) -> Path:
    name = "_LAMBDA_JAR_FILE" if settings.jar else "_LAMBDA_ZIP_FILE"
    path = app / (settings.jar or settings.zip or "")
    if path.is_file():
        return path
    suffix = ".jar" if settings.jar else ".zip"
    advice = "build it first, as by `mvn package`." if settings.jar else "build it first."
    raise PackageError(f"There is no file {path} ({name}).", _found(app, suffix, advice))


def _found(app: Path, suffix: str, otherwise: str) -> str:
    """List the archives below the app folder, newest first, as a hint; else advise `otherwise`."""
    found = [
        (path.stat().st_mtime, path.relative_to(app))
        for path in app.rglob(f"*{suffix}")
        if path.is_file() and "node_modules" not in path.parts
    ]
    if not found:
        return f"There is no {suffix} file below {app} either: {otherwise}"
    newest = [str(path) for _, path in sorted(found, reverse=True)]
    return f"Found below {app}, newest first: {', '.join(newest)}."
