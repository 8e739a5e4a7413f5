"""A standalone Python in the layout of python-build-standalone, made from the running Python."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import site
import sys
import sysconfig
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.commands import run
from tests.http_server import serving

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


def pack(archive: Path) -> Path:
    """Write the `.tar.gz`: one folder `python`, with bin/python3, its library and pip.

    It has no debugging symbols, like the archive that the buildpack pins (`install_only_stripped`).
    """
    stdlib = Path(sysconfig.get_path("stdlib"))
    include = Path(sysconfig.get_path("include"))
    library = Path(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME"))
    with (
        tempfile.TemporaryDirectory() as temporary,
        tarfile.open(archive, "w:gz", compresslevel=1) as tar,
    ):
        modules = stdlib / "lib-dynload"
        stripped = _stripped(modules, Path(temporary))
        tar.add(Path(sys.executable).resolve(), f"python/bin/{VERSION}")
        tar.addfile(_link("python/bin/python3", VERSION))
        tar.add(stdlib, f"python/lib/{VERSION}", filter=_without_what_is_added_apart)
        tar.add(stripped, f"python/lib/{VERSION}/lib-dynload")
        tar.add(_pip(), f"python/lib/{_packages_folder()}/pip", filter=_without_bytecode)
        tar.add(include, f"python/include/{VERSION}")
        if library.suffix != ".a" and library.exists():
            tar.add(_stripped(library, Path(temporary)), f"python/lib/{library.name}")
    return archive


def sha256(archive: Path) -> str:
    """Return the archive's checksum, as `sha256sum` prints it."""
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def _stripped(source: Path, folder: Path) -> Path:
    """Copy a library, or a folder of libraries, without debugging symbols."""
    copy = folder / source.name
    if source.is_dir():
        shutil.copytree(source, copy)
    else:
        shutil.copy(source, copy)
    libraries = copy.glob("*.so") if copy.is_dir() else [copy]
    if shutil.which("strip"):
        run("strip", *libraries)
    return copy


def _link(name: str, target: str) -> tarfile.TarInfo:
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, target
    return link


def _without_what_is_added_apart(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    # idlelib and __pycache__ stay: the buildpack has to leave them out.
    name = Path(member.name).name
    elsewhere = name in ("test", "site-packages", "dist-packages", "lib-dynload")
    return None if elsewhere or name.startswith("config-3.") else member


def _without_bytecode(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.endswith("__pycache__") else member


def _pip() -> Path:
    found = importlib.util.find_spec("pip")
    if found is None or found.origin is None:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail("this Python has no pip to put into a standalone one")
        pytest.skip("this Python has no pip to put into a standalone one")
    return Path(found.origin).parent


def _packages_folder() -> str:
    debian = any(folder.endswith("dist-packages") for folder in site.getsitepackages())
    return "python3/dist-packages" if debian else f"{VERSION}/site-packages"


@dataclass
class Mirror:
    """A web server for one archive; `breaking` says how many of the next transfers break."""

    archive: Path
    url: str = ""
    requests: int = 0
    breaking: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def mirroring(archive: Path) -> Iterator[Mirror]:
    """Serve `archive` on the loopback interface."""
    mirror = Mirror(archive)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with mirror.lock:
                mirror.requests += 1
                broken = mirror.breaking > 0
                mirror.breaking -= broken
            content = mirror.archive.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if broken else content)

    with serving(Handler) as url:
        mirror.url = f"{url}/python.tar.gz"
        yield mirror
