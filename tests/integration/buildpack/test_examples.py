"""The examples as Heroku apps: built by their language's tools and this buildpack, and deployed."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from dotenv import dotenv_values

from tests.commands import run
from tests.conftest import requires
from tests.integration.buildpack import heroku
from tests.integration.buildpack.conftest import Build
from tests.integration.buildpack.heroku import PACKAGER, REPOSITORY, Slug
from tests.integration.buildpack.test_dyno import CONFIG, injected
from tests.service import Service


def built(name: str, folder: Path) -> Path:
    """Copy an example and build it as the buildpack of its language does."""
    app = folder / "example"
    source = REPOSITORY / "examples" / name
    shutil.copytree(source, app, ignore=shutil.ignore_patterns("node_modules", "target", ".env"))
    if name == "node":
        run("npm", "ci", "--no-audit", "--no-fund", cwd=app)
    if name == "java":
        run("mvn", "-q", "-B", "-DskipTests", "package", cwd=app)
    return app


def deployed(
    slug: Slug, service: Service, name: str, function: str, **settings: str
) -> zipfile.ZipFile:
    """Deploy with the process of the Procfile; check that the function has the dyno's config."""
    example = dotenv_values(REPOSITORY / "examples" / name / ".env", interpolate=False)
    of_the_example = {key: value or "" for key, value in example.items()}
    machine = heroku.of_the_machine()
    config = CONFIG | of_the_example | machine | service.settings(function) | settings
    [line] = (slug.folder / "Procfile").read_text().splitlines()
    run = slug.run(line.removeprefix("deploy: "), config)
    assert run.returncode == 0, run.stderr
    stored = service.package(function)
    assert service.config(function) == injected(slug, config)
    return stored


@requires("npm")
def test_the_node_example_is_deployed_with_its_modules(
    build: Build, service: Service, function: str, tmp_path: Path
) -> None:
    slug = heroku.release(build(built("node", tmp_path)))
    stored = deployed(slug, service, "node", function)
    assert {"index.js", "node_modules/ms/index.js"} <= set(stored.namelist())
    assert not [name for name in stored.namelist() if name.startswith(".")]


@requires("mvn", "java")
def test_the_java_example_is_deployed_as_its_jar(
    build: Build, service: Service, function: str, tmp_path: Path
) -> None:
    slug = heroku.release(build(built("java", tmp_path)))
    stored = deployed(slug, service, "java", function, _LAMBDA_JAR_FILE="target/hello.jar")
    with zipfile.ZipFile(slug.folder / "target" / "hello.jar") as jar:
        assert stored.namelist() == [*jar.namelist(), "env.properties"]
        assert {name: stored.read(name) for name in jar.namelist()} == {
            name: jar.read(name) for name in jar.namelist()
        }


@pytest.mark.parametrize("python", ["standalone", "heroku/python"])
def test_the_python_example_is_deployed_with_its_dependencies(
    build: Build,
    service: Service,
    python_function: str,
    herokus_python: Path,
    tmp_path: Path,
    python: str,
) -> None:
    app = built("python", tmp_path)
    if python == "heroku/python":
        shutil.copytree(herokus_python, app, symlinks=True, dirs_exist_ok=True)
    slug = heroku.release(build(app, _LAMBDA_RUNTIME="python3.13"))
    # The build has installed them: a dyno needs neither an installer nor an index.
    assert not [path for path in (slug.folder / PACKAGER).rglob("*") if path.stem in ("uv", "pip")]
    stored = deployed(slug, service, "python", python_function, HTTPS_PROXY="http://127.0.0.1:9")
    assert {"lambda_function.py", "durationpy/__init__.py"} <= set(stored.namelist())
    assert not [name for name in stored.namelist() if name.startswith(".")]


def test_a_function_with_another_runtime_than_the_build_was_for_is_an_error(
    build: Build, service: Service, python_function: str, tmp_path: Path
) -> None:
    """It names the settings, and nothing is sent."""
    app = built("python", tmp_path)
    (app / ".python-version").write_text("3.12\n")
    slug = heroku.release(build(app))
    before = service.stored(python_function)
    run = slug.run("deploy", service.settings(python_function))
    assert run.returncode == 2
    assert "_LAMBDA_RUNTIME=python3.13" in run.stderr
    assert service.stored(python_function) == before


def test_a_python_app_whose_runtime_is_not_known_fails_at_the_build(
    build: Build, tmp_path: Path
) -> None:
    """A dyno could not install its dependencies later."""
    pushed = build(built("python", tmp_path))
    assert pushed.status == 1
    assert "heroku config:set _LAMBDA_RUNTIME=python3.13" in pushed.log
