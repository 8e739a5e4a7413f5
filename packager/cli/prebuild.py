"""`packager prebuild`: the buildpack runs this when it builds a slug or an image."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.console import Console
from packager.config import settings as settings_of
from packager.config.settings import Settings
from packager.config.settings_table import BY_VARIABLE
from packager.errors import PackagerError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager import apps
    from packager.apps.python import dependencies
    from packager.aws import client, lambda_function
else:
    apps = lazy("packager.apps")
    dependencies = lazy("packager.apps.python.dependencies")
    client = lazy("packager.aws.client")
    lambda_function = lazy("packager.aws.lambda_function")

# Config vars for programs that install packages.
_FOR_INSTALLERS = re.compile(r"(?:PIP|UV)_\w+")

_PYTHON_VERSION = re.compile(r"^\s*(?:python-)?(3\.\d+)(?:\.\d+)?\s*$", re.MULTILINE)
_SECONDS_TO_ASK = 20


@click.command(hidden=True)
@options.app_folder
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--env-dir",
    type=click.Path(path_type=Path),
    help="A folder with the config vars of the build, one file each.",
)
@options.settings("prebuild")
@options.output
def prebuild(
    app: Path,
    folder: Path,
    env_dir: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **given: Any,
) -> None:
    """Install the dependencies of a Python app into FOLDER, for all deploys of this build."""
    with Console(as_json=as_json, quiet=quiet, verbose=verbose) as console:
        config = _config(env_dir)
        chosen = {name: value for name, value in given.items() if name in BY_VARIABLE}
        settings = settings_of.read(config, chosen, deploying=False)
        settings = replace(
            settings,
            runtime=settings.runtime or _runtime_of_function(settings) or _runtime_of_project(app),
            architecture=settings.architecture or _architecture(),
        )
        for name, value in config.items():
            if _FOR_INSTALLERS.fullmatch(name) or name in settings.requirements_env:
                os.environ[name] = value
        found = apps.resolve(app, settings)
        installed = isinstance(found, apps.Python) and dependencies.prebuild(found, folder)
        result = {"outcome": "installed" if installed else "nothing to install"}
        line = f"Installed the Python dependencies for {settings.runtime}, {settings.architecture}"
        console.finish(result, [line] if installed else [])


def _config(env_dir: Path | None) -> dict[str, str]:
    if env_dir is None:
        return dict(os.environ)
    return {
        path.name: path.read_bytes().decode("utf-8", "surrogateescape")
        for path in env_dir.iterdir()
        if path.is_file()
    }


def _runtime_of_function(settings: Settings) -> str | None:
    """Read the function's state, if the settings name it and have credentials."""
    if not settings.functions or not settings.credentials:
        return None
    function = settings.for_function(settings.functions[0])
    with contextlib.suppress(PackagerError):
        # AWS's messages are not shown.
        clients = client.Clients(function, timeout=_SECONDS_TO_ASK, hide=str)
        return lambda_function.LambdaFunction(function, clients).state().runtime
    return None


def _runtime_of_project(app: Path) -> str | None:
    """Read the version in `.python-version`, from which heroku/python takes it, too."""
    with contextlib.suppress(OSError):
        text = (app / ".python-version").read_text("utf-8", errors="replace")
        if found := _PYTHON_VERSION.search(text):
            return f"python{found[1]}"
    return None


def _architecture() -> str:
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
