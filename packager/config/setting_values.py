"""The values of settings: one function parses each kind.

Each takes the text of a setting, without blanks at its ends, and returns the value. It raises
InvalidValueError, whose text completes the sentence "_LAMBDA_… …" and never holds the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# Stands for the function's region in the name of a bucket and the ARN of a key.
REGION_PLACEHOLDER = "{region}"

# Examples: eu-west-1, and eusc-de-east-1 in the partition aws-eusc.
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
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_KMS_KEY = rf"arn:aws[a-zA-Z-]*:kms:{_REGION}:\d{{12}}:(?:key|alias)/[a-zA-Z0-9/_-]+"


class InvalidValueError(ValueError):
    """The value of a setting is not valid."""


@dataclass(frozen=True)
class FunctionReference:
    """A function as the settings name it: `given` is its name, its partial ARN or its ARN.

    `region` is the region of its ARN, or else the default one; None if neither is known.
    """

    given: str
    name: str
    region: str | None = None

    @property
    def arn(self) -> str | None:
        """Return the full ARN, if the settings give it."""
        return self.given if self.given.startswith("arn:") else None


def functions(text: str) -> tuple[FunctionReference, ...]:
    """Parse names or ARNs of functions, separated by blanks or commas."""
    references = tuple(map(_function, words(text)))
    if not references:
        raise InvalidValueError("is not the name or ARN of a Lambda function")
    if len(set(references)) < len(references):
        raise InvalidValueError("names a function twice")
    return references


def _function(text: str) -> FunctionReference:
    match = re.fullmatch(_FUNCTION, text)
    if match is None:
        raise InvalidValueError("is not the name or ARN of a Lambda function")
    if match["qualifier"]:
        raise InvalidValueError(
            f"ends in a version or alias (:{match['qualifier']}), but only the function itself can"
            " be updated: remove that part"
        )
    return FunctionReference(text, match["name"], match["region"])


def matching(pattern: str, meaning: str) -> Callable[[str], str]:
    """Return a parser of texts that match all of `pattern`."""

    def parse(value: str) -> str:
        if not re.fullmatch(pattern, text(value)):
            raise InvalidValueError(f"is not {meaning}")
        return value

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a parser that accepts only `choices`."""
    return matching("|".join(map(re.escape, choices)), " or ".join(choices))


def text(value: str) -> str:
    """Return the text; raise InvalidValueError if it is not UTF-8, which AWS requires."""
    # A byte that is not UTF-8 has become a lone surrogate (PEP 383).
    if re.search("[\ud800-\udfff]", value):
        raise InvalidValueError("is not UTF-8")
    return value


def words(text: str) -> tuple[str, ...]:
    """Split at blanks and commas."""
    return tuple(word for word in re.split(r"[\s,]+", text) if word)


def patterns(text: str) -> tuple[str, ...]:
    """Split shell patterns of names at blanks and commas.

    Quotes, other separators and regular expressions match no name, so what they are meant to
    exclude would be packaged.
    """
    found = words(text)
    if not all(re.fullmatch(r"!?[\w.*?[\]-][\w.*?[\]!-]*", pattern) for pattern in found):
        raise InvalidValueError("is not a list of shell patterns (example: TEST_* !TEST_URL)")
    return found


def count(value: str) -> int:
    """Parse a positive whole number."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
        raise InvalidValueError("is not a positive whole number")
    return int(value)


def endpoint(value: str) -> str:
    """Return an http:// or https:// URL."""
    if not _is_url(text(value)):
        raise InvalidValueError("is not an http:// or https:// URL")
    return value


def _is_url(value: str) -> bool:
    try:
        _ = urlsplit(value).port  # Reading the attribute parses the port.
    except ValueError:
        return False
    return bool(re.fullmatch(_ENDPOINT, value))


def _per_region(pattern: str, meaning: str) -> Callable[[str], str]:
    """Return a parser of texts that may contain `{region}` in place of a region."""

    def parse(value: str) -> str:
        matching(pattern, meaning)(value.replace(REGION_PLACEHOLDER, "eu-west-1"))
        return value

    return parse


def event(value: str) -> str:
    """Return JSON, or @FILE for a file that holds it."""
    if not value.startswith("@") and not _is_json(text(value)):
        raise InvalidValueError("is neither JSON nor @FILE")
    return value


def _is_json(value: str) -> bool:
    try:
        json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is JavaScript, not JSON")


def switch(value: str) -> bool:
    """Parse true or false."""
    if value not in ("true", "false"):
        raise InvalidValueError("is not true or false")
    return value == "true"


def switch_or_path(value: str) -> bool | str:
    """Parse true, false, or an absolute path."""
    if value.startswith("/"):
        return text(value)
    if value not in ("true", "false"):
        raise InvalidValueError("is not true, false or an absolute path")
    return value == "true"


region = matching(_REGION, "an AWS region (example: eu-west-1)")
bucket = _per_region(_BUCKET, "the name of an S3 bucket")
kms_key = _per_region(_KMS_KEY, "the ARN of a KMS key")
credential = matching(r"\S+", "one word: something else was copied with it")
runtime = matching(r"[a-z][a-z0-9.]*", "a Lambda runtime (example: python3.13)")
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html, Name: not only digits.
alias = matching(r"(?!\d+$)[a-zA-Z0-9_-]{1,128}", "the name of an alias")
handler = matching(r"\S{1,128}", "the name of a handler")

Parser = Callable[[str], Any]
path: Parser = Path
