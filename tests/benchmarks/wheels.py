"""Installing the 62 pinned dependencies of a Python app for Lambda, compared with pip."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import inputs
from tests.benchmarks.commands import PACKAGER, ROOT
from tests.benchmarks.measure import Contender, alternately
from tests.benchmarks.report import Goal, Table
from tests.conftest import cached

_APP = Path(__file__).with_name("python-app")
_RUNTIME = "python3.13"
_PLATFORM = [
    *("--only-binary=:all:", "--python-version=3.13.99", "--implementation=cp"),
    *(f"--platform=manylinux_2_{glibc}_x86_64" for glibc in (34, 28, 27, 17)),
    "--platform=manylinux2014_x86_64",
]
_PIP: list[str | Path] = [sys.executable, "-m", "pip"]


def cold(folder: Path, quick: bool) -> Table:
    """Measure an installation of packages that were downloaded before but not installed.

    The packager's cache of installed dependencies is empty, and uv's cache contains what the first
    round, which does not count, has downloaded. pip gets the wheels in a folder, which is faster
    than its own cache because it asks no index. Neither uses the network.
    """
    links, target, cache = _links(), folder / "target", folder / "cache"
    requirements = _APP / "requirements.txt"
    no_network = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(links), "PIP_NO_CACHE_DIR": "1"}

    def clear() -> None:
        # The packager's downloads remain, like the wheels from which pip installs.
        for used in (target, cache / "heroku-lambda-packager" / "wheels"):
            shutil.rmtree(used, ignore_errors=True)

    ours = Contender(
        "packager's installation",
        [sys.executable, "-m", "tests.benchmarks.install", _app(folder), _RUNTIME],
        env=no_network | {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)},
        cwd=folder,
        before=clear,
        prints_seconds=True,
    )
    options = ["--quiet", "--no-compile", "--no-deps", "--disable-pip-version-check"]
    pip = Contender(
        "pip install --target",
        [*_PIP, "install", *options, *_PLATFORM, "--target", target, "-r", requirements],
        env=no_network,
        before=clear,
    )
    measured = alternately([ours, pip], 1 if quick else 5)
    limit = measured[pip.name].seconds / 5
    return Table(
        "62 pinned Python dependencies: downloaded, not installed",
        list(measured.values()),
        ours=ours.name,
        goals=[Goal("a fifth of pip's time", measured[ours.name].seconds, limit)],
    )


def warm(folder: Path, quick: bool) -> Table:
    """Measure the packaging of an app whose dependencies were installed before."""
    app, bare = _app(folder), folder / "bare"
    shutil.copytree(app, bare)
    (bare / "requirements.txt").unlink()
    env = inputs.variables() | {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(_links()),
    }
    contenders = [
        Contender(
            name,
            [*PACKAGER, "build", source, "-o", folder / "out.zip", "--runtime", _RUNTIME],
            env=env,
            output=folder / "out.zip",
        )
        for name, source in (("packager build", app), ("… without dependencies", bare))
    ]
    measured = alternately(contenders, 3 if quick else 7)
    ours, without = measured.values()
    return Table(
        "zip of an app with 62 pinned Python dependencies, installed before",
        [ours, without],
        ours=ours.name,
        goals=[Goal("beyond an app without, seconds", ours.seconds - without.seconds, 0.3)],
    )


def _app(folder: Path) -> Path:
    app = folder / "app"
    if not app.is_dir():
        app.mkdir()
        (app / "lambda_function.py").write_text("def lambda_handler(event, context): return 1\n")
        shutil.copy(_APP / "requirements.txt", app)
    return app


def _links() -> Path:
    """Return a folder with the wheels, so that no network is measured."""

    def build(folder: Path) -> None:
        options = ["--quiet", "--no-deps", *_PLATFORM]
        command = [*_PIP, "download", *options, "-d", folder, "-r", _APP / "requirements.txt"]
        subprocess.run(command, check=True)

    return cached("benchmark-wheels", _APP, build)
