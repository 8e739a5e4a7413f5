# env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: e0f6ce8a658b7564
r"""The app's config, as the packager put it into the deployment package.

    from env_properties import env

    env["DATABASE_URL"]  # a KeyError if it is set nowhere
    env.get("LOG_LEVEL", "INFO")

`env` is the process environment first, then the file `env.properties`; `load` gives what the file
says; `populate` copies what is missing into `os.environ`. The file's grammar is that of
`java.util.Properties`, with one difference: a byte-order mark or a malformed `\u` is an error.
Nothing is ever printed, and no error or repr shows a value.
"""

from __future__ import annotations

import os
import sys
from _collections_abc import Iterator, Mapping  # collections.abc would load all of collections,
from _thread import RLock  # and threading more still: both cost more than everything done here

__all__ = [
    "EnvPropertiesError",
    "InvalidVariableError",
    "MalformedFileError",
    "MissingFileError",
    "MissingVariableError",
    "UnreadableFileError",
    "env",
    "load",
    "populate",
]
__version__ = "0.1.0"


class EnvPropertiesError(Exception):
    """The root of all errors raised here; none ever holds a value."""


class MissingVariableError(EnvPropertiesError, KeyError):
    """A variable is not set."""

    __str__ = Exception.__str__  # KeyError shows its message in quotes


class InvalidVariableError(EnvPropertiesError, ValueError):
    """A variable cannot be set in the process environment."""


class MissingFileError(EnvPropertiesError, FileNotFoundError):
    """The file that was named does not exist."""


class UnreadableFileError(EnvPropertiesError, OSError):
    """The file is there but cannot be read: no permission, a directory."""


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
    """What the file says, read-only.

    Without `path` it is the file that ENV_PROPERTIES_FILE names, else the first there is of
    $LAMBDA_TASK_ROOT/env.properties and /opt/env.properties; no variables if there is neither.
    """
    path = path if path is not None else os.environ.get("ENV_PROPERTIES_FILE") or None
    if path is not None:
        return _read(os.fspath(path))
    folders = [os.environ.get("LAMBDA_TASK_ROOT"), "/opt"]
    places = [os.path.join(folder, "env.properties") for folder in folders if folder]
    for place in places:
        try:
            return _read(place)
        except MissingFileError:
            continue
    return _Properties({}, f"env.properties (not found: $ENV_PROPERTIES_FILE, {', '.join(places)})")


def populate(override: bool = False) -> None:
    """Copy what `os.environ` lacks from the file into it; with `override`, all that the file says.

    One variable that cannot be set is an InvalidVariableError, and none is set then.
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
    """Whether the process environment can hold the text."""
    try:
        return b"\0" not in text.encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        return False


class _Properties(Mapping[str, str]):
    """What one file says; shown by its names only."""

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


class _Environment(Mapping[str, str]):
    """The process environment as it is now, then the file, read once when first needed."""

    __slots__ = ("_file", "_lock")

    def __init__(self) -> None:
        self._lock = RLock()
        self._file: Mapping[str, str] | None = None

    def _unlock(self) -> None:
        """In a process that was forked while another thread read: that thread is not in it."""
        self._lock = RLock()

    def _properties(self) -> Mapping[str, str]:
        with self._lock:
            if self._file is None:
                self._file = load()
            return self._file

    def __getitem__(self, name: str) -> str:
        try:
            return os.environ[name]
        except (KeyError, UnicodeEncodeError):  # a name it cannot hold may stand in the file
            pass
        try:
            return self._properties()[name]
        except MissingVariableError as missing:
            problem = f"{missing}, nor in the process environment"
        raise MissingVariableError(problem)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*os.environ, *self._properties())))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<env: {list(self)}>"

    def __reduce__(self) -> str:
        return "env"  # a copy or a pickle is the env of its own process, and holds no value


_environment = _Environment()
env: Mapping[str, str] = _environment

if sys.platform != "win32":
    os.register_at_fork(after_in_child=_environment._unlock)


def _read(path: str) -> _Properties:
    try:
        return _Properties(_parse(_contents(path), path), path)
    except MalformedFileError as malformed:
        details = malformed.args
    # Raised anew: the frames of the parser hold values, and some tools log the variables of frames.
    raise MalformedFileError(*details)


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise MissingFileError(error.errno, error.strerror, path) from error
    except OSError as error:
        raise UnreadableFileError(error.errno, error.strerror, path) from error
    except ValueError as error:  # a name that no file can have
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
    """The lines that hold a pair: the number of the first natural line, and what each adds."""
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
    """Where the key of a logical line ends and where the value starts."""
    end = 0
    while end < len(line) and line[end] not in "=: \t\f":
        end += 2 if line[end] == "\\" else 1
    value = line[end:].lstrip(_BLANKS)
    if value.startswith(("=", ":")):
        value = value[1:].lstrip(_BLANKS)
    return end, len(line) - len(value)


def _unescaped(line: str, start: int, end: int) -> str:
    """The key or value that stands between two positions of a logical line."""
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
    """Which part of a logical line holds the character at a position."""
    index = 0
    while position >= len(parts[index]):
        position -= len(parts[index])
        index += 1
    return index
