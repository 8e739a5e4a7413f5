"""Images of apps in each language, built by stand-ins for Heroku's buildpacks, and deployed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import cached, requires
from tests.integration.buildpack import layers
from tests.integration.buildpack.cnb import Image
from tests.integration.buildpack.conftest import MakePlatform
from tests.integration.buildpack.heroku import REPOSITORY
from tests.integration.buildpack.test_dyno import CONFIG, config_in, package
from tests.service import Service

# What is in the environment of each process, and is not config.
OF_THE_PLATFORM = {"HOME", "HOSTNAME", "PATH", "WEB_CONCURRENCY", "WEB_MEMORY", "JAVA_HOME"}
PNPM = "10.20.0"


def example(name: str, folder: Path) -> Path:
    """Copy an example, as it is in git."""
    left_out = shutil.ignore_patterns("node_modules", "target", ".env")
    return Path(shutil.copytree(REPOSITORY / "examples" / name, folder / "app", ignore=left_out))


def deploy(image: Image, service: Service, function: str, **settings: str) -> set[str]:
    """Deploy by the image's process; give the names in the package of the function."""
    run = image.start("deploy", CONFIG | service.settings(function) | settings)
    assert run.returncode == 0, run.stderr
    stored = package(service, function)
    config = config_in(stored)
    assert config["GREETING"] == CONFIG["GREETING"]
    assert not OF_THE_PLATFORM & config.keys()
    return set(stored.namelist())


@requires("npm")
def test_a_node_app_is_deployed_with_its_modules(
    make_platform: MakePlatform,
    python_config: Mapping[str, str],
    service: Service,
    function: str,
    tmp_path: Path,
) -> None:
    """Installed by npm into the app's folder."""
    image = make_platform("nodejs").build(example("node", tmp_path), python_config).image
    assert {"index.js", "node_modules/ms/index.js"} <= deploy(image, service, function)


@requires("npm", "node")
def test_a_node_app_whose_store_is_a_layer_runs_with_its_modules(
    make_platform: MakePlatform,
    python_config: Mapping[str, str],
    service: Service,
    function: str,
    tmp_path: Path,
) -> None:
    """By pnpm: links lead out of the app, and modules need others beside them in the store."""
    pnpm = cached("pnpm", Path(__file__).parent / "languages" / "nodejs", install_pnpm)
    path = f"{pnpm / 'node_modules' / '.bin'}:/usr/local/bin:/usr/bin:/bin"
    app = tmp_path / "app"
    app.mkdir()
    manifest = {"dependencies": {"debug": "4.4.3"}, "packageManager": f"pnpm@{PNPM}"}
    (app / "package.json").write_text(json.dumps(manifest))
    (app / "index.js").write_text("require('debug'); exports.handler = async () => 1\n")
    program = str(pnpm / "node_modules" / ".bin" / "pnpm")
    subprocess.run(
        [program, "install", "--lockfile-only"], cwd=app, check=True, capture_output=True
    )
    build = make_platform("nodejs").build(app, python_config, machine={"PATH": path})
    module = build.workspace / "node_modules" / "debug"
    assert not module.resolve(strict=True).is_relative_to(build.workspace)
    deploy(build.image, service, function)
    with package(service, function) as stored:
        stored.extractall(tmp_path / "unpacked")
        for info in stored.infolist():
            if info.external_attr >> 16 & 0o170000 == 0o120000:
                link = tmp_path / "unpacked" / info.filename
                link.unlink()
                link.symlink_to(stored.read(info).decode())
    run = subprocess.run(
        ["node", "-e", "require('./index.js')"],
        cwd=tmp_path / "unpacked",
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")


def install_pnpm(folder: Path) -> None:
    command = ["npm", "install", "--no-audit", "--no-fund", f"pnpm@{PNPM}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@requires("mvn", "java")
def test_a_java_app_is_deployed_as_its_jar(
    make_platform: MakePlatform,
    python_config: Mapping[str, str],
    service: Service,
    function: str,
    tmp_path: Path,
) -> None:
    """With the variables that heroku/jvm adds for the app, without those for its own processes."""
    function = f"{function}-java"
    service.create_function(function, runtime="java21", handler="example.Hello")
    image = make_platform("jvm").build(example("java", tmp_path), python_config).image
    names = deploy(image, service, function, _LAMBDA_JAR_FILE="target/hello.jar")
    assert "example/Hello.class" in names
    config = config_in(package(service, function))
    assert config["JDBC_DATABASE_URL"] == "jdbc:postgresql://db.example/app"
    assert "JAVA_TOOL_OPTIONS" not in config


def test_a_python_app_is_deployed_with_the_wheels_of_its_image(
    make_platform: MakePlatform,
    python_config: Mapping[str, str],
    service: Service,
    function: str,
    tmp_path: Path,
) -> None:
    """They are a layer of their own, which stays the same where nothing changed."""
    function = f"{function}-python"
    service.create_function(
        function, runtime="python3.13", handler="lambda_function.lambda_handler"
    )
    app, platform = example("python", tmp_path), make_platform("python")
    variables = {**python_config, "_LAMBDA_RUNTIME": "python3.13"}
    first = platform.build(app, variables).image
    digests = [layers.digest(first.layer(name)) for name in ("packager", "wheels")]
    again = platform.build(app, variables)
    assert "Using the Lambda packager of the previous image" in again.log
    assert [layers.digest(again.image.layer(name)) for name in ("packager", "wheels")] == digests
    for installer in ("uv", "pip"):
        assert not list(again.image.layer("packager").rglob(installer))
    names = deploy(again.image, service, function, HTTPS_PROXY="http://127.0.0.1:9")
    assert {"lambda_function.py", "durationpy/__init__.py"} <= names
    config = config_in(package(service, function))
    assert not {"VIRTUAL_ENV", "PYTHONUNBUFFERED"} & config.keys()
