"""The installed dependencies are the intended ones, and their installation runs no code."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.commands import bare_environment, run
from tests.conftest import requires
from tests.service import Service
from tests.trees import plant

ROOT = Path(__file__).parents[2]

# Maximum seconds for a watch that never ends; normally it ends earlier.
PATIENCE = 120.0


# Prints the versions that an environment's packager allows, and those that are installed.
_VERSIONS = """
import json
from importlib import metadata

wanted = metadata.requires("heroku-lambda-packager")
installed = {found.metadata["Name"].lower(): found.version for found in metadata.distributions()}
print(json.dumps([wanted, installed]))
"""


@pytest.fixture(scope="module", params=["lowest-direct", "highest"])
def resolution(request: pytest.FixtureRequest) -> str:
    """The end of the dependencies' bounds to install, as uv names it."""
    return str(request.param)


@pytest.fixture(scope="module")
def python(resolution: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the packager and these dependencies."""
    return installed(str(ROOT), resolution, tmp_path_factory.mktemp("oldest-or-newest") / "venv")


def installed(what: str, resolution: str, folder: Path) -> Path:
    """Create an environment with `what` installed; return its Python."""
    python = folder / "bin" / "python"
    run("uv", "venv", "-q", "-p", sys.executable, folder)
    run("uv", "pip", "install", "-q", "--resolution", resolution, "-p", python, what)
    return python


@pytest.fixture
def app_with_env_file(tmp_path: Path) -> Path:
    """A Node.js app with an ignored file, and an env file beside it."""
    files = {
        ".env": "NAME='some value'\n",
        "app/package.json": "{}",
        "app/index.js": "exports.handler = async () => 'first'\n",
        "app/.lambdaignore": "left-out\n",
        "app/left-out": "",
    }
    return plant(tmp_path, files) / "app"


def command_line(python: Path, command: str, app: Path, *more: str) -> list[str | Path]:
    """Return the command line that runs `command` for `app` with its env file."""
    env_file = app.with_name(".env")
    return [python, "-m", "packager", command, app, "--env-file", env_file, *more]


@requires("uv")
def test_each_dependency_has_bounds_and_its_oldest_version_is_the_lower_bound(
    python: Path, resolution: str
) -> None:
    """The other tests install these bounds, so they test what pyproject.toml declares."""
    wanted, versions = json.loads(run(python, "-c", _VERSIONS))
    requirements = [Requirement(line) for line in wanted]
    for found in (found for found in requirements if found.marker is None):
        bounds = {bound.operator: Version(bound.version) for bound in found.specifier}
        assert {">=", "<"} <= bounds.keys(), found
        version = Version(versions[found.name])
        assert version in found.specifier
        assert resolution == "highest" or version == bounds[">="], found


@requires("uv")
def test_a_deploy_works_with_the_oldest_and_the_newest_dependencies(
    python: Path, service: Service, function: str, app_with_env_file: Path
) -> None:
    """The declared bounds in pyproject.toml are correct at both ends."""
    env = bare_environment() | service.settings(function)
    deploy = command_line(python, "deploy", app_with_env_file)
    done = subprocess.run(deploy, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert {*service.package(function).namelist()} == {"env.properties", "index.js", "package.json"}
    assert service.config(function) == {"NAME": "some value"}


@requires("uv")
def test_a_watch_works_with_the_oldest_and_the_newest_dependencies(
    python: Path, service: Service, function: str, app_with_env_file: Path, temporary: Path
) -> None:
    """It deploys at once, deploys again after a change, and ends cleanly when it is interrupted."""
    env = bare_environment(temporary) | service.settings(function)
    watch = command_line(python, "watch", app_with_env_file, "--json-lines")
    with subprocess.Popen(watch, env=env, stdout=subprocess.PIPE, text=True) as process:
        give_up = threading.Timer(PATIENCE, process.kill)
        give_up.start()
        try:
            assert process.stdout
            events = (json.loads(line)["event"] for line in process.stdout)
            assert "deployed" in events
            (temporary / "index.js").write_text("exports.handler = async () => 'second'\n")
            (temporary / "index.js").rename(app_with_env_file / "index.js")
            assert "deployed" in events
            process.send_signal(signal.SIGINT)
            assert process.wait() == 128 + signal.SIGINT
        finally:
            give_up.cancel()
            process.kill()
    assert b"second" in service.package(function).read("index.js")
    assert not [*temporary.iterdir()]


@requires("uv", "node")
def test_a_local_deploy_works_with_the_oldest_and_the_newest_dependencies(
    resolution: str, app_with_env_file: Path, temporary: Path, tmp_path: Path
) -> None:
    """The embedded service accepts the package, and the function responds."""
    # A separate environment, because the extra's dependencies have bounds of their own.
    python = installed(f"{ROOT}[local]", resolution, tmp_path / "venv")
    deploy = command_line(python, "deploy", app_with_env_file, "--local")
    env = bare_environment(temporary)
    assert '"first"' in run(*deploy, env=env)
    assert not [*temporary.iterdir()]


def test_every_download_of_the_buildpack_matches_a_hash_in_its_lock(tmp_path: Path) -> None:
    """Every file that pip downloads for the buildpack matches a hash in its lock."""
    lock = ROOT / "bin" / "requirements.lock"
    pip = (sys.executable, "-m", "pip", "download", "-q", "--require-hashes", "--no-deps")
    run(*pip, "--only-binary=:all:", "-d", tmp_path, "-r", lock)
    assert [*tmp_path.iterdir()]


def test_installing_the_npm_package_runs_no_script() -> None:
    """The package has no script that npm runs by itself, and no dependency."""
    package = json.loads((ROOT / "sdk_node" / "package.json").read_text())
    assert package["scripts"].keys() == {"test", "lint"}
    kinds = ("dependencies", "optionalDependencies", "peerDependencies", "bin", "gypfile")
    assert not [kind for kind in kinds if kind in package]
    assert not (ROOT / "sdk_node" / "binding.gyp").exists()


@requires("node", "npm")
def test_npm_finds_no_script_in_the_package(tmp_path: Path) -> None:
    """It is packed and installed by npm with scripts allowed, and npm finds none."""
    npm = ("npm", "--cache", tmp_path / "cache", "--ignore-scripts=false")
    pack = (*npm, "pack", "--json", "--pack-destination", tmp_path)
    tarball = tmp_path / json.loads(run(*pack, cwd=ROOT / "sdk_node"))[0]["filename"]
    (tmp_path / "package.json").write_text("{}")
    run(*npm, "install", "--offline", "--no-audit", tarball, cwd=tmp_path)
    # npm lists packages with install scripts here, also those that node-gyp builds.
    lock = json.loads((tmp_path / "node_modules" / ".package-lock.json").read_text())
    assert lock["packages"].keys() == {"node_modules/env-properties"}
    assert "hasInstallScript" not in lock["packages"]["node_modules/env-properties"]


def test_the_maven_package_has_no_dependencies() -> None:
    """It has only test dependencies, and is a plain jar, not a plugin that Maven runs."""
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    project = ET.parse(ROOT / "sdk_java" / "pom.xml").getroot()
    assert project.findtext("m:packaging", "jar", space) == "jar"
    scopes = [
        found.findtext("m:scope", "compile", space)
        for found in project.findall("m:dependencies/m:dependency", space)
    ]
    assert scopes
    assert set(scopes) == {"test"}
    # Other elements that make Maven read or run foreign code.
    for kind in ("parent", "repositories", "pluginRepositories", "profiles", "build/m:extensions"):
        assert project.find(f"m:{kind}", space) is None, kind
    assert project.find(".//m:plugin/m:extensions", space) is None
