"""An app's config: the packager's settings and the function's variables, read in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packager.config import redaction, settings, sources, variables
from packager.config.settings import Settings
from packager.config.sources import Purpose, Source, Sources
from packager.errors import VariableError
from packager.progress import Note, Warning


@dataclass(frozen=True)
class Config:
    """The settings, and the variables that go into the package; its repr shows no value.

    `env_file` is the file that the variables come from, if it has a path. `left_out` maps the
    excluded names to the reason. `events` are notes and warnings for the user.
    """

    settings: Settings
    variables: Mapping[str, str] = field(repr=False)
    env_file: Path | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Note | Warning, ...] = ()

    @property
    def hide(self) -> Callable[[str], str]:
        """Return a function that replaces all values and credentials in a text."""
        key = self.settings.credentials
        credentials = (
            (key.access_key_id, key.secret_access_key, key.session_token or "") if key else ()
        )
        return redaction.hiding([*self.variables.values(), *credentials])


def read(
    where: Sources | None = None,
    options: Mapping[str, str | None] | None = None,
    *,
    profile: str | None = None,
    purpose: Purpose = "deploy",
) -> Config:
    """Read the settings and variables of an app from the source that `where` describes.

    Settings also come from the process environment; a file overrides it, and `options` override
    both (see `packager.config.settings.read`). Raises InputError (SettingsError, VariableError),
    also for a variable that cannot be packaged.
    """
    where = where or Sources()
    process = variables.read_process_environment()
    source = sources.choose_source(where, process, purpose)
    given = sources.settings_of(source, process, where.app, purpose)
    chosen = settings.read(
        given,
        options,
        profile=profile,
        deploying=purpose == "deploy",
        on_dyno=sources.is_on_dyno(process),
    )
    selection = variables.select(source.variables, chosen.exclude, _default_exclude(source))
    if source.is_environment and not (chosen.credentials or profile):
        _refuse_credentials(selection.variables)
    variables.check_text(selection.variables)
    return Config(
        chosen,
        selection.variables,
        source.path,
        selection.left_out,
        (*_notes(source, selection), *_warnings(source, selection, given)),
    )


def read_settings(
    where: Sources,
    options: Mapping[str, str | None] | None = None,
    *,
    profile: str | None = None,
) -> Settings:
    """Read only the settings, from the process environment and from a file if one is named.

    Raises SettingsError and VariableError.
    """
    process = variables.read_process_environment()
    given = dict(process)
    if where.is_file:
        given |= sources.choose_source(where, process).variables
    on_dyno = sources.is_on_dyno(process)
    return settings.read(given, options, profile=profile, on_dyno=on_dyno)


def _default_exclude(source: Source) -> tuple[str, ...]:
    if source.kind == "environment":
        return variables.DEFAULT_EXCLUDE + variables.CI_EXCLUDE
    # An author chose the contents of a file, but nobody chose everything in an environment.
    return variables.DEFAULT_EXCLUDE if source.is_environment else ()


def _refuse_credentials(chosen: Mapping[str, str]) -> None:
    """Refuse credentials that this deploy would use itself: they are not config."""
    found = [name for name in variables.AWS_CREDENTIALS if name in chosen]
    if found:
        raise VariableError(
            f"{', '.join(found)} in the environment would be used for the deploy and also be"
            " packaged.",
            "Deploy with _AWS_ACCESS_KEY_ID and _AWS_SECRET_ACCESS_KEY or with --profile, or"
            " exclude the names with --exclude 'AWS_*'.",
        )


def _notes(source: Source, selection: variables.Selection) -> list[Note]:
    notes = []
    if source.kind == "found":
        notes.append(Note(f"The variables come from {source.path}."))
    elif source.kind == "none":
        notes.append(
            Note(f"No variables: {source.path} does not exist. Use --env-file for another.")
        )
    ignored = sources.ignored_settings(source)
    if ignored:
        notes.append(
            Note(
                f"{', '.join(ignored)} in {source.path} has no effect, because the packager found"
                f" this file itself. --env-file {source.path} accepts all of its settings."
            )
        )
    by_pattern = [
        name for name in selection.left_out if not name.startswith(settings.SETTING_PREFIX)
    ]
    if by_pattern:
        notes.append(
            Note(
                f"{len(by_pattern)} variable{'s' * (len(by_pattern) != 1)} left out;"
                " `packager env --verbose` lists them."
            )
        )
    return notes


def _warnings(
    source: Source, selection: variables.Selection, given: Mapping[str, str]
) -> list[Warning]:
    warnings = [Warning(text) for text in source.warnings]
    unknown = settings.unknown_names(given)
    if unknown:
        warnings.append(Warning(f"Not settings of the packager: {', '.join(unknown)}."))
    for name, setting in settings.without_prefix(selection.variables).items():
        warnings.append(
            Warning(f"{name} is packaged as a variable. If it is a setting, rename it {setting}.")
        )
    reserved = variables.set_by_lambda(selection.variables)
    if reserved:
        warnings.append(
            Warning(
                f"Lambda itself sets {', '.join(reserved)}: the readers return its values, not"
                " those of the config vars."
            )
        )
    return warnings
