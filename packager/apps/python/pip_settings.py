"""Translate a user's settings for pip to settings for uv.

They select where packages come from: a private index must not silently become the public one
because another tool installs. A setting that uv does not have is an error that names it.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from packager.apps.python import uv_settings
from packager.errors import PackageError


class UvSettings(NamedTuple):
    """Environment variables and options of uv."""

    environment: dict[str, str]
    options: list[str]


def _words(value: str) -> str:
    return " ".join(value.split())


def _with_commas(value: str) -> str:
    return ",".join(value.split())


def _seconds(value: str) -> str:
    return str(int(float(value)))


def _is_true(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on", "y", "t")


# https://pip.pypa.io/en/stable/cli/pip_install/ and https://docs.astral.sh/uv/reference/environment/
_VARIABLES: dict[str, tuple[str, Callable[[str], str]]] = {
    "index-url": ("UV_DEFAULT_INDEX", str.strip),
    "extra-index-url": ("UV_INDEX", _words),
    "find-links": ("UV_FIND_LINKS", _with_commas),
    "trusted-host": ("UV_INSECURE_HOST", _words),
    "cert": ("SSL_CERT_FILE", str.strip),
    "client-cert": ("SSL_CLIENT_CERT", str.strip),
    "proxy": ("ALL_PROXY", str.strip),
    "timeout": ("UV_HTTP_TIMEOUT", _seconds),
    "default-timeout": ("UV_HTTP_TIMEOUT", _seconds),
    "retries": ("UV_HTTP_RETRIES", _seconds),
    "constraint": ("UV_CONSTRAINT", _words),
    "build-constraint": ("UV_BUILD_CONSTRAINT", _words),
    "uploaded-prior-to": ("UV_EXCLUDE_NEWER", str.strip),
}
_FLAGS = {
    "no-index": "--no-index",
    "require-hashes": "--require-hashes",
    "pre": "--prerelease=allow",
}

# The settings that select where packages come from; uv's own take precedence over them.
_OF_INDEXES = ("index-url", "extra-index-url", "find-links", "no-index")

# Settings that change neither what is installed nor its source, or that the packager decides.
_HARMLESS = {
    *("break-system-packages", "cache-dir", "compile", "debug", "disable-pip-version-check"),
    *("format", "help", "log", "no-cache", "no-cache-dir", "no-color", "no-compile", "no-input"),
    *("no-warn-conflicts", "no-warn-script-location", "only-binary", "prefer-binary", "python"),
    *("progress-bar", "quiet", "require-virtualenv", "require-venv", "root-user-action", "user"),
    *("upgrade", "upgrade-strategy", "use-pep517", "verbose", "version", "yes", "config-file"),
    *("no-binary", "no-user", "resume-retries", "exists-action", "use-feature", "no-clean"),
}


def for_uv(app: Path) -> UvSettings:
    """Return uv's equivalent of pip's settings, for the app in that folder.

    Raises PackageError for a setting without an equivalent, and for a settings file that cannot be
    read.
    """
    settings = _settings()
    indexes_by_uv = uv_settings.name_an_index(app)
    environment: dict[str, str] = {}
    options: list[str] = []
    for name, (value, origin) in settings.items():
        if indexes_by_uv and name in _OF_INDEXES:
            continue
        if name in _VARIABLES:
            variable, converted = _VARIABLES[name]
            try:
                environment[variable] = converted(value)
            except ValueError as error:
                raise PackageError(f"{origin} is not a number.", "Correct it.") from error
        elif name in _FLAGS:
            options += [_FLAGS[name]] if _is_true(value) else []
        elif name == "keyring-provider":
            environment["UV_KEYRING_PROVIDER"] = (
                "disabled" if value.strip() == "disabled" else "subprocess"
            )
        elif name not in _HARMLESS:
            raise PackageError(
                f"{origin} is a setting of pip without an equivalent in uv, which installs the"
                " app's dependencies.",
                "Unset it for the packager, or list the dependencies in a lock file.",
            )
    return UvSettings(environment, options)


def _settings() -> dict[str, tuple[str, str]]:
    """Return each setting's value, and its origin for messages."""
    found: dict[str, dict[str, tuple[str, str]]] = {"global": {}, "install": {}}
    for path in _files(os.environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(path.read_text("utf-8"))
        except (OSError, ValueError, configparser.Error) as error:
            # Without the error's text, which contains the line.
            raise PackageError(f"{path} cannot be read.", "Fix this file of pip's.") from error
        for section, settings in found.items():
            if parser.has_section(section):
                settings |= {
                    _name(name): (value, f"{name} in {path}")
                    for name, value in parser.items(section)
                }
    of_environment = {
        _name(name.removeprefix("PIP_")): (value, name)
        for name, value in os.environ.items()
        if name.startswith("PIP_")
    }
    # pip ignores an empty value: another place may still have one.
    return {
        name: (value, origin)
        for settings in (found["global"], found["install"], of_environment)
        for name, (value, origin) in settings.items()
        if value.strip()
    }


def _name(written: str) -> str:
    return written.lower().replace("_", "-").removeprefix("--")


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files that pip reads: https://pip.pypa.io/en/stable/topics/configuration/."""
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    home = Path.home()
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    system = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    paths = [
        *(Path(folder, "pip", "pip.conf") for folder in reversed(system.split(":"))),
        Path("/etc/pip.conf"),
        *_on_a_mac(home),
        home / ".pip" / "pip.conf",
        config / "pip" / "pip.conf",
        Path(sys.prefix, "pip.conf"),
        *([Path(named)] if named else []),
    ]
    yield from (path for path in paths if path.is_file())


def _on_a_mac(home: Path) -> list[Path]:
    if sys.platform != "darwin":
        return []
    return [
        Path("/Library/Application Support/pip/pip.conf"),
        home / "Library" / "Application Support" / "pip" / "pip.conf",
    ]
