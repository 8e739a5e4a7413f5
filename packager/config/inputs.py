"""An app's config: the packager's settings and the function's variables, read in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packager.config import redaction, settings
from packager.config.env_files import read_env_file
from packager.config.settings import Settings
from packager.config.variables import choose, read_process_environment


@dataclass(frozen=True)
class Config:
    """The settings, and the variables that go into the package; its repr shows no value.

    `env_file` is the file that the variables come from.
    """

    settings: Settings
    variables: Mapping[str, str] = field(repr=False)
    env_file: Path | None = None

    @property
    def hide(self) -> Callable[[str], str]:
        """Make a function that takes all values and credentials out of a text."""
        key = self.settings.credentials
        credentials = (
            (key.access_key_id, key.secret_access_key, key.session_token or "") if key else ()
        )
        return redaction.hiding([*self.variables.values(), *credentials])


def read(
    env_file: Path | None = None,
    options: Mapping[str, str | None] | None = None,
    *,
    profile: str | None = None,
    deploying: bool = True,
) -> Config:
    """Read the environment or, for the variables instead of it, `env_file`.

    Settings come from both, the file's before the environment's, and `options` before either (see
    `packager.config.settings.read`). Raises SettingsError and VariableError.
    """
    process = read_process_environment()
    variables = process if env_file is None else read_env_file(env_file).variables
    chosen = settings.read(
        process | variables,
        options,
        profile=profile,
        deploying=deploying,
        on_dyno="DYNO" in process,
    )
    return Config(chosen, choose(variables, chosen.exclude), env_file)


def read_settings(
    env_file: Path | None = None,
    options: Mapping[str, str | None] | None = None,
    *,
    profile: str | None = None,
) -> Settings:
    """Read the settings alone, as `read` does. Raises SettingsError and VariableError."""
    process = read_process_environment()
    given = process if env_file is None else process | read_env_file(env_file).variables
    return settings.read(given, options, profile=profile, on_dyno="DYNO" in process)
