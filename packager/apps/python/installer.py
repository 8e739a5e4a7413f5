"""uv, which installs for another platform than the one that it runs on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from packager import subprocesses
from packager.apps.python import built, cache, pip_settings, uv_errors, variables
from packager.apps.python.platform import Platform
from packager.apps.python.wanted import Wanted
from packager.config import redaction
from packager.errors import PackageError
from packager.lazy import lazy
from packager.removal import remove

if TYPE_CHECKING:
    import uv
else:
    uv = lazy("uv")  # A dyno does not have it.

# What uv needs of the environment. Config vars and settings are none of its business, nor are the
# app's PYTHONPATH and PYTHONHOME. What it builds gets the same.
_NEEDED = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TMPDIR|XDG_\w+|NETRC|UV_(?!PUBLISH_)\w+|SSL_CERT_\w+|SSL_CLIENT_CERT"
    r"|REQUESTS_CA_BUNDLE|(?i:https?_proxy|no_proxy|all_proxy)"
)

# A source is only built if there is no wheel. Building takes long, and runs what others wrote.
_ONLY_WHEELS = ("--only-binary", ":all:")
_MOST_BUILDS_REFUSED = 20


def install(
    wanted: Wanted, app: Path, target: Path, platform: Platform, passed_on: Collection[str] = ()
) -> None:
    """Install what `app` wants into the new folder `target`.

    What is temporary goes beside `target`. The variables `passed_on` may be used. Raises
    PackageError, which names a dependency that has no wheel for the platform and is not pure
    Python.
    """
    installation = _Uv(wanted, app, target, platform, passed_on)
    try:
        installation.install(_ONLY_WHEELS)
    except uv_errors.NoWheelError as error:
        installation.build_what_has_no_wheel(error)


class _Uv:
    """One installation."""

    def __init__(
        self,
        wanted: Wanted,
        app: Path,
        target: Path,
        platform: Platform,
        passed_on: Collection[str],
    ) -> None:
        self._target, self._platform, self._app = target, platform, app
        names = {
            name for file, text in wanted.texts for name in variables.used(file, text, passed_on)
        }
        # Those of an index that is named in a project are used without being written there.
        names |= {name for name in passed_on if name.startswith("UV_INDEX_")}
        self._environment, self._options = _environment(app, names)
        # When uv is killed it leaves its temporary files.
        self._environment["TMPDIR"] = str(target.parent)
        self._wanted = list(wanted.prepare(target.parent, platform))
        self._hide = redaction.hiding(os.environ.get(name, "") for name in names)
        if wanted.pinned is not None:
            # A newer version may be on the index by now, or a newer commit in a branch.
            self._options = [*self._options, "--refresh"]

    def install(self, more: Iterable[str]) -> None:
        more = tuple(more)
        remove(self._target)
        for options in self._wanted:
            self._run([*options, *more])
        built.check(self._target, self._platform)

    def build_what_has_no_wheel(self, error: PackageError) -> None:
        """Install, and take wheels alone of what is found to be compiled."""
        refused: list[str] = []
        while len(refused) < _MOST_BUILDS_REFUSED:
            try:
                self.install(f"--only-binary={name}" for name in refused)
            except built.CompiledError as compiled:
                error = compiled
                if compiled.name in refused:
                    raise
                refused.append(compiled.name)
            except uv_errors.NoWheelError:
                # Another version would do, but has no wheel either: say what was wrong with this.
                raise error from None
            else:
                return
        raise error

    def _run(self, options: list[str]) -> None:
        command = [
            *(find(), "pip", "install", "--quiet", "--no-progress", "--color", "never"),
            *("--python", sys.executable, "--target", str(self._target)),
            *("--python-version", self._platform.full_version),
            *("--python-platform", self._platform.uv_name),
            *("--cache-dir", str(cache.folder("uv"))),
            *self._options,
            *options,
        ]
        with subprocesses.running(
            command,
            cwd=self._app,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            errors = process.communicate()[1].decode(errors="replace")
        if process.returncode != 0:
            raise uv_errors.explained(self._hide(errors), self._platform)


def find() -> str:
    """Find the program uv; raise PackageError if it is not installed."""
    try:
        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError) as error:
        raise PackageError(
            "uv, which installs the app's dependencies, is not installed.",
            "Install it: `python -m pip install uv`. On a dyno nothing is installed: build the app"
            " again, by a push.",
        ) from error


def output_of(arguments: list[str], app: Path) -> bytes:
    """Run uv for what it prints; raise PackageError if it fails."""
    environment, _ = _environment(app, ())
    with subprocesses.running(
        [find(), *arguments, "--color", "never", "--cache-dir", str(cache.folder("uv"))],
        cwd=app,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        output, errors = process.communicate()
    if process.returncode != 0:
        raise uv_errors.explained(errors.decode(errors="replace"))
    return bytes(output)


def _environment(app: Path, names: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Choose what uv gets, with the variables `names` that the user passes on; and options."""
    settings = pip_settings.for_uv(app)
    environment = {
        name: value
        for name, value in os.environ.items()
        if _NEEDED.fullmatch(name) or name in names
    }
    if bundle := environment.pop("REQUESTS_CA_BUNDLE", ""):
        environment.setdefault("SSL_CERT_FILE", bundle)
    ours = {
        # A Python that was moved, as those of Heroku are, finds its own library by this alone.
        "LD_LIBRARY_PATH": str(Path(sys.base_prefix, "lib")),
        "UV_PYTHON_DOWNLOADS": "never",
        # As pip, which trusts what the system trusts.
        "UV_SYSTEM_CERTS": "true",
    }
    return settings.environment | environment | ours, settings.options
