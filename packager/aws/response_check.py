"""Check that a response comes from AWS, and has values of the types in AWS's model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class NotFromAwsError(Exception):
    """A web page arrived instead of a response: that of a filter, a proxy, or a Wi-Fi login."""

    def __init__(self, status: int) -> None:
        """Take the HTTP status."""
        super().__init__(status)
        self.status = status


class WrongTypeError(Exception):
    """A value in a response has another type than in the model."""


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
}


def check_responses(client: Any) -> None:
    """Make the calls of `client` raise NotFromAwsError or WrongTypeError."""
    client.meta.events.register("after-call", _check)


def _check(http_response: Any, parsed: Any, model: Any, **_: object) -> None:
    status: int = http_response.status_code
    # Load balancers of AWS send a page for 5xx. A streamed body must not be read here.
    if status < 500 and (status >= 300 or not model.has_streaming_output):
        begin = http_response.content[:100].lstrip().lower()
        if begin.startswith((b"<!doctype html", b"<html")):
            raise NotFromAwsError(status)
    if status < 300 and model.output_shape:
        _check_type(parsed, model.output_shape)


def _check_type(value: Any, shape: Any) -> None:
    if value is None:
        return
    if shape.type_name == "structure":
        _check_is(value, dict)
        for name, member in shape.members.items():
            _check_type(value.get(name), member)
    elif shape.type_name == "list":
        _check_is(value, list)
        for item in value:
            _check_type(item, shape.member)
    elif shape.type_name == "map":
        _check_is(value, dict)
        for item in value.values():
            _check_type(item, shape.value)
    elif shape.type_name in _TYPES:
        _check_is(value, _TYPES[shape.type_name])


def _check_is(value: Any, kind: type | tuple[type, ...]) -> None:
    if not isinstance(value, kind):
        raise WrongTypeError
