"""Packages of app folders, unpacked and run by the programs of their users."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from packager.apps.files import Selection
from packager.package import zip_folder
from tests.commands import bound_by_permissions, packager, run
from tests.conftest import requires
from tests.trees import Link, plant


def packaged(app: Path) -> Path:
    """Write the zip of an app, beside it."""
    package = app.parent / "package.zip"
    zip_folder.write(Selection(app).members(), package)
    return package


def unpack(package: Path) -> Path:
    """Unpack a package as Lambda does, and move the app away, so that nothing can load from it."""
    task = package.parent / "task"
    run("unzip", "-q", package, "-d", task)
    (package.parent / "app").rename(package.parent / "gone")
    return task


@requires("unzip", "zip")
def test_unzip_and_zip_find_nothing_wrong(tmp_path: Path) -> None:
    app = plant(
        tmp_path / "app",
        {
            "text": b"text " * 1000,
            "noise": os.urandom(1000),
            "empty": b"",
            "été/🎈": b"",
            "link": Link("text"),
        },
    )
    package = packaged(app)
    run("unzip", "-tqq", package)
    run("zip", "-T", package)
    task = unpack(package)
    assert (task / "link").readlink() == Path("text")
    assert (task / "text").read_bytes() == b"text " * 1000


@requires("npm", "node", "unzip")
def test_packages_installed_by_npm_run_from_the_package(tmp_path: Path) -> None:
    app = plant(tmp_path / "app", {"package.json": b"{}"})
    run("npm", "install", "--silent", "--no-audit", "--no-fund", "semver@7.6.3", cwd=app)
    task = unpack(packaged(app))
    program = "console.log(require('semver').inc('1.2.3', 'minor'))"
    assert run("node", "-e", program, cwd=task) == "1.3.0\n"
    script = task / "node_modules" / ".bin" / "semver"
    assert script.is_symlink()
    assert run(script, "1.2.3", "-i") == "1.2.4\n"
    assert (task / "node_modules" / ".package-lock.json").is_file()


@requires("node", "unzip")
@pytest.mark.parametrize("base", ["", "{}/node_modules/"], ids=["relative", "absolute"])
def test_links_as_pnpm_makes_them_lead_to_the_same_modules(tmp_path: Path, base: str) -> None:
    """Pnpm installs each package once, beside links to those that it needs."""

    def store(name: str) -> str:
        return f".pnpm/{name}@1.0.0/node_modules/{name}"

    app = plant(
        tmp_path / "app",
        {
            f"node_modules/{store('a')}/index.js": b"module.exports = 'a' + require('b')",
            f"node_modules/{store('b')}/index.js": b"module.exports = 'b'",
        },
    )
    plant(
        app,
        {
            "node_modules/a": Link(base + store("a")),
            "node_modules/.pnpm/a@1.0.0/node_modules/b": Link(
                f"{base}{store('b')}" if base else f"../../../{store('b')}"
            ),
        },
    )
    task = unpack(packaged(app))
    assert run("node", "-e", "console.log(require('a'))", cwd=task) == "ab\n"
    assert (task / "node_modules" / "a").is_symlink()


@requires("node", "unzip")
def test_a_package_beside_the_app_that_it_links_to_comes_with_it(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "shared/package.json": json.dumps({"main": "main.js"}).encode(),
            "shared/main.js": b"module.exports = require('./node_modules/.bin/greet')",
            "shared/greet.js": b"module.exports = 'hello'",
            "shared/node_modules/.bin/greet": Link("../../greet.js"),
            "app/node_modules/shared": Link("../../shared"),
        },
    )
    task = unpack(packaged(tmp_path / "app"))
    (tmp_path / "shared").rename(tmp_path / "also gone")
    assert run("node", "-e", "console.log(require('shared'))", cwd=task) == "hello\n"


@pytest.mark.parametrize(
    ("place", "mode"), [("lib", 0o000), ("lib", 0o600), ("lib/a.js", 0o000), ("lib/a.js", 0o333)]
)
def test_an_unreadable_file_is_named_unless_it_is_left_out(
    tmp_path: Path, temporary: Path, place: str, mode: int
) -> None:
    app = plant(tmp_path / "app", {"package.json": b"{}", "lib/a.js": b""})
    (app / place).chmod(mode)
    try:
        for ignored in ("", "lib\n"):
            (app / ".lambdaignore").write_text(ignored)
            output = tmp_path / "out.zip"
            built = packager(
                "build", app, "-o", output, temporary=temporary, preexec=bound_by_permissions
            )
            assert (built.returncode, output.exists()) == ((0, True) if ignored else (2, False))
            if not ignored:
                message, hint = built.stderr.splitlines()
                assert place in message
                assert "cannot be read: Permission denied" in message
                assert ".lambdaignore" in hint
    finally:
        (app / place).chmod(0o755)


# Not ru_maxrss, which begins with the memory of the process's parent.
BUILD = """
import re, sys
from pathlib import Path
from packager.apps.files import Selection
from packager.package import zip_folder
zip_folder.write(Selection(Path(sys.argv[1])).members(), Path(sys.argv[2]))
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says how much memory was needed")
@pytest.mark.parametrize("sizes", [[300], [20] * 9, [1] * 200], ids=["one", "several", "many"])
def test_memory_does_not_grow_with_the_size_of_the_app(tmp_path: Path, sizes: list[int]) -> None:
    """Data that cannot be compressed needs the most memory."""
    app = tmp_path / "app"
    app.mkdir()
    noise = os.urandom(1 << 20)
    for number, size in enumerate(sizes):
        with (app / str(number)).open("wb") as file:
            file.writelines([noise] * size)
    kilobytes = int(run(sys.executable, "-c", BUILD, app, tmp_path / "package.zip"))
    (tmp_path / "package.zip").unlink()
    assert kilobytes >> 10 < 150
