"""Apps that their language's buildpack has not built: the build says so, and how to fix it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.buildpack import heroku
from tests.integration.buildpack.conftest import Build, MakePlatform
from tests.service import Service
from tests.trees import contents

NODE_COMMANDS = ["heroku buildpacks:add --index 1 heroku/nodejs", "git push heroku main"]


def node_app(folder: Path, **manifest: object) -> Path:
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps(manifest))
    (folder / "index.js").touch()
    return folder


def commands(log: str) -> list[str]:
    """Return the indented commands of an error in a build's log."""
    lines = (line.removeprefix(" !     ").rstrip() for line in log.splitlines())
    return [line.strip() for line in lines if line.startswith(("  heroku", "  git"))]


def test_a_node_app_without_its_dependencies_fails_with_the_commands_that_fix_it(
    build: Build, tmp_path: Path
) -> None:
    """The error comes before the deploy, not at the function's first call."""
    app = node_app(tmp_path / "app", dependencies={"ms": "2.1.3", "express": "^5"})
    pushed = build(app)
    assert pushed.status == 1
    assert "The app's dependencies are not installed: express, ms." in pushed.log
    assert commands(pushed.log) == NODE_COMMANDS
    assert contents(pushed.folder) == contents(app)


@pytest.mark.parametrize(("file", "language"), [("pom.xml", "java"), ("gradlew", "gradle")])
def test_a_java_app_without_a_jar_fails_with_the_commands_that_fix_it(
    build: Build, tmp_path: Path, file: str, language: str
) -> None:
    """Jars of the tools that build it do not count."""
    app = tmp_path / "app"
    for tools in (".jdk/lib", ".heroku", "gradle/wrapper"):
        (app / tools).mkdir(parents=True)
        (app / tools / "tool.jar").touch()
    (app / file).touch()
    pushed = build(app)
    assert pushed.status == 1
    assert f"The app has a {file}, but no jar." in pushed.log
    expected = [f"heroku buildpacks:add --index 1 heroku/{language}", "git push heroku main"]
    assert commands(pushed.log) == expected


def test_in_a_cloud_native_build_the_fix_is_in_project_toml(
    make_platform: MakePlatform, app: Path, python_config: Mapping[str, str], tmp_path: Path
) -> None:
    """Also where the image before has a packager that could be taken over."""
    platform = make_platform()
    platform.build(app, python_config)
    unbuilt = node_app(tmp_path / "unbuilt", dependencies={"ms": "2.1.3"})
    build = platform.build(unbuilt, python_config)
    assert build.status == 1
    assert '[[io.buildpacks.group]] with id = "heroku/nodejs"' in build.log
    assert "heroku buildpacks:add" not in build.log


@pytest.mark.parametrize(
    "manifest",
    [
        {"devDependencies": {"express": "^5"}},
        {"dependencies": {}},
        {"dependencies": {"@aws-sdk/client-s3": "^3"}},
        {"optionalDependencies": {"fsevents": "^2"}},
        {"pnpm": {"packageExtensions": {"a": {"dependencies": {"b": "1"}}}}},
    ],
)
def test_a_node_app_that_needs_no_modules_is_built(
    build: Build, tmp_path: Path, manifest: Mapping[str, object]
) -> None:
    """Packages that the runtime provides need not be installed."""
    pushed = build(node_app(tmp_path / "app", **manifest))
    assert pushed.status == 0, pushed.log


def test_a_bundled_app_needs_no_node_modules(build: Build, tmp_path: Path) -> None:
    """Its .lambdaignore leaves node_modules out."""
    app = node_app(tmp_path / "app", dependencies={"express": "^5"})
    (app / ".lambdaignore").write_text("node_modules\n")
    assert build(app).status == 0


@pytest.mark.parametrize("setting", [{"_LAMBDA_ZIP_FILE": "a.zip"}, {"_LAMBDA_CHECKS": "warn"}])
def test_the_settings_can_say_that_no_modules_are_needed(
    build: Build, tmp_path: Path, setting: Mapping[str, str]
) -> None:
    """The package is a file that is made otherwise, or checks only warn."""
    app = node_app(tmp_path / "app", dependencies={"express": "^5"})
    assert build(app, **setting).status == 0


def test_a_java_app_with_a_jar_is_built(build: Build, tmp_path: Path) -> None:
    """Wherever its own build has put the jar."""
    app = tmp_path / "app"
    (app / "target").mkdir(parents=True)
    (app / "pom.xml").touch()
    (app / "target" / "function.jar").touch()
    pushed = build(app)
    assert pushed.status == 0, pushed.log


def test_the_sample_of_the_old_buildpack_works_unchanged(
    build: Build, service: Service, function: str, tmp_path: Path
) -> None:
    """A Node.js function without dependencies, with only the buildpack's address changed."""
    app = tmp_path / "sample"
    app.mkdir()
    (app / "index.js").write_text("module.exports = { main: (event, context) => 1 }\n")
    (app / "package.json").write_text(
        json.dumps({"name": "sample", "version": "1.0.0", "main": "index.js", "license": "ISC"})
    )
    run = heroku.release(build(app)).run("deploy", {"A": "1"} | service.settings(function))
    assert run.returncode == 0, run.stderr
    stored = service.package(function)
    assert stored.read("index.js") == (app / "index.js").read_bytes()
    assert service.config(function)["A"] == "1"
