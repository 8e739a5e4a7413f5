"""What is installed with the packager is what was meant, and installing it runs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from tests.conftest import requires
from tests.service import Service, bare_environment

ROOT = Path(__file__).parents[2]


@requires("uv")
@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
def test_a_deploy_works_with_the_oldest_and_the_newest_dependencies(
    resolution: str, service: Service, function: str, tmp_path: Path
) -> None:
    """The bounds that pyproject.toml declares are true at both ends."""
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run(["uv", "venv", "-q", "-p", sys.executable, tmp_path / "venv"], check=True)
    install = f"uv pip install -q --resolution {resolution} -p".split()
    subprocess.run([*install, python, ROOT], check=True)
    app = tmp_path / "app"
    app.mkdir()
    (app / "package.json").write_text("{}")
    (app / ".lambdaignore").write_text("left-out\n")
    (app / "left-out").write_text("")
    (tmp_path / ".env").write_text("NAME='some value'\n")
    deploy: list[str | Path] = [
        python,
        "-m",
        "packager",
        "deploy",
        app,
        "--env-file",
        tmp_path / ".env",
    ]
    env = bare_environment() | service.settings(function)
    run = subprocess.run(deploy, env=env, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    (tmp_path / "package.zip").write_bytes(service.stored(function))
    with zipfile.ZipFile(tmp_path / "package.zip") as package:
        assert set(package.namelist()) == {"env.properties", "package.json"}
        assert package.read("env.properties") == b"NAME=some value\n"


def test_the_lock_of_the_buildpack_holds_with_all_its_hashes(tmp_path: Path) -> None:
    """Every file that pip fetches for it is one of those that were locked."""
    lock = ROOT / "bin" / "requirements.lock"
    pip = [sys.executable, "-m", "pip", "download", "-q", "--require-hashes", "--no-deps"]
    run = subprocess.run(
        [*pip, "--only-binary=:all:", "-d", tmp_path, "-r", lock],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert [*tmp_path.iterdir()]


def test_the_npm_package_runs_nothing_when_it_is_installed() -> None:
    """It has no script that npm runs by itself, and no dependency that could have one."""
    package = json.loads((ROOT / "sdk_node" / "package.json").read_text())
    assert package["scripts"].keys() == {"test", "lint"}
    kinds = ("dependencies", "optionalDependencies", "peerDependencies", "bin", "gypfile")
    assert not [kind for kind in kinds if kind in package]
    assert not (ROOT / "sdk_node" / "binding.gyp").exists()


def test_the_maven_package_brings_nothing_with_it() -> None:
    """It has no dependency beyond its tests, and is a plain jar, not a plugin that Maven runs."""
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    project = ET.parse(ROOT / "sdk_java" / "pom.xml").getroot()
    assert project.findtext("m:packaging", "jar", space) == "jar"
    scopes = [
        found.findtext("m:scope", "compile", space)
        for found in project.findall("m:dependencies/m:dependency", space)
    ]
    assert scopes
    assert set(scopes) == {"test"}
