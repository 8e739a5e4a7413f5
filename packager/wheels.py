"""The dependencies of a Python app, as wheels for Lambda's platform and not for this machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packager import bundle
from packager.errors import PackageError
from packager.selection import Member

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html: up to Python 3.11 they run on
# Amazon Linux 2, which has glibc 2.26, and then on Amazon Linux 2023, with 2.34.
_GLIBC_OF_AMAZON_LINUX_2, _GLIBC_OF_AMAZON_LINUX_2023 = 26, 34
_LAST_ON_AMAZON_LINUX_2 = 11

# PEP 600: manylinux_2_17 is manylinux2014; there are no wheels of older ones for Lambda's Pythons.
_OLDEST_GLIBC = 17
_LEGACY_PLATFORM = "manylinux2014"

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}

# What pip needs of the environment. Config vars and settings are none of its business, nor are the
# app's PYTHONPATH and PYTHONHOME.
_FOR_PIP = re.compile(
    r"PATH|HOME|USERPROFILE|SYSTEMROOT|LANG|LC_\w+|TMPDIR|TEMP|TMP|XDG_\w+|PIP_\w+|SSL_CERT_\w+"
    r"|REQUESTS_CA_BUNDLE|(?i:https?_proxy|no_proxy|all_proxy)"
)

# What pip writes that is about this machine: scripts, which begin with the path of its Python, and
# records that hash them or tell where a package was from.
_OF_THIS_MACHINE = ("/bin/", "*.dist-info/RECORD", "*.dist-info/direct_url.json", "__pycache__")

_NO_WHEEL = re.compile(r"No matching distribution found for (\S+)")
_USER_OF_URL = re.compile(r"(?<=//)[^/@\s]+@")


@dataclass(frozen=True)
class _Platform:
    """What wheels have to run on."""

    version: str  # of Python
    architecture: str

    def tags(self) -> Iterator[str]:
        """Give the platform tags of wheels that run there, the best first."""
        machine = _MACHINES[self.architecture]
        minor = int(self.version.partition(".")[2])
        on_2 = minor <= _LAST_ON_AMAZON_LINUX_2
        newest = _GLIBC_OF_AMAZON_LINUX_2 if on_2 else _GLIBC_OF_AMAZON_LINUX_2023
        for glibc in range(newest, _OLDEST_GLIBC - 1, -1):
            yield f"manylinux_2_{glibc}_{machine}"
        yield f"{_LEGACY_PLATFORM}_{machine}"


def members(app: Path, runtime: str | None, architecture: str | None) -> list[Member]:
    """Give what the dependencies add to the package of `app`; nothing if it has none.

    They are those of `requirements.txt` or else of `pyproject.toml`, and are installed once for the
    same requirements, `runtime` and `architecture`. Raises PackageError, which names a dependency
    that has no wheel for the platform.
    """
    requirements = _requirements(app)
    if not _asks_for_something(requirements):
        return []
    platform = _platform(runtime, architecture)
    folder = _cache() / _key(app, requirements, platform)
    if not folder.is_dir():
        _install(app, requirements, platform, folder)
    return bundle.select(folder, _OF_THIS_MACHINE)


def _requirements(app: Path) -> str:
    """Read the requirements in the format of `requirements.txt`."""
    path = app / "requirements.txt"
    try:
        if path.is_file():
            return path.read_text("utf-8-sig")
        path = app / "pyproject.toml"
        return "".join(f"{line}\n" for line in _dependencies_of_project(path))
    except (OSError, ValueError) as error:
        raise PackageError(f"{path} cannot be read: {error}.", "Mend the file.") from error


def _dependencies_of_project(path: Path) -> list[str]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    project = tomllib.loads(path.read_text("utf-8")).get("project", {})
    dependencies: list[str] = project.get("dependencies", [])
    return dependencies


def _asks_for_something(requirements: str) -> bool:
    return any(
        line.strip() and not line.lstrip().startswith("#") for line in requirements.split("\n")
    )


def _platform(runtime: str | None, architecture: str | None) -> _Platform:
    version = re.fullmatch(r"python(3\.\d+)", runtime or "")
    if version is None:
        raise PackageError(
            "The dependencies are for the Python of the function's runtime, which is"
            f" {runtime or 'not known'}.",
            "Set _LAMBDA_RUNTIME (--runtime) to the function's runtime, as python3.13.",
        )
    return _Platform(version[1], architecture or "x86_64")


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "heroku-lambda-packager", "wheels")


def _key(app: Path, requirements: str, platform: _Platform) -> str:
    """Name the cached folder by all that decides what is in it."""
    digest = hashlib.sha256(repr(platform).encode())
    for text in (requirements, *_included(app, requirements)):
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()


def _included(folder: Path, requirements: str) -> Iterator[str]:
    """Read the files that requirements refer to by -r and -c, and those that these refer to."""
    option = r"^\s*(?:-r|-c|--requirement|--constraint)[ =]*(\S+)"
    for name in re.findall(option, requirements, re.MULTILINE):
        path = folder / name
        if path.is_file():
            text = path.read_text("utf-8-sig")
            yield text
            yield from _included(path.parent, text)


def _install(app: Path, requirements: str, platform: _Platform, folder: Path) -> None:
    """Let pip install into `folder`, which is there at the end as a whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=folder.parent) as making:
        file, installed = app / "requirements.txt", Path(making, "installed")
        if not file.is_file():
            file = Path(making, "requirements.txt")
            file.write_text(requirements, "utf-8")
        _run_pip(["-r", str(file.resolve()), "--target", str(installed)], platform)
        installed.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):  # Another run was quicker.
            installed.rename(folder)


def _run_pip(arguments: list[str], platform: _Platform) -> None:
    pip = [sys.executable, "-I", "-m", "pip", "install", "--quiet", "--no-input", "--no-compile"]
    pip += ["--disable-pip-version-check", "--no-warn-conflicts", "--only-binary=:all:"]
    pip += ["--implementation", "cp", "--python-version", platform.version]
    pip += [f"--platform={tag}" for tag in platform.tags()]
    run = subprocess.run(
        [*pip, *arguments],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if run.returncode != 0:
        raise _error(run.stderr, platform)


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if _FOR_PIP.fullmatch(name)}
    # A Python that was moved, as those of Heroku are, finds its own library by this alone.
    return environment | {"LD_LIBRARY_PATH": str(Path(sys.base_prefix, "lib"))}


def _error(said: str, platform: _Platform) -> PackageError:
    where = f"Python {platform.version} on {platform.architecture}"
    if "No module named pip" in said:
        return PackageError(
            f"The Python at {sys.executable} has no pip, which installs the app's dependencies.",
            "Install it: `python -m ensurepip`.",
        )
    if without_wheel := _NO_WHEEL.search(said):
        return PackageError(
            f"{without_wheel[1]} has no wheel for {where}.",
            "Choose a version that has one, or build the wheel and name its file.",
        )
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if "ERROR: " in line]
    reason = _USER_OF_URL.sub("", errors[0]) if errors else "it does not say why"
    return PackageError(
        f"pip could not install the dependencies for {where}: {reason}",
        "Try `pip download -r requirements.txt`.",
    )
