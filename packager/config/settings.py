"""The packager's own settings: `_…` variables and options."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from packager.errors import SettingsError

# What the names of settings begin with. No variable of such a name goes into a package.
SETTING_PREFIX = "_"

# What differs in every one-off dyno and is no config: set by Heroku, by its CLI, or by bash.
DEFAULT_EXCLUDE = ("DYNO", "PORT", "PWD", "OLDPWD", "SHLVL", "PS1", "TERM", "COLUMNS", "LINES")

# As eu-west-1; in the partition aws-eusc as eusc-de-east-1.
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d"
# https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html, FunctionName: a name, a
# partial ARN or an ARN.
_FUNCTION = (
    rf"(?:arn:(?P<partition>aws[a-zA-Z-]*):lambda:(?P<region>{_REGION}):)?"
    r"(?:(?P<account>\d{12}):)?"
    r"(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_-]{1,140})"
    r"(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)
_ENDPOINT = r"https?://[^\s/]+\S*"
_RUNTIME = r"[a-z][a-z0-9.]*"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_PREFIX = r"[\s\S]+"
_CREDENTIAL = r"\S+"
_ARCHITECTURES = ("x86_64", "arm64")

# The option that stands for each setting. Credentials have none: process lists would show them.
OPTIONS = {
    "_LAMBDA_FUNCTION_ARN": "--function",
    "_AWS_DEFAULT_REGION": "--region",
    "_AWS_ENDPOINT_URL": "--endpoint-url",
    "_LAMBDA_JAR_FILE": "--jar",
    "_LAMBDA_ZIP_FILE": "--zip",
    "_LAMBDA_S3_BUCKET": "--s3-bucket",
    "_LAMBDA_S3_PREFIX": "--s3-prefix",
    "_LAMBDA_ENV_EXCLUDE": "--exclude",
    "_LAMBDA_RUNTIME": "--runtime",
    "_LAMBDA_ARCHITECTURE": "--architecture",
}


@dataclass(frozen=True)
class Credentials:
    """An AWS access key; its repr shows none of it."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Settings:
    """All settings, checked; None where one is not given and has no default."""

    function: str | None = None
    region: str | None = None
    credentials: Credentials | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    jar: Path | None = None
    zip: Path | None = None
    s3_bucket: str | None = None
    s3_prefix: str = ""
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    runtime: str | None = None
    architecture: str | None = None

    @property
    def function_name(self) -> str:
        """The function's bare name, without account and region."""
        return (self.function or "").rpartition(":")[2]


def read(
    variables: Mapping[str, str],
    options: Mapping[str, str | None] | None = None,
    *,
    profile: str | None = None,
    deploying: bool = True,
) -> Settings:
    """Read the settings from `variables`, and from `options` (by the setting's name), which win.

    An empty setting counts as not given, but for `_LAMBDA_ENV_EXCLUDE`, where empty means that
    nothing is excluded. What only a deploy needs is missed only if `deploying`. Raises one
    SettingsError that lists everything missing or wrong.
    """
    given = dict(variables) | {
        name: value for name, value in (options or {}).items() if value is not None
    }
    reading = _Reading(given)
    function, region = _function_and_region(reading, deploying)
    credentials = _credentials(reading)
    if deploying and credentials and not region:
        reading.problem("_AWS_DEFAULT_REGION", "is missing: the function's region, as eu-west-1")
    jar, zip_file = reading.get("_LAMBDA_JAR_FILE"), reading.get("_LAMBDA_ZIP_FILE")
    if jar and zip_file:
        reading.problem("_LAMBDA_ZIP_FILE", "cannot be set together with _LAMBDA_JAR_FILE")
    exclude = given.get("_LAMBDA_ENV_EXCLUDE")
    settings = Settings(
        function=function,
        region=region,
        credentials=credentials,
        profile=profile,
        endpoint_url=reading.checked(
            "_AWS_ENDPOINT_URL", _is_endpoint, "is not an http:// or https:// URL"
        ),
        jar=Path(jar) if jar else None,
        zip=Path(zip_file) if zip_file else None,
        s3_bucket=reading.matching("_LAMBDA_S3_BUCKET", _BUCKET, "the name of an S3 bucket"),
        s3_prefix=reading.matching("_LAMBDA_S3_PREFIX", _PREFIX, "a text") or "",
        exclude=DEFAULT_EXCLUDE if exclude is None else _patterns(exclude),
        runtime=reading.matching("_LAMBDA_RUNTIME", _RUNTIME, "a Lambda runtime, as python3.13"),
        architecture=reading.one_of("_LAMBDA_ARCHITECTURE", _ARCHITECTURES),
    )
    reading.finish()
    return settings


def _function_and_region(reading: _Reading, deploying: bool) -> tuple[str | None, str | None]:
    function = reading.get("_LAMBDA_FUNCTION_ARN")
    region = reading.matching("_AWS_DEFAULT_REGION", _REGION, "a region, as eu-west-1")
    if function is None:
        if deploying:
            reading.problem("_LAMBDA_FUNCTION_ARN", "is missing: the name or ARN of the function")
        return None, region
    match = re.fullmatch(_FUNCTION, function)
    if match is None:
        reading.problem("_LAMBDA_FUNCTION_ARN", "is not the name or ARN of a Lambda function")
        return None, region
    if match["qualifier"]:
        reading.problem(
            "_LAMBDA_FUNCTION_ARN",
            f"ends in a version or alias (:{match['qualifier']}), but only the function itself can"
            " be updated: leave it out",
        )
    # What has no region's form is shown nowhere: it may be a credential, set by mistake.
    is_region = region and re.fullmatch(_REGION, region)
    if is_region and match["region"] and region != match["region"]:
        reading.problem(
            "_AWS_DEFAULT_REGION",
            f"is {region}, but the ARN of _LAMBDA_FUNCTION_ARN says {match['region']}",
        )
    return function, region or match["region"]


def _is_endpoint(value: str) -> bool:
    try:
        # Not only to split it: the port, too, is looked at when it is asked for.
        _ = urlsplit(value).port
    except ValueError:
        return False
    return bool(re.fullmatch(_ENDPOINT, value))


def _patterns(exclude: str) -> tuple[str, ...]:
    return tuple(pattern for pattern in re.split(r"[\s,]+", exclude) if pattern)


def _credentials(reading: _Reading) -> Credentials | None:
    key_id, secret, token = (
        reading.matching(name, _CREDENTIAL, "one word: part of something else was copied with it")
        for name in ("_AWS_ACCESS_KEY_ID", "_AWS_SECRET_ACCESS_KEY", "_AWS_SESSION_TOKEN")
    )
    if key_id and secret:
        return Credentials(key_id, secret, token)
    if key_id or token:
        reading.problem_unless(secret, "_AWS_SECRET_ACCESS_KEY", "is missing: the other half")
    if secret or token:
        reading.problem_unless(key_id, "_AWS_ACCESS_KEY_ID", "is missing: the other half")
    return None


class _Reading:
    """One pass over the settings given, and the problems found on the way."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self._problems: list[str] = []

    def get(self, name: str) -> str | None:
        return self._given.get(name, "").strip() or None

    def matching(self, name: str, form: str, meaning: str) -> str | None:
        return self.checked(
            name, lambda value: bool(re.fullmatch(form, value)), f"is not {meaning}"
        )

    def one_of(self, name: str, choices: tuple[str, ...]) -> str | None:
        return self.checked(name, choices.__contains__, f"is not {' or '.join(choices)}")

    def checked(self, name: str, valid: Callable[[str], bool], otherwise: str) -> str | None:
        value = self.get(name)
        if value is None:
            return None
        # Bytes that are no UTF-8 have become lone surrogates, and AWS can be sent none.
        if re.search("[\ud800-\udfff]", value):
            self.problem(name, "is not UTF-8")
        elif not valid(value):
            self.problem(name, otherwise)
        return value

    def problem(self, name: str, what: str) -> None:
        option = f" ({OPTIONS[name]})" if name in OPTIONS else ""
        self._problems.append(f"{name}{option} {what}")

    def problem_unless(self, value: str | None, name: str, what: str) -> None:
        if value is None:
            self.problem(name, what)

    def finish(self) -> None:
        if self._problems:
            raise SettingsError(
                "; ".join(self._problems) + ".",
                "Set them with `heroku config:set NAME=value`, in the env file, or by the option.",
            )
