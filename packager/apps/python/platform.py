"""The platform that wheels must fit: the Python and the machine of a function."""

from __future__ import annotations

import re
from typing import NamedTuple

from packager.errors import PackageError

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html: up to Python 3.11 they run on
# Amazon Linux 2, which has glibc 2.26, and then on Amazon Linux 2023, with 2.34. Of the platforms
# that uv knows, manylinux_2_17 is the newest that glibc 2.26 can run.
_AMAZON_LINUX_2, _AMAZON_LINUX_2023 = "manylinux_2_17", "manylinux_2_34"
_LAST_ON_AMAZON_LINUX_2 = 11

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}


class Platform(NamedTuple):
    """A version of Python (example: 3.13) on an architecture, in Lambda's terms."""

    version: str
    architecture: str

    @classmethod
    def of(cls, runtime: str | None, architecture: str | None) -> Platform:
        """Return the platform of a function; raise PackageError if its runtime is not Python."""
        version = re.fullmatch(r"python(3\.\d+)", runtime or "")
        if version is None:
            raise PackageError(
                "The dependencies depend on the function's Python, but its runtime is"
                f" {runtime or 'not known'}.",
                "Set _LAMBDA_RUNTIME (--runtime) to the function's runtime (example: python3.13).",
            )
        return cls(version[1], architecture or "x86_64")

    def __str__(self) -> str:
        """Return the platform's name for messages."""
        return f"Python {self.version} on {self.architecture}"

    @property
    def runtime(self) -> str:
        """The runtime, as Lambda calls it."""
        return f"python{self.version}"

    @property
    def full_version(self) -> str:
        """The version with a patch release. Only Lambda knows the real one, but it is never among
        the first, which some wheels exclude: `>=3.9,!=3.9.0,!=3.9.1`.
        """
        return f"{self.version}.99"

    @property
    def uv_name(self) -> str:
        """The machine and its glibc, in uv's terms."""
        on_2 = int(self.version.partition(".")[2]) <= _LAST_ON_AMAZON_LINUX_2
        glibc = _AMAZON_LINUX_2 if on_2 else _AMAZON_LINUX_2023
        return f"{_MACHINES[self.architecture]}-{glibc}"

    def pure_tags(self) -> set[str]:
        """Return the tags of pure Python wheels that run on the platform."""
        minor = int(self.version.partition(".")[2])
        versions = {"py3", f"cp3{minor}", *(f"py3{older}" for older in range(minor + 1))}
        return {f"{version}-none-any" for version in versions}

    def markers(self) -> dict[str, str]:
        """Return the values of environment markers (PEP 508)."""
        return {
            "extra": "",
            "implementation_name": "cpython",
            "implementation_version": self.full_version,
            "os_name": "posix",
            "platform_machine": _MACHINES[self.architecture],
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.full_version,
            "python_version": self.version,
            "sys_platform": "linux",
        }
