"""Typed values, required variables, and other values in a test.

The package imports this module when one of these is first used, so that other functions do not pay
for it at a cold start. Like the package, it imports nothing that a bare interpreter has not loaded.
"""

from __future__ import annotations

import builtins
from _collections_abc import Mapping

from . import EnvPropertiesError, InvalidVariableError, MissingVariableError, _environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, overload

    _Default = TypeVar("_Default")
else:

    def overload(function):
        """Do nothing: only type checkers read overloads."""
        return function


_NO_DEFAULT: Any = object()
_WRONG_TYPE: Any = object()  # what a conversion returns if the text is not of its type
_BLANKS = " \t\n\v\f\r"


class WrongTypeError(EnvPropertiesError, ValueError):
    """The value of a variable is not of the type that is asked for."""


class TypedMapping(Mapping[str, str]):
    """Variables, and their values as other types than text.

    Each method raises MissingVariableError if the variable is not set and no default is given, and
    WrongTypeError if the value is not of the type. An empty value is set: its default is not used.
    Blanks (space, tab, line ends, form feed, vertical tab) around a value do not count.
    """

    __slots__ = ()

    @overload
    def int(self, name: str) -> builtins.int: ...
    @overload
    def int(self, name: str, default: _Default) -> builtins.int | _Default: ...
    def int(self, name: str, default: Any = _NO_DEFAULT) -> Any:
        """Return an integer: decimal digits, with or without a sign."""
        return _converted(self, name, default, _integer, "an integer (example: 8080)")

    @overload
    def float(self, name: str) -> builtins.float: ...
    @overload
    def float(self, name: str, default: _Default) -> builtins.float | _Default: ...
    def float(self, name: str, default: Any = _NO_DEFAULT) -> Any:
        """Return a number: decimal digits, with or without sign, point and exponent; finite."""
        return _converted(self, name, default, _number, "a number (example: 0.5)")

    @overload
    def bool(self, name: str) -> builtins.bool: ...
    @overload
    def bool(self, name: str, default: _Default) -> builtins.bool | _Default: ...
    def bool(self, name: str, default: Any = _NO_DEFAULT) -> Any:
        """Return True for true, yes, on and 1, False for false, no, off and 0, in any case."""
        wanted = "a boolean (use true or false, yes or no, on or off, 1 or 0)"
        return _converted(self, name, default, _boolean, wanted)

    @overload
    def list(self, name: str) -> builtins.list[str]: ...
    @overload
    def list(self, name: str, default: _Default) -> builtins.list[str] | _Default: ...
    def list(self, name: str, default: Any = _NO_DEFAULT) -> Any:
        """Return the items between commas, without blanks around them and without empty ones."""
        return _converted(self, name, default, _items, "a list")

    def json(self, name: str, default: Any = _NO_DEFAULT) -> Any:
        """Return the value of a JSON text."""
        return _converted(self, name, default, _json, "valid JSON")


def require(*names: str) -> tuple[str, ...]:
    """Return the values of these variables, or raise one MissingVariableError that names all
    that are not set.
    """
    missing = [name for name in dict.fromkeys(names) if name not in _environment]
    if missing:
        raise _environment._missing(*missing)
    return tuple([_environment[name] for name in names])


def override(**values: str | None) -> _Override:
    """In a `with` statement: let variables have other values, or with None not be set.

    `env` and `require` see them, and `load` and `populate` where ENV_PROPERTIES_FILE is among
    them; `os.environ` stays as it is. The file is read again in the statement, and after it. All
    threads see the same.
    """
    for name, value in values.items():
        if not isinstance(value, (str, type(None))):
            raise InvalidVariableError(
                f"{name} cannot be overridden by a value of type {type(value).__name__}: use a str"
            )
    return _Override(values)


class _Override:
    """The layer of one `override`."""

    _layers: tuple[Mapping[str, str | None], ...] = ()

    def __init__(self, values: Mapping[str, str | None]) -> None:
        self._values = values

    def __enter__(self) -> None:
        self._apply((*self._layers, self._values))

    def __exit__(self, *exception: object) -> None:
        self._apply(tuple([layer for layer in self._layers if layer is not self._values]))

    @classmethod
    def _apply(cls, layers: tuple[Mapping[str, str | None], ...]) -> None:
        """Merge the layers: the values of later ones replace those of earlier ones."""
        cls._layers = layers
        _environment._reset({name: layer[name] for layer in layers for name in layer})


def _converted(
    variables: Mapping[str, str],
    name: str,
    default: Any,
    convert: Callable[[str], Any],
    wanted: str,
) -> Any:
    value: Any
    try:
        value = variables[name]
    except MissingVariableError:
        if default is _NO_DEFAULT:
            raise
        return default
    # The text is replaced before an error is raised: some tools log the variables of its frames.
    value = convert(value)
    if value is _WRONG_TYPE:
        raise WrongTypeError(f"{name} is not {wanted}")
    return value


# Each conversion returns _WRONG_TYPE rather than raise: the ValueError of `int`, `float` and
# `json.loads` holds the text.


def _integer(text: str) -> Any:
    digits = text.strip(_BLANKS)
    if digits.startswith(("+", "-")):
        digits = digits[1:]
    if not (digits.isascii() and digits.isdigit()):  # int() also takes 1_000 and other scripts
        return _WRONG_TYPE
    try:
        return int(text.strip(_BLANKS))
    except ValueError:  # more digits than sys.get_int_max_str_digits()
        return _WRONG_TYPE


def _number(text: str) -> Any:
    text = text.strip(_BLANKS)
    if text.strip("0123456789+-.eE"):  # float() also takes nan, 1_000 and other scripts
        return _WRONG_TYPE
    try:
        number = float(text)
    except ValueError:
        return _WRONG_TYPE
    return _WRONG_TYPE if number in (float("inf"), float("-inf")) else number


_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def _boolean(text: str) -> Any:
    return _BOOLEANS.get(text.strip(_BLANKS).lower(), _WRONG_TYPE)


def _items(text: str) -> list[str]:
    items = [item.strip(_BLANKS) for item in text.split(",")]
    return [item for item in items if item]


def _json(text: str) -> Any:
    from json import loads

    try:
        return loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _WRONG_TYPE


def _refuse(_constant: str) -> None:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError
