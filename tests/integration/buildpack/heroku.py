"""Heroku as a buildpack sees it: a build in one folder, dynos in another, and bare environments.

It follows the Buildpack API: https://devcenter.heroku.com/articles/buildpack-api
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.commands import run

REPOSITORY = Path(__file__).parents[3]
PACKAGER = ".heroku-lambda-packager"

# bash runs this in a dyno before the command, with the config vars in its environment.
_START = 'for _script in "${HOME}"/.profile.d/*.sh; do source "${_script}"; done; eval "$1"'


@dataclass(frozen=True)
class Push:
    """A build: its folder, what it printed, how it ended, and how long it took in seconds."""

    folder: Path
    log: str
    status: int
    seconds: float


@dataclass(frozen=True)
class Slug:
    """An app that was built, in the folder where its dynos run."""

    folder: Path
    tools: Path

    def run(self, command: str, config: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run `command` in a one-off dyno, as `heroku run --exit-code` does."""
        dyno = self.start(command, config)
        try:
            out, err = dyno.communicate(timeout=300)
        except BaseException:
            dyno.kill()
            raise
        return subprocess.CompletedProcess(dyno.args, dyno.returncode, out, err)

    def start(self, command: str, config: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start `command` in a dyno."""
        return subprocess.Popen(
            ["/bin/bash", "-c", _START, "dyno", command],
            env={
                "HOME": str(self.folder),
                "PATH": str(self.tools),
                "DYNO": "run.1234",
                "PORT": "41234",
                "PS1": r"\w $ ",
                "TERM": "dumb",
            }
            | dict(config),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def push(
    app: Path,
    folder: Path,
    cache: Path,
    config: Mapping[str, str] | None = None,
    *,
    buildpack: Path,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
) -> Push:
    """Build a copy of `app` below `folder` by `bin/compile`, as the user with the number `user`."""
    builds = Path(tempfile.mkdtemp(dir=folder))
    build, env_dir = builds / "build 4711", builds / "env"
    env_dir.mkdir()
    shutil.copytree(app, build, symlinks=True)
    for name, value in (config or {}).items():
        (env_dir / name).write_text(value)
    cache.mkdir(exist_ok=True)
    if user is not None:
        for path in (cache, *cache.rglob("*"), builds, *builds.rglob("*")):
            os.chown(path, user, user)
    start = time.monotonic()
    ended = subprocess.run(
        [buildpack / "bin" / "compile", build, cache, env_dir],
        env=build_environment() | dict(environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
        user=user,
    )
    return Push(build, ended.stdout, ended.returncode, time.monotonic() - start)


def release(pushed: Push) -> Slug:
    """Move the built app to where dynos run; nothing stays in its old place."""
    assert pushed.status == 0, pushed.log
    slug = pushed.folder.with_name("app of a dyno")
    pushed.folder.rename(slug)
    tools = slug.with_name("tools")
    tools.mkdir()
    # No `python3` among them: the run images of heroku-24 and heroku-26 have none.
    for tool in ("bash", "cat", "env", "sh"):
        (tools / tool).symlink_to(shutil.which(tool) or f"/usr/bin/{tool}")
    return Slug(slug, tools)


def build_environment() -> dict[str, str]:
    """Return the environment of a build, with this machine's settings for the package index."""
    return of_the_machine() | {
        "HOME": str(Path.home()),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "STACK": "heroku-24",
        # As heroku/python's `export` leaves them for the buildpacks after it.
        "PYTHONHOME": "/app/.heroku/python",
        "PYTHONPATH": "/app",
    }


def of_the_machine() -> dict[str, str]:
    """Return the variables by which pip reaches the package index from this machine."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "SSL_CERT_")) or name.lower().endswith("_proxy")
    }


def clone(destination: Path) -> Path:
    """Copy the repository without files that were built or installed on this machine."""
    options = ("--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, run("git", "ls-files", *options, cwd=REPOSITORY).split("\0")):
        source, target = REPOSITORY / name, destination / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return destination
