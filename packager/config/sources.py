"""Choose where the variables come from: a file, the process environment, or the app's `.env`.

- On a dyno, the process environment is the app's config.
- Anywhere else it is a developer's shell or a CI runner, full of other people's secrets. It is used
  only with --from-environment.
- A `.env` found in the app folder may have come with a cloned repository. It provides variables and
  describes the app; it cannot change where a deploy goes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packager.config.setting import BUILD, BUILDPACK
from packager.config.setting_values import Parser, path
from packager.config.settings_table import BY_VARIABLE
from packager.errors import InputError, SettingsError, VariableError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager.config import env_files
else:
    env_files = lazy("packager.config.env_files")

# The buildpack's commands set this, because their environment is the app's config on any platform.
FROM_ENVIRONMENT = "_PACKAGER_FROM_ENVIRONMENT"

_FOUND = ".env"
_FUNCTION = "_LAMBDA_FUNCTION_ARN"

Purpose = Literal["deploy", "local", "build"]


@dataclass(frozen=True)
class Sources:
    """The command line's choice of a source for the variables of `app`.

    `standard_input` holds the bytes that were read from there, if it is the source.
    """

    app: Path = Path()
    env_file: Path | None = None
    standard_input: bytes | None = field(repr=False, default=None)
    from_environment: bool = False

    @property
    def is_file(self) -> bool:
        """Whether the command line names a file, or standard input."""
        return self.env_file is not None or self.standard_input is not None


@dataclass(frozen=True)
class Source:
    """The chosen source, with everything in it; its repr shows no value.

    Its kind is a `dyno`'s environment, the process `environment` elsewhere, a `file` that the
    command line names, the `.env` that was `found`, or `none`: that `.env` does not exist.
    """

    kind: Literal["dyno", "environment", "file", "found", "none"]
    variables: Mapping[str, str] = field(repr=False)
    path: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_environment(self) -> bool:
        """Whether the variables come from a process environment."""
        return self.kind in ("dyno", "environment")


def is_on_dyno(process: Mapping[str, str]) -> bool:
    """Return whether the environment `process` is that of a dyno."""
    return "DYNO" in process or FROM_ENVIRONMENT in process


def choose_source(
    sources: Sources, process: Mapping[str, str], purpose: Purpose = "deploy"
) -> Source:
    """Choose the source; `process` is the process environment.

    Raises VariableError for a file that cannot be read, and InputError if there is no source. On
    this machine, an app may run without one.
    """
    if sources.is_file and sources.from_environment:
        raise InputError(
            "--env-file and --from-environment exclude each other.", "Use one of them."
        )
    if sources.standard_input is not None:
        return _from_file(env_files.parse_standard_input(sources.standard_input), None)
    if sources.env_file is not None:
        return _from_file(env_files.read_env_file(sources.env_file), sources.env_file)
    if is_on_dyno(process):
        return Source("dyno", process)
    if sources.from_environment:
        return Source("environment", process)
    found = sources.app / _FOUND
    if not os.path.lexists(found):
        if purpose == "local":
            return Source("none", {}, found)
        raise InputError(
            f"No variables: {found} does not exist, and the environment of a shell is not used"
            " unless requested.",
            "Use --env-file FILE, create a .env file, or use --from-environment.",
        )
    file = env_files.parse_env_file(found, _read_found(sources.app, found))
    return Source("found", file.variables, found, file.warnings)


def _from_file(file: env_files.EnvFile, path: Path | None) -> Source:
    return Source("file", file.variables, path, file.warnings)


def _read_found(app: Path, found: Path) -> bytes:
    """Read the `.env` that was found, which must be a regular file inside the app folder."""
    # Unlike Path.resolve, realpath accepts a link that leads back to itself.
    real = Path(os.path.realpath(found))
    if not real.is_relative_to(os.path.realpath(app)):
        raise VariableError(
            f"{found} is a link that leads out of the app folder.",
            f"Accept it with --env-file {found}.",
        )
    try:
        # O_NONBLOCK, because it may be a FIFO; O_NOFOLLOW, in case a link has just replaced it.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return file.read()
    except OSError as error:
        raise VariableError(
            f"{found} cannot be read: {error.strerror}.", "Use another file with --env-file."
        ) from error
    raise VariableError(f"{found} is not a regular file.", "Use another file with --env-file.")


def settings_of(
    source: Source, process: Mapping[str, str], app: Path, purpose: Purpose
) -> dict[str, str]:
    """Return the variables to read settings from; those of the file take precedence.

    Raises SettingsError if the `.env` that was found would change where a deploy goes.
    """
    if source.kind != "found":
        return {**process, **source.variables}
    assert source.path  # noqa: S101 - for the type checker
    accepted = {}
    refused = []
    for name, value in source.variables.items():
        setting = BY_VARIABLE.get(name)
        if setting is None or not value.strip() or BUILDPACK in setting.commands:
            accepted[name] = value
        elif setting.describes_app:
            _check_inside(source.path, app, name, setting.parse, value)
            accepted[name] = value
        elif purpose == "local" and name == _FUNCTION:
            accepted[name] = value
        elif purpose == "deploy":
            refused.append(name)
    if refused:
        raise SettingsError(
            f"{source.path} sets {', '.join(refused)}. The packager found this file itself. It may"
            " have come with a repository, so it cannot change where or how a deploy goes.",
            f"Accept its settings with --env-file {source.path}, or remove them from it.",
        )
    return {**process, **accepted}


def ignored_settings(source: Source) -> list[str]:
    """Return the settings for packages that have no effect, because the `.env` was found."""
    if source.kind != "found":
        return []
    return [
        name
        for name, value in source.variables.items()
        if (setting := BY_VARIABLE.get(name))
        and BUILD in setting.commands
        and value.strip()
        and not setting.describes_app
    ]


def _check_inside(found: Path, app: Path, name: str, parse: Parser, value: str) -> None:
    if parse is not path or "\0" in value:  # No setting may contain NUL.
        return
    if not Path(os.path.realpath(app / value.strip())).is_relative_to(os.path.realpath(app)):
        raise SettingsError(
            f"In {found}, {name} names a file outside the app folder.",
            f"Accept its settings with --env-file {found}.",
        )
