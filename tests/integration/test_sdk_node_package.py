"""The Node.js reader as it is published: the contents of its package, and that it works."""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run
from tests.conftest import cached, requires

SDK = Path(__file__).parent.parent.parent / "sdk_node"
TYPES = {"index.d.ts", "index.d.mts", "populate.d.ts"}
READER = {"index.js", "errors.js", "typed.js", "index.mjs", "populate.js"} | TYPES
VERSIONS = sorted((Path(__file__).parent / "node-versions").iterdir())
PACKAGED = READER | {"package.json", "README.md", "LICENSE"}

pytestmark = requires("node", "npm")


def _npm(*arguments: str | Path, cwd: Path, cache: Path) -> str:
    return run("npm", *arguments, cwd=cwd, env={**os.environ, "npm_config_cache": str(cache)})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for npm's own files."""
    return tmp_path_factory.mktemp("npm")


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The package that `npm publish` would send."""
    folder = tmp_path_factory.mktemp("packed")
    packed = _npm("pack", "--json", "--pack-destination", folder, cwd=SDK, cache=cache)
    return folder / str(json.loads(packed)[0]["filename"])


@pytest.fixture(scope="module")
def project(tarball: Path, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A project that has the package installed; without a registry, as it needs nothing else."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"private": true}')
    (folder / "env.properties").write_bytes(rb"GREETING=caf\u00e9\n")
    _npm("install", "--offline", "--no-audit", "--no-fund", tarball, cwd=folder, cache=cache)
    return folder


def _manifest() -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((SDK / "package.json").read_text())
    return manifest


def test_the_package_holds_the_reader_and_nothing_else(tarball: Path) -> None:
    """The reader's files as they are in the project, and the files that npm always adds."""
    with tarfile.open(tarball) as archive:
        assert set(archive.getnames()) == {f"package/{name}" for name in PACKAGED}
        for name in PACKAGED:
            packed = archive.extractfile(f"package/{name}")
            assert packed is not None
            assert packed.read() == (SDK / name).read_bytes()


def test_installing_runs_no_script_and_no_other_package_is_installed(project: Path) -> None:
    """No dependency, and no script that npm runs when it installs."""
    manifest = _manifest()
    assert not {"dependencies", "peerDependencies", "optionalDependencies"} & manifest.keys()
    assert manifest["scripts"].keys() == {"test", "lint"}
    installed = {path.name for path in (project / "node_modules").iterdir()}
    assert installed == {"env-properties", ".package-lock.json"}


def test_every_exported_file_is_in_the_package(project: Path) -> None:
    """Every file that package.json names is in the package."""

    def files(exported: object) -> set[str]:
        if isinstance(exported, dict):
            return set().union(*map(files, exported.values()))
        return {str(exported)}

    manifest = _manifest()
    named = files(manifest["exports"]) | {manifest["main"], manifest["types"]}
    missing = {n for n in named if not (project / "node_modules/env-properties" / n).is_file()}
    assert not missing


@pytest.mark.parametrize(
    ("kind", "program"),
    [
        ("commonjs", "const { env } = require('env-properties'); show(env.GREETING)"),
        ("commonjs", "require('env-properties/populate'); show(process.env.GREETING)"),
        ("module", "import { env } from 'env-properties'; show(env.GREETING)"),
        ("module", "import config from 'env-properties'; show(config.require('GREETING'))"),
        (
            "commonjs",
            "const { list } = require('env-properties'); show(list('GREETING')[0] + '\\n')",
        ),
        ("module", "import { list } from 'env-properties'; show(list('GREETING')[0] + '\\n')"),
        ("module", "import 'env-properties/populate'; show(process.env.GREETING)"),
    ],
)
def test_an_installed_reader_reads(project: Path, kind: str, program: str) -> None:
    """A program that has the package finds its config, as CommonJS and as an ES module."""
    show = "; function show (value) { process.stdout.write(JSON.stringify(value)) }"
    env = {**os.environ, "LAMBDA_TASK_ROOT": str(project)}
    shown = run("node", f"--input-type={kind}", "--eval", program + show, cwd=project, env=env)
    assert json.loads(shown) == "café\n"


@pytest.fixture(scope="module")
def tools_of_its_tests() -> None:
    """The compiler that the reader's tests need."""
    run("npm", "install", "--no-audit", "--no-fund", "--silent", cwd=SDK)


@pytest.mark.usefixtures("tools_of_its_tests")
@pytest.mark.parametrize("folder", [None, *VERSIONS], ids=lambda folder: folder and folder.name)
def test_the_tests_of_the_node_reader_pass(folder: Path | None) -> None:
    """The reader's tests, conformance and types among them, by the node that is here, by the oldest
    and by the newest that Lambda has.
    """
    path = os.environ["PATH"]
    if folder:
        path = f"{node_of(folder)}{os.pathsep}{path}"
    shown = run("npm", "test", cwd=SDK, env={**os.environ, "PATH": path})
    assert re.search(r"^\S+ fail 0$", shown, re.MULTILINE), shown


def node_of(source: Path) -> Path:
    """Return the folder of the program `node` that a package.json asks for."""

    def install(folder: Path) -> None:
        shutil.copy(source / "package.json", folder)
        options = ("--no-audit", "--no-fund", "--no-package-lock", "--silent")
        run("npm", "install", *options, cwd=folder)

    return cached(f"node-{source.name}", source, install) / "node_modules" / "node" / "bin"
