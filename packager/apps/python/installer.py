"""Run uv, which can install for another platform than the one that it runs on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from packager import subprocesses
from packager.apps.python import built, cache, pip_settings, uv_errors, uv_settings, variables
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

# The environment variables that uv, and programs that it builds with, receive: no config vars or
# settings, and not the app's PYTHONPATH and PYTHONHOME. Variables that keep uv from reading the
# project's settings, or make it install symbolic links, are left out.
_NEEDED = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TMPDIR|XDG_\w+|NETRC"
    r"|UV_(?!PUBLISH_|NO_CONFIG|PROJECT|WORKING_DIR|LINK_MODE)\w+|SSL_CERT_\w+|SSL_CLIENT_CERT"
    r"|REQUESTS_CA_BUNDLE|(?i:https?_proxy|no_proxy|all_proxy)"
)

# Sources are built only without a wheel, because a build takes long and runs third-party code.
_ONLY_WHEELS = ("--only-binary", ":all:")
_MOST_BUILDS_REFUSED = 20


def install(
    wanted: Wanted,
    app: Path,
    target: Path,
    platform: Platform,
    passed_on: Collection[str] = (),
    *,
    refresh: bool = False,
) -> None:
    """Install the `wanted` dependencies of `app` into the new folder `target`.

    Temporary files go next to `target`. The list of dependencies may use the variables `passed_on`.
    With `refresh`, uv asks the index for newer versions and branches for newer commits.
    Raises PackageError, which names a dependency that has no wheel for the platform and is not pure
    Python.
    """
    installation = _Uv(wanted, app, target, platform, passed_on)
    if refresh and not os.environ.get("UV_OFFLINE"):
        installation.options.append("--refresh")
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
        # uv uses these for an index that a project names, without a reference in any file.
        names |= {name for name in passed_on if name.startswith("UV_INDEX_")}
        self._environment, self.options = _environment(app, names)
        # A killed uv leaves its temporary files; here they are removed with the folder.
        self._environment["TMPDIR"] = str(target.parent)
        self._wanted = list(wanted.prepare(target.parent, platform))
        self._hide = redaction.hiding(os.environ.get(name, "") for name in names)

    def install(self, more: Iterable[str]) -> None:
        more = tuple(more)
        remove(self._target)
        for options in self._wanted:
            self._run([*options, *more])
        built.check(self._target, self._platform)

    def build_what_has_no_wheel(self, error: PackageError) -> None:
        """Install, but accept only wheels of packages that turn out to be compiled."""
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
                # No other version has a wheel either, so report the error of this one.
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
            *self.options,
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


def state(app: Path) -> uv_settings.State:
    """Return what decides where the dependencies of `app` come from, besides the list of them."""
    environment, options = _environment(app, ())
    found = uv_settings.state(app, environment)
    return found._replace(settings=f"{options} {found.settings}")


def find() -> str:
    """Return the path of uv; raise PackageError if it is not installed."""
    try:
        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError) as error:
        raise PackageError(
            "uv, which installs the app's dependencies, is not installed.",
            "Install it with `python -m pip install uv`. On a dyno, where nothing can be installed,"
            " build the app again with a push.",
        ) from error


def output_of(arguments: list[str], app: Path) -> bytes:
    """Run uv, and return its output; raise PackageError if it fails."""
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
    """Return uv's environment, with the variables `names` that the user passes on, and options."""
    settings = pip_settings.for_uv(app)
    environment = {
        name: value
        for name, value in os.environ.items()
        if _NEEDED.fullmatch(name) or name in names
    }
    if bundle := environment.pop("REQUESTS_CA_BUNDLE", ""):
        environment.setdefault("SSL_CERT_FILE", bundle)
    ours = {
        # A relocated Python, such as Heroku's, needs this to find its own library.
        "LD_LIBRARY_PATH": str(Path(sys.base_prefix, "lib")),
        "UV_PYTHON_DOWNLOADS": "never",
        # pip also trusts the system's certificates.
        "UV_SYSTEM_CERTS": "true",
    }
    return settings.environment | environment | ours, settings.options
