"""The lifecycle of Cloud Native Buildpacks as a buildpack sees it: detect, build, export, launch.

Written from the specification: https://github.com/buildpacks/spec/blob/main/buildpack.md
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.buildpack import heroku, layers

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FAIL = 100


@dataclass(frozen=True)
class Image:
    """The result of a build: the app, the folders of its layers in order, and the processes."""

    app: Path
    layers: Sequence[Path]
    processes: Mapping[str, Mapping[str, Any]]

    def layer(self, name: str) -> Path:
        """Return the folder of the one layer with this name."""
        [layer] = [layer for layer in self.layers if layer.name == name]
        return layer

    def environment(self, process: str | None, config: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a process: the container's, changed by the layers."""
        own = {"HOME": str(self.app), "PATH": "/usr/bin:/bin", "HOSTNAME": "3c5f1a7e9b2d"}
        return layers.at_launch(self.layers, process, own | dict(config))

    def start(
        self,
        process: str,
        config: Mapping[str, str],
        *arguments: str,
        user: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a process type, as `/cnb/process/TYPE ARGUMENTS` does: without a shell."""
        declared = self.processes[process]
        command = [*declared["command"], *(arguments or declared.get("args", []))]
        return self.run(command, self.environment(process, config), user=user)

    def launch(self, command: str, config: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command in a shell, as `launcher COMMAND` does for `heroku run COMMAND`."""
        return self.run(["/bin/bash", "-c", command], self.environment(None, config))

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], user: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the app's folder, with exactly this environment."""
        return subprocess.run(
            command,
            cwd=self.app,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            user=user,
        )


@dataclass(frozen=True)
class Build:
    """How a build ended: its exit status, its log, its seconds, and the image it exported."""

    status: int
    log: str
    seconds: float
    workspace: Path
    exported: Image | None

    @property
    def image(self) -> Image:
        """Return the image; a build that failed has none."""
        assert self.exported, self.log
        return self.exported


@dataclass(frozen=True)
class Platform:
    """A place where an app is built again and again, by the buildpacks in these folders.

    Only the newest image can run: its layers are in the same place as those of the one before.
    """

    folder: Path
    buildpacks: Sequence[Path]

    def build(
        self,
        app: Path,
        variables: Mapping[str, str] | None = None,
        *,
        machine: Mapping[str, str] | None = None,
    ) -> Build:
        """Build a copy of `app`: `variables` are the user's, `machine` has more of the builder."""
        work = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(app, work / "workspace", symlinks=True)
        (work / "platform" / "env").mkdir(parents=True)
        for name, value in (variables or {}).items():
            (work / "platform" / "env" / name).write_text(value)
        self._restore()
        start = time.monotonic()
        status, log, processes = self._phases(work, _of_the_builder() | dict(machine or {}))
        seconds = time.monotonic() - start
        image = None if status else Image(work / "workspace", self._export(), processes)
        return Build(status, log, seconds, work / "workspace", image)

    def _phases(
        self, work: Path, environment: dict[str, str]
    ) -> tuple[int, str, dict[str, dict[str, Any]]]:
        log, processes = "", {}
        for phase in ("detect", "build"):
            for buildpack in self.buildpacks:
                run = self._run(buildpack, phase, work, environment)
                log += run.stdout
                if run.returncode:
                    return run.returncode, log, {}
                if phase == "build":
                    folder = self.layers_of(buildpack)
                    for process in toml(folder / "launch.toml").get("processes", []):
                        processes[process["type"]] = process
                    built = [path for path in _layers(folder) if _type(path, "build")]
                    environment = layers.at_build(built, environment)
        return 0, log, processes

    def _run(
        self, buildpack: Path, phase: str, work: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        folder, plan = self.layers_of(buildpack), work / f"{phase} plan.toml"
        folder.mkdir(parents=True, exist_ok=True)
        plan.touch()
        own = {
            "CNB_BUILDPACK_DIR": str(buildpack),
            "CNB_PLATFORM_DIR": str(work / "platform"),
            "CNB_TARGET_OS": "linux",
            "CNB_TARGET_ARCH": "amd64",
            "CNB_TARGET_DISTRO_NAME": "ubuntu",
            "CNB_TARGET_DISTRO_VERSION": "24.04",
        }
        if phase == "detect":
            own |= {"CNB_BUILD_PLAN_PATH": str(plan)}
            arguments = [work / "platform", plan]
        else:
            own |= {"CNB_BP_PLAN_PATH": str(plan), "CNB_LAYERS_DIR": str(folder)}
            arguments = [folder, work / "platform", plan]
        user = {} if _buildpack(buildpack).get("clear-env") else _variables(work)
        return subprocess.run(
            [buildpack / "bin" / phase, *arguments],
            cwd=work / "workspace",
            env=dict(environment) | user | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )

    def layers_of(self, buildpack: Path) -> Path:
        """Return the folder of a buildpack's layers."""
        identifier = str(_buildpack(buildpack)["id"])
        return self.folder / "layers" / identifier.replace("/", "_")

    def _restore(self) -> None:
        """Return back what the build before left: cached layers whole, others' metadata only."""
        shutil.rmtree(self.folder / "layers", ignore_errors=True)
        for kept in ("image", "cache"):
            for file in sorted((self.folder / kept).glob("*/*.toml")):
                layer = self.folder / "layers" / file.parent.name / file.stem
                layer.parent.mkdir(parents=True, exist_ok=True)
                text = file.read_text()
                # The metadata without the types.
                layer.with_suffix(".toml").write_text(text[text.find("[metadata]") :])
                if kept == "cache":
                    copy(file.with_suffix(""), layer)

    def _export(self) -> list[Path]:
        """Keep what the next build may ask for; leave in place what the image has."""
        image, cache = self.folder / "image", self.folder / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        exported = [layer for layer in self._all_layers() if _type(layer, "launch")]
        for layer in exported:
            if not layer.exists():  # The layer of the image before is taken over.
                copy(image / layer.parent.name / layer.name, layer)
        shutil.rmtree(image, ignore_errors=True)
        for layer in self._all_layers():
            for kept, wanted in ((image, "launch"), (cache, "cache")):
                if _type(layer, wanted):
                    to = kept / layer.parent.name / layer.name
                    copy(layer, to)
                    shutil.copy(layer.with_suffix(".toml"), to.with_suffix(".toml"))
            if layer not in exported:
                shutil.rmtree(layer)
        return exported

    def _all_layers(self) -> Iterator[Path]:
        for buildpack in self.buildpacks:
            yield from _layers(self.layers_of(buildpack))


def copy(folder: Path, to: Path) -> None:
    """Copy a folder by hard links, as no build changes a file in place."""
    shutil.copytree(folder, to, symlinks=True, copy_function=os.link)


def _layers(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.toml"))
    return [file.with_suffix("") for file in files if file.stem not in ("launch", "build", "store")]


def _type(layer: Path, name: str) -> bool:
    return bool(toml(layer.with_suffix(".toml")).get("types", {}).get(name))


def toml(file: Path) -> dict[str, Any]:
    """Read a TOML file; a missing one is empty."""
    return tomllib.loads(file.read_text()) if file.exists() else {}


def _buildpack(folder: Path) -> dict[str, Any]:
    return dict(toml(folder / "buildpack.toml")["buildpack"])


def _variables(work: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (work / "platform" / "env").iterdir()}


def _of_the_builder() -> dict[str, str]:
    """Return what a builder image has in its environment, and this machine's way to registries."""
    own = {"HOME": str(Path.home()), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    # Classic builds on the same images have it, too.
    return heroku.of_the_machine() | own | {"CNB_STACK_ID": "heroku-24"}
