"""Read from a Java class file which interfaces its class implements.

The format: https://docs.oracle.com/javase/specs/jvms/se21/html/jvms-4.html.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

_MAGIC = b"\xca\xfe\xba\xbe"
_UTF8, _CLASS, _LONG, _DOUBLE = 1, 7, 5, 6
_ABSTRACT = 0x0400

# The bytes after the tag of a constant, by tag (table 4.4-A); of a Utf8, those of its length.
_SIZES = {1: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2}
_SIZES |= {17: 4, 18: 4, 19: 2, 20: 2}


@dataclass(frozen=True)
class ClassFile:
    """A class: its name and the interfaces that it declares itself (example: `java.util.Map`)."""

    name: str
    interfaces: tuple[str, ...]
    abstract: bool


def read(data: bytes) -> ClassFile:
    """Read a class file. Raises ValueError for anything else."""
    try:
        return _read(data)
    except (struct.error, KeyError, IndexError) as error:
        raise ValueError("not a class file") from error


def _read(data: bytes) -> ClassFile:
    if not data.startswith(_MAGIC):
        raise ValueError("not a class file")
    constants, offset = _constants(data)

    def class_name(index: int) -> str:
        return str(constants[constants[index]]).replace("/", ".")

    access, this, _, count = struct.unpack_from(">4H", data, offset)
    interfaces = struct.unpack_from(f">{count}H", data, offset + 8)
    return ClassFile(
        name=class_name(this),
        interfaces=tuple(class_name(index) for index in interfaces),
        abstract=bool(access & _ABSTRACT),
    )


def _constants(data: bytes) -> tuple[dict[int, Any], int]:
    """Return the constants that name classes, by their index, and the end of all constants."""
    constants: dict[int, Any] = {}
    (count,) = struct.unpack_from(">H", data, 8)
    index, offset = 1, 10
    while index < count:
        tag = data[offset]
        start = offset + 1
        offset = start + _SIZES[tag]
        if tag in (_UTF8, _CLASS):
            (number,) = struct.unpack_from(">H", data, start)
            constants[index] = number
        if tag == _UTF8:
            constants[index] = data[offset : offset + number].decode("utf-8", "replace")
            offset += number
        # A long or double takes two places in the table (4.4.5).
        index += 2 if tag in (_LONG, _DOUBLE) else 1
    return constants, offset
