"""Packages of app folders, in the hands of the programs that unpack and run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from packager.apps.files import Selection
from packager.package import zip_folder
from tests.commands import bound_by_permissions, packager
from tests.conftest import requires
from tests.trees import Link, plant


def build(app: Path) -> Path:
    package = app.parent / "package.zip"
    zip_folder.write(Selection(app).members(), package)
    return package


def unpack(package: Path) -> Path:
    """Unpack as Lambda does, and take the app away that the package was made of."""
    task = package.parent / "task"
    subprocess.run(["unzip", "-q", package, "-d", task], check=True)
    (package.parent / "app").rename(package.parent / "gone")
    return task


def node(task: Path, program: str) -> str:
    run = subprocess.run(
        ["node", "-e", program], cwd=task, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


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
    package = build(app)
    subprocess.run(["unzip", "-tqq", package], check=True)
    subprocess.run(["zip", "-T", package], check=True, stdout=subprocess.DEVNULL)
    task = unpack(package)
    assert (task / "link").readlink() == Path("text")
    assert (task / "text").read_bytes() == b"text " * 1000


@requires("npm", "node", "unzip")
def test_packages_installed_by_npm_run_from_the_package(tmp_path: Path) -> None:
    app = plant(tmp_path / "app", {"package.json": b"{}"})
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "semver@7.6.3"],
        cwd=app,
        check=True,
    )
    task = unpack(build(app))
    assert node(task, "console.log(require('semver').inc('1.2.3', 'minor'))") == "1.3.0"
    script = task / "node_modules" / ".bin" / "semver"
    assert script.is_symlink()
    run = subprocess.run([script, "1.2.3", "-i"], capture_output=True, text=True, check=True)
    assert run.stdout == "1.2.4\n"
    assert (task / "node_modules" / ".package-lock.json").is_file()


@requires("node", "unzip")
@pytest.mark.parametrize("base", ["", "{}/node_modules/"], ids=["relative", "absolute"])
def test_links_as_pnpm_makes_them_lead_to_the_same_modules(tmp_path: Path, base: str) -> None:
    """By pnpm, each package is there once, beside links to those that it needs."""

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
    task = unpack(build(app))
    assert node(task, "console.log(require('a'))") == "ab"
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
    task = unpack(build(tmp_path / "app"))
    (tmp_path / "shared").rename(tmp_path / "also gone")
    assert node(task, "console.log(require('shared'))") == "hello"


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
            run = packager(
                "build", app, "-o", output, temporary=temporary, preexec=bound_by_permissions
            )
            assert (run.returncode, output.exists()) == ((0, True) if ignored else (2, False))
            if not ignored:
                message, hint = run.stderr.splitlines()
                assert place in message
                assert "cannot be read: Permission denied" in message
                assert ".lambdaignore" in hint
    finally:
        (app / place).chmod(0o755)


# Not ru_maxrss, in which a child begins with what its parent has.
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
    """Of data that cannot be compressed, most has to be held."""
    app = tmp_path / "app"
    app.mkdir()
    noise = os.urandom(1 << 20)
    for number, size in enumerate(sizes):
        with (app / str(number)).open("wb") as file:
            file.writelines([noise] * size)
    run = subprocess.run(
        [sys.executable, "-c", BUILD, app, tmp_path / "package.zip"],
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / "package.zip").unlink()
    assert int(run.stdout) >> 10 < 150
