"""The classic build of Dokku and others, with herokuish's folders, user and start of processes.

https://github.com/gliderlabs/herokuish, include/buildpack.bash and include/procfile.bash
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.buildpack import heroku
from tests.integration.buildpack.conftest import Cold
from tests.integration.buildpack.test_dyno import CONFIG
from tests.service import Service

# Its shell does this before a process starts: config vars are files, then the app's scripts run.
_START = """
for file in "$1"/*; do export "${file##*/}=$(cat "${file}")"; done
for file in "${HOME}"/.profile.d/*.sh; do source "${file}"; done
cd "${HOME}"
exec /bin/bash -c "$(eval echo "$2")"
"""


@dataclass(frozen=True)
class Container:
    """A container of herokuish: its folders, and the user that owns all of them."""

    root: Path
    user: int | None

    @property
    def home(self) -> Path:
        """The folder of the app, which is the home of its user."""
        return self.root / "app"

    def write_config(self, config: Mapping[str, str]) -> None:
        """Write the config vars, a file for each."""
        for name, value in config.items():
            (self.root / "tmp" / "env" / name).write_text(value)
        self.own()

    def own(self) -> None:
        """Give everything to the user."""
        if self.user is not None:
            for path in (self.root, *self.root.rglob("*")):
                os.chown(path, self.user, self.user, follow_symlinks=False)

    def run(
        self, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as the user."""
        return subprocess.run(
            command,
            cwd=folder,
            env=dict(environment) | {"HOME": str(self.home)},
            user=self.user,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def build(self) -> None:
        """Build the app in another folder, as `herokuish buildpack build` does."""
        buildpack, build = self.root / "tmp" / "buildpacks" / "custom", self.root / "tmp" / "build"
        cache, config = self.root / "tmp" / "cache", self.root / "tmp" / "env"
        shutil.copytree(self.home, build, symlinks=True)
        self.own()
        environment = heroku.build_environment() | {"APP_DIR": str(self.home), "REQUEST_ID": "1"}
        for program, arguments in (
            ("detect", [build]),
            ("compile", [build, cache, config]),
            ("release", [build, cache]),
        ):
            run = self.run([buildpack / "bin" / program, *arguments], environment, build)
            assert run.returncode == 0, run.stderr
        (build / ".release").write_text(run.stdout)
        shutil.rmtree(self.home)
        build.rename(self.home)
        self.own()

    def start(self, process: str) -> subprocess.CompletedProcess[str]:
        """Start a process of the Procfile, as `herokuish procfile start` does."""
        lines = (self.home / "Procfile").read_text().splitlines()
        [command] = [line.partition(": ")[2] for line in lines if line.startswith(f"{process}:")]
        start: list[str | Path] = [
            "/bin/bash",
            "-c",
            _START,
            "herokuish",
            self.root / "tmp" / "env",
            command,
        ]
        return self.run(
            start, {"PATH": "/usr/bin:/bin", "DYNO": "web.1", "PORT": "5000"}, self.root
        )


@pytest.fixture
def container(app: Path, cold: Cold, buildpack: Path) -> Iterator[Container]:
    """A container with the app, and with the cache of an earlier build."""
    # Not pytest's folder, which only root may enter.
    with tempfile.TemporaryDirectory() as name:
        container = Container(Path(name), 65534 if os.getuid() == 0 else None)
        (container.root / "tmp" / "env").mkdir(parents=True)
        shutil.copytree(buildpack, container.root / "tmp" / "buildpacks" / "custom")
        shutil.copytree(cold.cache, container.root / "tmp" / "cache")
        shutil.copytree(app, container.home)
        yield container


def test_an_app_that_herokuish_built_deploys(
    container: Container, python_config: Mapping[str, str], service: Service, function: str
) -> None:
    """It uses its Procfile, a user other than root, and config vars from files."""
    release = {"_LAMBDA_DEPLOY_ON_RELEASE": "true", "GREETING": CONFIG["GREETING"]}
    container.write_config(dict(python_config) | release)
    container.build()
    container.write_config(service.settings(function))
    for process, outcome in (("release", "Deployed"), ("deploy", "nchanged")):
        run = container.start(process)
        assert (run.returncode, outcome in run.stdout) == (0, True), run.stdout + run.stderr
    stored = service.package(function)
    assert service.config(function) == {"GREETING": CONFIG["GREETING"]}
    assert not [name for name in stored.namelist() if name.startswith(".")]
