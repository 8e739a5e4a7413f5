"""Build the deployment package of an app: its jar, zip or folder, with `env.properties` inside."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packager.apps import App, Archive, Node
from packager.atomic_file import replaced
from packager.config.inputs import Config
from packager.errors import PackageError
from packager.function import UNPACKED_LIMIT, NotInstalled, Package
from packager.lazy import lazy
from packager.package import config_files, inject
from packager.progress import Progress

if TYPE_CHECKING:
    from packager.apps import files
    from packager.package import listing, zip_folder
    from packager.package.compression_cache import CompressionCache
else:
    # Jars and ready-made zips do not need these, and loading takes a tenth of a small one's time.
    listing = lazy("packager.package.listing")
    files = lazy("packager.apps.files")
    zip_folder = lazy("packager.package.zip_folder")

_CHUNK = 1 << 20


def build(
    app: App,
    config: Config,
    destination: Path,
    *,
    output: Path | None = None,
    cache: CompressionCache | None = None,
    progress: Progress | None = None,
) -> Package:
    """Build the package of `app` as the new file `destination`, with its `config` inside.

    The env file and the `output` are never packaged, even through links. Raises PackageError,
    ArchiveError or VariableError, and then leaves no `destination`.
    """
    progress = progress or Progress()
    missing = None
    if isinstance(app, Archive):
        layout = inject.inject(app.path(), destination, *config_files.write(app, config, progress))
    else:
        selections = cache.selections if cache else files.Selections()
        selected = listing.select(app, config, selections, progress, output=output)
        missing = selected.missing
        layout = zip_folder.write(
            selected.members,
            destination,
            dependencies=selected.dependencies,
            kept=selected.kept,
            cache=cache,
        )
    if layout.unpacked_size > UNPACKED_LIMIT:
        sizes = inject.unpacked_sizes(destination)
        destination.unlink()
        folders = [listing.Entry(name, size) for name, size in sizes.items()]
        raise listing.too_large(layout.unpacked_size, folders)
    prefix_sha256, sha256 = _sha256(destination, layout.prefix_size)
    return Package(
        path=destination,
        size=destination.stat().st_size,
        sha256=sha256,
        variables=len(config.variables),
        missing=missing,
        prefix_size=layout.prefix_size,
        prefix_sha256=prefix_sha256,
    )


def build_file(
    app: App, config: Config, output: Path, *, progress: Progress | None = None
) -> Package:
    """Build the package as `output`; if the build fails, an existing file stays unchanged.

    Raises PackageError, before anything is built, if `output` is not a file or cannot become one.
    """
    # A link is replaced, not followed, because somebody else may have planted it. But /dev/stdout
    # is a link as well, to an open file of this process.
    to_open_file = output.is_symlink() and str(output.readlink()).startswith("/proc/")
    if to_open_file or (output.exists() and not output.is_file()):
        raise PackageError(f"{output} is not a file.", "Pass the path of a file with --output.")
    if not output.parent.is_dir():
        raise PackageError(
            f"The folder {output.parent} does not exist.", "Create it, or use another."
        )
    with replaced(output) as part:
        package = build(app, config, part, output=output, progress=progress)
        if package.missing and isinstance(app, Node):
            _report_missing(package.missing, app.checks, progress or Progress())
    return replace(package, path=output)


def _report_missing(missing: NotInstalled, checks: str, progress: Progress) -> None:
    """Raise an error or warn about dependencies that are not installed, by the app's `checks`."""
    if checks == "error":
        raise PackageError(
            missing.problem, f"{missing.hint} If a layer provides them, use --checks warn."
        )
    if checks == "warn":
        progress.warn(f"{missing.problem} {missing.hint}")


def _sha256(path: Path, prefix_size: int) -> tuple[str, str]:
    """Read a file once, and return the hash of its first `prefix_size` bytes and of all of it."""
    digest = hashlib.sha256()
    left = prefix_size
    with path.open("rb") as file:
        while left and (chunk := file.read(min(_CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
        prefix = digest.hexdigest()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return prefix, digest.hexdigest()
