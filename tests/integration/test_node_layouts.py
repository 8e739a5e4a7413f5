"""Node.js apps whose dependencies npm, Yarn, pnpm or Bun installed run from their packages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.apps.node_ranges import fits
from tests.commands import build, run
from tests.conftest import cached, requires

SOURCES = Path(__file__).parent / "node-layouts"
PNPM, YARN_CLASSIC = "pnpm/bin/pnpm.cjs", "yarn/bin/yarn.js"
YARN = "@yarnpkg/cli-dist/bin/yarn.js"
BUN = "bun/bin/bun.exe"

pytestmark = requires("node", "npm", "unzip")


@pytest.fixture(scope="session")
def managers() -> Path:
    """The `node_modules` that holds Bun, pnpm, Yarn classic and Yarn."""

    def install(folder: Path) -> None:
        shutil.copytree(SOURCES / "managers", folder, dirs_exist_ok=True)
        run("npm", "install", "--no-audit", "--no-fund", cwd=folder)

    return cached("node-managers", SOURCES / "managers", install) / "node_modules"


def npm(folder: Path, _: Path) -> Path:
    app = shutil.copytree(SOURCES / "app", folder / "app")
    run("npm", "install", "--no-audit", "--no-fund", cwd=app)
    return app


def npm_linked(folder: Path, _: Path) -> Path:
    """Install into a store, like pnpm."""
    app = shutil.copytree(SOURCES / "app", folder / "app")
    run("npm", "install", "--no-audit", "--no-fund", "--install-strategy=linked", cwd=app)
    return app


def yarn_with_a_store(folder: Path, managers: Path) -> Path:
    """Install into a store, as Yarn since version 2 does with `nodeLinker: pnpm`."""
    app = shutil.copytree(SOURCES / "app", folder / "app")
    (app / ".yarnrc.yml").write_text(
        f"nodeLinker: pnpm\nglobalFolder: {folder / 'global'}\nenableTelemetry: false\n"
    )
    (app / "yarn.lock").touch()
    run(managers / YARN, "install", "--no-immutable", cwd=app)
    shutil.rmtree(folder / "global")
    return app


def yarn(folder: Path, managers: Path) -> Path:
    app = shutil.copytree(SOURCES / "app", folder / "app")
    run(managers / YARN_CLASSIC, "install", "--ignore-engines", cwd=app)
    return app


def pnpm(folder: Path, managers: Path, *options: str) -> Path:
    app = shutil.copytree(SOURCES / "app", folder / "app")
    run(managers / PNPM, "install", "--store-dir", folder / "store", *options, cwd=app)
    return app


def pnpm_hoisted(folder: Path, managers: Path) -> Path:
    return pnpm(folder, managers, "--config.node-linker=hoisted")


def pnpm_with_its_store_outside(folder: Path, managers: Path) -> Path:
    """Install as a Cloud Native build does, with the store in a layer."""
    return pnpm(folder, managers, f"--config.virtual-store-dir={folder / 'layer'}")


def bun(folder: Path, managers: Path) -> Path:
    app = shutil.copytree(SOURCES / "app", folder / "app")
    options = ("--linker", "isolated", "--cache-dir", folder / "cache")
    run(managers / BUN, "install", *options, cwd=app)
    shutil.rmtree(folder / "cache")
    return app


def workspace(folder: Path, lib: str) -> Path:
    root = shutil.copytree(SOURCES / "workspace", folder / "root")
    app = root / "packages" / "fn"
    shutil.copy(SOURCES / "app" / "index.js", app)
    manifest = json.loads((SOURCES / "app" / "package.json").read_text())
    manifest["dependencies"]["lib"] = lib
    (app / "package.json").write_text(json.dumps(manifest))
    return app


def npm_workspace(folder: Path, _: Path) -> Path:
    app = workspace(folder, "1.0.0")
    run("npm", "install", "--no-audit", "--no-fund", cwd=folder / "root")
    assert not (app / "node_modules").exists()
    return app


def yarn_workspace(folder: Path, managers: Path) -> Path:
    app = workspace(folder, "1.0.0")
    run(managers / YARN_CLASSIC, "install", "--ignore-engines", cwd=folder / "root")
    return app


def yarn_workspace_with_node_modules(folder: Path, managers: Path) -> Path:
    """Install as Yarn since version 2 does, without Plug'n'Play."""
    app = workspace(folder, "workspace:^")
    root = folder / "root"
    (root / ".yarnrc.yml").write_text(
        "nodeLinker: node-modules\nenableGlobalCache: false\nenableTelemetry: false\n"
    )
    (root / "yarn.lock").touch()
    run(managers / YARN, "install", "--no-immutable", cwd=root)
    shutil.rmtree(root / ".yarn")
    return app


def pnpm_workspace(folder: Path, managers: Path) -> Path:
    app = workspace(folder, "workspace:*")
    run(managers / PNPM, "install", "--store-dir", folder / "store", cwd=folder / "root")
    return app


LAYOUTS: dict[str, Callable[[Path, Path], Path]] = {
    layout.__name__: layout
    for layout in (
        *(npm, npm_linked, yarn, yarn_with_a_store),
        *(pnpm, pnpm_hoisted, pnpm_with_its_store_outside, bun),
        *(npm_workspace, yarn_workspace, yarn_workspace_with_node_modules, pnpm_workspace),
    )
}


@pytest.fixture(params=LAYOUTS)
def installed_app(request: pytest.FixtureRequest, managers: Path, tmp_path: Path) -> Path:
    """An app with its dependencies and development dependencies, in one of the layouts."""
    name = request.param

    def install(folder: Path) -> None:
        (folder / "app-path").write_text(str(LAYOUTS[name](folder, managers).relative_to(folder)))

    installed = cached(f"node-layout-{name}", SOURCES, install)
    copy = shutil.copytree(installed, tmp_path / "installed", symlinks=True)
    return copy / (copy / "app-path").read_text()


def unpacked(app: Path, tmp_path: Path, *options: str) -> Path:
    """Package the app, unpack the package elsewhere, and remove the app."""
    package = tmp_path / "package.zip"
    build(app, *options, env={"A": "1"}, to=package)
    run("unzip", "-q", package, "-d", tmp_path / "task")
    (tmp_path / "installed").rename(tmp_path / "gone")
    return tmp_path / "task"


def loadable(task: Path) -> dict[str, dict[str, str]]:
    program = "require('./index.js').handler().then((found) => console.log(JSON.stringify(found)))"
    found: dict[str, dict[str, str]] = json.loads(run("node", "-e", program, cwd=task))
    return found


def test_the_handler_loads_every_production_dependency_and_only_those_are_packaged(
    installed_app: Path, tmp_path: Path
) -> None:
    task = unpacked(installed_app, tmp_path)
    found = loadable(task)
    assert found["debug"]["ms"] == "2.1.2"
    assert found["app"]["debug"] == "4.3.4"
    if "root" in installed_app.parts:
        assert found["app"]["lib"] == "1.0.0"
    packages = {path.parent.name for path in task.rglob("package.json")}
    assert not packages & {"is-odd", "is-number", "is-even"}
    assert not [link for link in task.rglob("*") if link.is_symlink() and not link.exists()]


@pytest.mark.parametrize("installed_app", ["npm"], indirect=True)
def test_ranges_of_versions_are_parsed_as_by_npms_own_library(installed_app: Path) -> None:
    operators = ["", "^", "~", "~>", "=", ">", "<", ">=", "<="]
    numbers = ["0", "0.0.3", "0.2", "0.2.3", "1", "1.2", "1.2.3", "1.x", "1.2.x", "*", "1.2.3-rc.1"]
    ranges = [operator + number for operator in operators for number in numbers]
    ranges += ["0.2 - 1.2.3", ">0.2 <2", "^0.2.3 || ~1.2", ">= 1.2 < 3 || 0"]
    versions = ["0.0.3", "0.0.4", "0.2.4", "0.3.0", "1.0.0", "1.2.2", "1.2.3", "1.3.0", "2.0.0"]
    pairs = [(version, wanted) for version in versions for wanted in ranges]
    program = """
      const { satisfies } = require('semver')
      const pairs = JSON.parse(process.argv[1])
      console.log(JSON.stringify(pairs.map(([version, range]) => satisfies(version, range))))
    """
    expected = json.loads(run("node", "-e", program, json.dumps(pairs), cwd=installed_app))
    for (version, wanted), satisfied in zip(pairs, expected, strict=True):
        # A range that cannot be parsed counts as fitting, so that it is never a warning.
        assert fits(version, wanted) == satisfied or (fits(version, wanted) and "-rc" in wanted)


def test_each_package_loads_its_own_version_of_a_dependency(
    installed_app: Path, tmp_path: Path
) -> None:
    """In a workspace, `lib` needs another version of `ms` than `debug` does."""
    if "root" not in installed_app.parts:
        return
    task = unpacked(installed_app, tmp_path)
    program = """
      const { createRequire } = require('node:module')
      const lib = createRequire(require.resolve('lib'))
      console.log(lib('ms/package.json').version)
    """
    assert run("node", "-e", program, cwd=task) == "2.0.0\n"


def test_with_the_setting_development_dependencies_are_packaged(
    installed_app: Path, tmp_path: Path
) -> None:
    found = loadable(unpacked(installed_app, tmp_path, "--dev-dependencies"))
    assert found["app"]["is-odd"] == "3.0.1"


def test_the_package_is_the_same_wherever_the_app_is(installed_app: Path, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(
        tmp_path / "installed", tmp_path / "else" / "where", symlinks=True
    ) / installed_app.relative_to(tmp_path / "installed")
    packages = [tmp_path / "one.zip", tmp_path / "other.zip"]
    for folder, package in zip((installed_app, elsewhere), packages, strict=True):
        build(folder, env={"A": "1"}, to=package)
    assert packages[0].read_bytes() == packages[1].read_bytes()
