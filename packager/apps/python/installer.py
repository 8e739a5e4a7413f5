"""pip, which installs for another platform than the one that it runs on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from packager import subprocesses
from packager.apps.python.platform import Platform
from packager.apps.python.requirements import Requirements
from packager.config import redaction
from packager.errors import PackageError

# By --platform and --python-version pip chooses wheels. But a marker as `python_version < "3.11"`
# is held against the Python that pip runs in (https://github.com/pypa/pip/issues/11664).
_PROGRAM = """
import json, runpy, sys
from pip._vendor.packaging import markers
environment = json.loads(sys.argv.pop(1))
markers.default_environment = environment.copy
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""

# What pip needs of the environment. Config vars and settings are none of its business, nor are the
# app's PYTHONPATH and PYTHONHOME.
_NEEDED = re.compile(
    r"PATH|HOME|USERPROFILE|SYSTEMROOT|LANG|LC_\w+|TMPDIR|TEMP|TMP|XDG_\w+|PIP_\w+|SSL_CERT_\w+"
    r"|REQUESTS_CA_BUNDLE|(?i:https?_proxy|no_proxy|all_proxy)"
)

_NO_PIP = re.compile(r"No module named '?pip\b")
_NO_RETRIES = re.compile(r"\s*0+\s*")
_NO_WHEEL = re.compile(r"No matching distribution found for (\S+)")
_UNREACHABLE = re.compile(r"Retrying \(.*\(from versions: none\)", re.DOTALL)

# Credentials stand before the host, in the path and in the query. Some errors have the path alone.
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:[^/\s]*@)?(?P<host>(?:\[[\da-f:]+\]|[^/\s?#@:\[]*)(?::\d+)?)"
    r"(?:[^\s?#]*/(?P<wheel>[\w.+!-]+\.whl))?\S*"
    r"|(?<=url: )/\S*",
    re.IGNORECASE,
)


def version() -> str:
    """Tell the version of pip, if there is one."""
    try:
        return importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        return ""


def install(requirements: Requirements, file: Path, target: Path, platform: Platform) -> None:
    """Install what `file` asks for, with all that it needs, into the new folder `target`.

    What is temporary goes beside `target`. Raises PackageError, which names a dependency that has
    no wheel for the platform.
    """
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-warn-conflicts"]
    options += ["--no-user", "--no-compile", "--only-binary=:all:"]
    options += ["--implementation=cp", f"--python-version={platform.full_version}"]
    options += [f"--platform={tag}" for tag in platform.tags()]
    # In a file that the requirements lead to, --no-binary can stand. The last word is ours.
    last = target.with_name("only-wheels.txt")
    last.write_text("--only-binary=:all:\n", "utf-8")
    options += [f"--requirement={file}", f"--requirement={last}", f"--target={target}"]
    if requirements.has_sources:
        # What pip has built of an archive it takes again for another one at the same place.
        options.append("--no-cache-dir")
    if _NO_RETRIES.fullmatch(os.environ.get("PIP_RETRIES", "")):
        # Only of what it tries again does pip say that it cannot be reached.
        options.append("--retries=1")
    with subprocesses.running(
        [
            *(sys.executable, "-I", "-c", _PROGRAM, json.dumps(platform.markers())),
            *("install", *options),
        ],
        cwd=requirements.app,
        # When pip is killed it leaves its temporary files.
        env=_environment(requirements.variables) | {"TMPDIR": str(target.parent)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        said = process.communicate()[1].decode(errors="replace")
    if process.returncode != 0:
        hide = redaction.hiding(os.environ.get(name, "") for name in requirements.variables)
        raise _error(hide(said), platform)


def _environment(variables: set[str]) -> dict[str, str]:
    """Choose what pip is given, with the `variables` that the requirements name themselves."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if _NEEDED.fullmatch(name) or (name in variables and not name.startswith("_"))
    }
    # A Python that was moved, as those of Heroku are, finds its own library by this alone.
    return environment | {"LD_LIBRARY_PATH": str(Path(sys.base_prefix, "lib"))}


def _shortened(url: re.Match[str]) -> str:
    """Write what can be shown of a URL: where it leads and to which wheel, or a path of a file."""
    scheme, host, wheel = url["scheme"] or "", url["host"] or "", url["wheel"]
    if url[0].startswith("file:///"):
        return url[0]
    return f"{scheme}{host}/…/{wheel}" if wheel else f"{scheme}{host}/…"


def _error(said: str, platform: Platform) -> PackageError:
    said = _URL.sub(_shortened, said)
    if _NO_PIP.search(said):
        return PackageError(
            f"The Python at {sys.executable} has no pip, which installs the app's dependencies.",
            "Install it: `python -m ensurepip`.",
        )
    if _UNREACHABLE.search(said):
        return PackageError(
            "pip cannot reach the index that it installs the app's dependencies from.",
            "Check the network, PIP_INDEX_URL and the proxy.",
        )
    if without_wheel := _NO_WHEEL.search(said):
        return PackageError(
            f"{without_wheel[1]} has no wheel for {platform}.",
            "Choose a version that has one, or build the wheel and name its file. An index that"
            " refuses its credentials seems to be empty, too.",
        )
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if "ERROR: " in line]
    return PackageError(
        f"pip could not install the dependencies for {platform}:"
        f" {errors[0] if errors else 'it does not say why'}",
        "Try `pip download -r requirements.txt`.",
    )
