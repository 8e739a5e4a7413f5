"""The packager's own settings: `_…` variables and options, as the table declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from packager.config.setting import BUILDPACK
from packager.config.setting_values import (
    REGION_PLACEHOLDER,
    FunctionReference,
    InvalidValueError,
)
from packager.config.settings_table import BY_VARIABLE, TABLE
from packager.config.spelling import nearest
from packager.errors import SettingsError

# The prefix of all settings. Variables with this prefix are never packaged.
SETTING_PREFIX = "_"
# A name with one of these prefixes is probably meant as a setting.
_PREFIXES = ("_LAMBDA_", "_AWS_")

_KEY_ID, _SECRET, _TOKEN = "_AWS_ACCESS_KEY_ID", "_AWS_SECRET_ACCESS_KEY", "_AWS_SESSION_TOKEN"


@dataclass(frozen=True)
class Credentials:
    """An AWS access key; its repr shows none of it."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Settings:
    """All settings, checked. A setting without a value or default is None.

    `s3_bucket` and `kms_key` may contain `{region}`, which `for_function` replaces.
    """

    functions: tuple[FunctionReference, ...] = ()
    region: str | None = None
    credentials: Credentials | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    allow_http: bool = False
    alias: str | None = None
    smoke_event: str | None = field(repr=False, default=None)
    keep_versions: int | None = None
    kms_key: str | None = None
    s3_bucket: str | None = None
    s3_prefix: str = ""
    checks: str = "error"
    jar: Path | None = None
    zip: Path | None = None
    exclude: tuple[str, ...] = ()
    language: str | None = None
    dev_dependencies: bool = False
    runtime: str | None = None
    architecture: str | None = None
    requirements: Path | None = None
    requirements_env: tuple[str, ...] = ()
    properties_format: Literal["java", "properties-reader"] | None = None
    exec_wrapper: bool | str = False
    handler: str | None = None

    @property
    def function(self) -> str | None:
        """Return the name or ARN of the function, as given.

        Raises SettingsError if there are several: each has settings of its own (`for_function`).
        """
        if len(self.functions) > 1:
            raise SettingsError(
                f"_LAMBDA_FUNCTION_ARN names {len(self.functions)} functions, and only one can be"
                " deployed at a time.",
                "Name one function.",
            )
        return self.functions[0].given if self.functions else None

    @property
    def function_name(self) -> str:
        """Return the function's bare name, without account and region."""
        return self.functions[0].name if self.function else ""

    def for_function(self, function: FunctionReference) -> Settings:
        """Return the settings for one of the functions: its region, and bucket and key in it."""

        def located(text: str | None) -> str | None:
            return text and text.replace(REGION_PLACEHOLDER, function.region or "")

        return replace(
            self,
            functions=(function,),
            region=function.region,
            s3_bucket=located(self.s3_bucket),
            kms_key=located(self.kms_key),
        )


def read(
    variables: Mapping[str, str],
    options: Mapping[str, str | None] | None = None,
    *,
    profile: str | None = None,
    deploying: bool = True,
    on_dyno: bool = False,
) -> Settings:
    """Read the settings from `variables`, and from `options` (by variable), which take precedence.

    An empty setting counts as not given. The settings that a deploy needs are required only if
    `deploying`. Raises one SettingsError that lists every problem; with `on_dyno`, its hint names
    Heroku's command.
    """
    given = dict(variables) | {
        name: value for name, value in (options or {}).items() if value is not None
    }
    problems = _Problems(on_dyno)
    _check_spelling(given, problems)
    values = _parse(given, problems)
    fields: dict[str, Any] = {
        setting.field: values[setting.variable]
        for setting in TABLE
        if setting.field and setting.variable in values
    }
    fields["functions"] = _located(values, problems)
    settings = Settings(
        **fields | {"region": _region(fields)},
        credentials=_credentials(given, values, problems),
        profile=profile,
    )
    if settings.jar and settings.zip:
        problems.add("_LAMBDA_ZIP_FILE", "cannot be set together with _LAMBDA_JAR_FILE")
    if deploying:
        _require(given, settings, problems)
        _check_regions(settings, problems)
    problems.finish()
    return settings


def unknown_names(given: Mapping[str, str]) -> list[str]:
    """Return the names that look like settings but are not."""
    return sorted(name for name in given if name.startswith(_PREFIXES) and name not in BY_VARIABLE)


def without_prefix(given: Mapping[str, str]) -> dict[str, str]:
    """Return the names that lack the leading `_` of a setting, each with that setting.

    They may also be misspelt. AWS's own variables are not among them.
    """
    names = (name for name in sorted(given) if name.upper().startswith("LAMBDA_"))
    settings = {name: nearest(SETTING_PREFIX + name.upper(), BY_VARIABLE) for name in names}
    return {name: setting for name, setting in settings.items() if setting}


def _check_spelling(given: Mapping[str, str], problems: _Problems) -> None:
    """Refuse a misspelt setting, because without it a deploy might, say, package a secret."""
    for name in sorted(given):
        if name.startswith(SETTING_PREFIX) and name not in BY_VARIABLE:
            meant = nearest(name.upper(), BY_VARIABLE)
            if meant:
                problems.add(name, f"is not a setting; the nearest is {meant}")


def _parse(given: Mapping[str, str], problems: _Problems) -> dict[str, Any]:
    values = {}
    for setting in TABLE:
        text = given.get(setting.variable, "").strip()
        if not text or BUILDPACK in setting.commands:
            continue
        if "\0" in text:
            problems.add(setting.variable, "contains a NUL character")
            continue
        try:
            values[setting.variable] = setting.parse(text)
        except InvalidValueError as error:
            problems.add(setting.variable, str(error))
    return values


def _located(values: Mapping[str, Any], problems: _Problems) -> tuple[FunctionReference, ...]:
    """Return the functions, each with its region."""
    functions: tuple[FunctionReference, ...] = values.get("_LAMBDA_FUNCTION_ARN", ())
    default = values.get("_AWS_DEFAULT_REGION")
    # With several functions, the default applies to those without an ARN.
    if len(functions) == 1 and default and (functions[0].region or default) != default:
        problems.add(
            "_AWS_DEFAULT_REGION",
            f"is {default}, but the ARN of _LAMBDA_FUNCTION_ARN says {functions[0].region}",
        )
    return tuple(replace(function, region=function.region or default) for function in functions)


def _region(fields: Mapping[str, Any]) -> str | None:
    """Return the region of the only function, or else the default one."""
    functions = fields["functions"]
    if len(functions) == 1:
        region: str | None = functions[0].region
        return region
    return fields.get("region")


def _credentials(
    given: Mapping[str, str], values: Mapping[str, Any], problems: _Problems
) -> Credentials | None:
    is_given = {name for name in (_KEY_ID, _SECRET, _TOKEN) if given.get(name, "").strip()}
    for name, other in ((_SECRET, _KEY_ID), (_KEY_ID, _SECRET)):
        if is_given and name not in is_given:
            problems.add(name, f"is missing; it must accompany {other}")
    if _KEY_ID in values and _SECRET in values:
        return Credentials(values[_KEY_ID], values[_SECRET], values.get(_TOKEN))
    return None


def _require(given: Mapping[str, str], settings: Settings, problems: _Problems) -> None:
    def is_given(name: str) -> bool:
        return bool(given.get(name, "").strip())

    if not is_given("_LAMBDA_FUNCTION_ARN"):
        problems.add("_LAMBDA_FUNCTION_ARN", "is missing: the name or ARN of the function")
    regions = [function.region for function in settings.functions] or [None]
    # Without these credentials, AWS's own files may set the region.
    if (
        is_given(_KEY_ID)
        and is_given(_SECRET)
        and None in regions
        and not is_given("_AWS_DEFAULT_REGION")
    ):
        problems.add("_AWS_DEFAULT_REGION", "is missing: the function's region")


def _check_regions(settings: Settings, problems: _Problems) -> None:
    """Refuse a bucket or key of one region for functions in several regions."""
    regions = {function.region for function in settings.functions}
    for name, value in (
        ("_LAMBDA_S3_BUCKET", settings.s3_bucket),
        ("_LAMBDA_KMS_KEY_ARN", settings.kms_key),
    ):
        if value is None:
            continue
        if REGION_PLACEHOLDER not in value and len(regions) > 1:
            problems.add(
                name,
                f"is in one region, but the functions are in {len(regions)}: write"
                f" {REGION_PLACEHOLDER} in its place",
            )
        if REGION_PLACEHOLDER in value and None in regions:
            problems.add(name, f"contains {REGION_PLACEHOLDER}, but a function has no region")


def _shown(variable: str) -> str:
    return BY_VARIABLE[variable].shown if variable in BY_VARIABLE else variable


class _Problems:
    """The problems found while settings are read."""

    def __init__(self, on_dyno: bool) -> None:
        self._on_dyno = on_dyno
        self._found: dict[str, list[str]] = {}

    def add(self, variable: str, problem: str) -> None:
        self._found.setdefault(variable, []).append(problem)

    def finish(self) -> None:
        """Raise one SettingsError for all of them."""
        if self._found:
            raise SettingsError(
                "; ".join(
                    f"{_shown(variable)} {problem}"
                    for variable, problems in self._found.items()
                    for problem in problems
                )
                + ".",
                self._hint(),
            )

    def _hint(self) -> str:
        variable, *others = self._found
        if variable not in BY_VARIABLE:
            return "Rename it, or remove it."
        option = BY_VARIABLE[variable].option
        if self._on_dyno:
            return f"Set {'them' if others else 'it'} with `heroku config:set {variable}=…`."
        where = "in the environment, or in the file given by --env-file"
        if others:
            return f"Set them with their options, or {where}."
        return f"Set it with {option}, or {variable} {where}." if option else f"Set it {where}."
