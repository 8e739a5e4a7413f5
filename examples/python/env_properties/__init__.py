# env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: 7f779a179af75e6c
r"""The app's config in an AWS Lambda function.

    from env_properties import env

    env["DATABASE_URL"]  # a KeyError if it is not set
    env.get("LOG_LEVEL", "INFO")
    env.int("PORT", 8080)

`env` looks in the process environment first, then in the file `env.properties`, which the packager
puts into the deployment package. `load` reads the file alone. `populate` copies missing variables
into `os.environ`. `require` checks several variables at once, and `override` sets other values in
a test.

The file's grammar is that of `java.util.Properties`, with one difference: a byte-order mark or a
malformed `\u` is an error. Nothing is printed, and no error or repr shows a value.

The typed values, `require` and `override` are in `_typed.py`, imported at their first use.
"""

from __future__ import annotations

import os
import sys
from _collections_abc import Iterator, Mapping  # collections.abc would load all of collections,
from _thread import RLock  # threading would load even more: both cost more than reading the file

TYPE_CHECKING = False  # typing costs more, too; type checkers take this for true
if TYPE_CHECKING:
    from ._typed import TypedMapping, WrongTypeError, override, require
else:
    TypedMapping = Mapping

__all__ = [
    "EnvPropertiesError",
    "InvalidVariableError",
    "MalformedFileError",
    "MissingFileError",
    "MissingVariableError",
    "UnreadableFileError",
    "WrongTypeError",
    "env",
    "load",
    "override",
    "populate",
    "require",
]
__version__ = "0.1.0"


class EnvPropertiesError(Exception):
    """The root of all errors raised here. No error holds a value."""


class MissingVariableError(EnvPropertiesError, KeyError):
    """A variable is not set."""

    __str__ = Exception.__str__  # KeyError shows its message in quotes


class InvalidVariableError(EnvPropertiesError, ValueError):
    """`populate` or `override` cannot set a variable to this value."""


class MissingFileError(EnvPropertiesError, FileNotFoundError):
    """The path given, or in ENV_PROPERTIES_FILE, does not exist."""


class UnreadableFileError(EnvPropertiesError, OSError):
    """The file exists but cannot be read: no permission, a directory."""


class MalformedFileError(EnvPropertiesError, ValueError):
    """The file breaks the grammar on line `line`."""

    def __init__(self, path: str, line: int, problem: str) -> None:
        super().__init__(path, line, problem)
        self.path = path
        self.line = line
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.problem}"


def load(path: str | os.PathLike[str] | None = None) -> Mapping[str, str]:
    """Read the file; return its variables as a read-only mapping.

    Without `path`, read the file that ENV_PROPERTIES_FILE names, else the first that exists of
    $LAMBDA_TASK_ROOT/env.properties and /opt/env.properties. If neither exists, the mapping is
    empty.
    """
    return _load(path)


def _load(path: str | os.PathLike[str] | None = None) -> _Properties:
    path = path if path is not None else _environment._in_process("ENV_PROPERTIES_FILE") or None
    if path is not None:
        return _read(os.fspath(path))
    folders = [_environment._in_process("LAMBDA_TASK_ROOT"), "/opt"]
    places = [os.path.join(folder, "env.properties") for folder in folders if folder]
    for place in places:
        try:
            return _read(place)
        except MissingFileError:
            continue
    return _Properties({}, f"env.properties (not found: $ENV_PROPERTIES_FILE, {', '.join(places)})")


def populate(override: bool = False) -> None:
    """Copy the file's variables into `os.environ`; those that are set there stay.

    With `override`, the file's values replace them. If one variable cannot be set, raise
    InvalidVariableError and set none.
    """
    properties = load()
    names = []
    for name in properties:
        if not name or "=" in name or not _is_encodable(name):
            raise InvalidVariableError(f"{name!r} cannot be the name of an environment variable")
        if override or name not in os.environ:
            if not _is_encodable(properties[name]):
                raise InvalidVariableError(
                    f"{name} cannot be an environment variable: its value holds NUL or characters "
                    f"that are not in {sys.getfilesystemencoding()}"
                )
            names.append(name)
    for name in names:
        os.environ[name] = properties[name]


def _is_encodable(text: str) -> bool:
    """Check that the process environment can hold the text."""
    try:
        return b"\0" not in text.encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        return False


class _Properties(Mapping[str, str]):
    """The variables in one file. Its repr shows names only."""

    __slots__ = ("_pairs", "_source")

    def __init__(self, pairs: dict[str, str], source: str) -> None:
        self._pairs = pairs
        self._source = source

    def __getitem__(self, name: str) -> str:
        try:
            return self._pairs[name]
        except KeyError:
            raise MissingVariableError(f"{name} is not set in {self._source}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return f"<{self._source}: {list(self)}>"


class _Environment(TypedMapping):
    """The process environment as it is now, then the file, which is read once, at the first need.

    In a test, the values of `override` come before both.
    """

    __slots__ = ("_file", "_lock", "_overrides")

    def __init__(self) -> None:
        self._lock = RLock()
        self._file: _Properties | None = None
        self._overrides: Mapping[str, str | None] = {}

    def _unlock(self) -> None:
        """Replace the lock after a fork: the thread that held it is not in this process."""
        self._lock = RLock()

    def _reset(self, overrides: Mapping[str, str | None]) -> None:
        """Take other overrides, where None hides a variable, and forget the file."""
        with self._lock:
            self._overrides = overrides
            self._file = None

    def _properties(self) -> _Properties:
        with self._lock:
            if self._file is None:
                self._file = _load()
            return self._file

    def _in_process(self, name: str) -> str | None:
        """Look up a variable in the process environment, as overridden."""
        if name in self._overrides:
            return self._overrides[name]
        try:
            return os.environ[name]
        except (KeyError, UnicodeEncodeError):  # only the file can hold such a name
            return None

    def __getitem__(self, name: str) -> str:
        value = self._in_process(name)
        if value is None and name not in self._overrides:
            value = self._properties()._pairs.get(name)
        if value is None:
            raise self._missing(name)
        return value

    def _missing(self, *names: str) -> MissingVariableError:
        are = "is" if len(names) == 1 else "are"
        places = f"{self._properties()._source}, nor in the process environment"
        return MissingVariableError(f"{', '.join(names)} {are} not set in {places}")

    def __iter__(self) -> Iterator[str]:
        overrides = self._overrides
        names = dict.fromkeys((*os.environ, *self._properties(), *overrides))
        return iter([name for name in names if overrides.get(name, "") is not None])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<env: {list(self)}>"

    def __reduce__(self) -> str:
        return "env"  # a copy or a pickle is the env of its own process, and holds no value

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Find int, float, bool, list and json: type checkers see them in TypedMapping."""
            if name in ("int", "float", "bool", "list", "json"):
                from . import _typed

                return getattr(_typed.TypedMapping, name).__get__(self)
            raise AttributeError(f"env has no attribute {name!r}")


_environment = _Environment()
env: TypedMapping = _environment

if sys.platform != "win32":
    os.register_at_fork(after_in_child=_environment._unlock)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Find what _typed.py exports."""
        if name in ("WrongTypeError", "override", "require"):
            from . import _typed

            return getattr(_typed, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _read(path: str) -> _Properties:
    try:
        return _Properties(_parse(_contents(path), path), path)
    except MalformedFileError as malformed:
        details = malformed.args
    # Raised here: the frames of the parser hold values, and some tools log the variables of frames.
    raise MalformedFileError(*details)


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise MissingFileError(error.errno, error.strerror, path) from error
    except OSError as error:
        raise UnreadableFileError(error.errno, error.strerror, path) from error
    except ValueError as error:  # no file can have this name
        from errno import EINVAL

        raise UnreadableFileError(EINVAL, str(error), path) from error


_BLANKS = " \t\f"
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_HEX_DIGITS = "0123456789abcdefABCDEF"


class _MalformedEscapeError(Exception):
    """Holds the position of the escape in its logical line."""


def _parse(data: bytes, path: str) -> dict[str, str]:
    if data.startswith(b"\xef\xbb\xbf"):
        raise MalformedFileError(path, 1, "byte-order mark (save the file without one)")
    pairs = {}
    for number, parts in _logical_lines(data):
        line = "".join(parts)
        end_of_key, start_of_value = _separator(line)
        try:
            key = _unescaped(line, 0, end_of_key)
            pairs[key] = _unescaped(line, start_of_value, len(line))
        except _MalformedEscapeError as escape:
            number += _part_at(parts, *escape.args)
            problem = r"malformed escape (\u takes 4 hexadecimal digits; for a backslash write \\)"
            raise MalformedFileError(path, number, problem) from None
    return pairs


def _logical_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield each line with a pair: the number of its first natural line, and the parts of all."""
    parts: list[str] = []
    text = ""
    for number, line in enumerate(data.splitlines(), 1):
        text = line.decode("latin-1").lstrip(_BLANKS)
        if not parts and (text[:1] in ("", "#", "!") or text == "\\"):
            continue
        is_continued = (len(text) - len(text.rstrip("\\"))) % 2
        parts.append(text[:-1] if is_continued else text)
        if not is_continued:
            yield number - len(parts) + 1, parts
            parts = []
    # The JDK reads a last line that is a backslash alone as an empty key, except before CR LF.
    if parts or (text == "\\" and not data.endswith(b"\r\n")):
        yield number - len(parts) + 1, parts


def _separator(line: str) -> tuple[int, int]:
    """Return the position where the key of a logical line ends and where the value starts."""
    end = 0
    while end < len(line) and line[end] not in "=: \t\f":
        end += 2 if line[end] == "\\" else 1
    value = line[end:].lstrip(_BLANKS)
    if value.startswith(("=", ":")):
        value = value[1:].lstrip(_BLANKS)
    return end, len(line) - len(value)


def _unescaped(line: str, start: int, end: int) -> str:
    """Return the key or value between two positions of a logical line, without escapes."""
    backslash = line.find("\\", start, end)
    if backslash < 0:
        return line[start:end]
    pieces = []
    while backslash >= 0:
        pieces.append(line[start:backslash])
        start = backslash + 2
        escape = line[backslash + 1]
        if escape == "u":
            start += 4
            digits = line[backslash + 2 : start]
            if len(digits) < 4 or digits.strip(_HEX_DIGITS):
                raise _MalformedEscapeError(backslash)
            pieces.append(chr(int(digits, 16)))
        else:
            pieces.append(_ESCAPES.get(escape, escape))
        backslash = line.find("\\", start, end)
    text = "".join((*pieces, line[start:end]))
    if text.isascii():
        return text
    # Two escapes that are a surrogate pair become one character; a lone surrogate stays.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _part_at(parts: list[str], position: int) -> int:
    """Return the index of the part of a logical line that holds the character at a position."""
    index = 0
    while position >= len(parts[index]):
        position -= len(parts[index])
        index += 1
    return index
