"""Images of apps in each language, built by stand-ins for Heroku's buildpacks, and deployed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.commands import run
from tests.conftest import cached, requires
from tests.integration.buildpack import layers
from tests.integration.buildpack.cnb import Image
from tests.integration.buildpack.conftest import MakePlatform
from tests.integration.buildpack.heroku import REPOSITORY
from tests.integration.buildpack.test_dyno import CONFIG
from tests.service import Service
from tests.trees import plant

# Variables of each process that are not config.
OF_THE_PLATFORM = {"HOME", "HOSTNAME", "PATH", "WEB_CONCURRENCY", "WEB_MEMORY", "JAVA_HOME"}
PNPM = "10.20.0"


def example(name: str, folder: Path) -> Path:
    """Copy an example, as it is in git."""
    left_out = shutil.ignore_patterns("node_modules", "target", ".env")
    return Path(shutil.copytree(REPOSITORY / "examples" / name, folder / "app", ignore=left_out))


def deploy_from(image: Image, service: Service, function: str, **settings: str) -> set[str]:
    """Deploy with the image's process `deploy`; return the names in the function's package."""
    process = image.start("deploy", CONFIG | service.settings(function) | settings)
    assert process.returncode == 0, process.stderr
    config = service.config(function)
    assert config["GREETING"] == CONFIG["GREETING"]
    assert not OF_THE_PLATFORM & config.keys()
    return {*service.package(function).namelist()}


@requires("npm")
def test_a_node_app_is_deployed_with_its_modules(
    make_platform: MakePlatform,
    python_config: Mapping[str, str],
    service: Service,
    function: str,
    tmp_path: Path,
) -> None:
    """Npm has installed them in the app's folder."""
    image = make_platform("nodejs").build(example("node", tmp_path), python_config).image
    assert {"index.js", "node_modules/ms/index.js"} <= deploy_from(image, service, function)


@requires("npm", "node")
def test_a_node_app_whose_store_is_a_layer_runs_with_its_modules(
    make_platform: MakePlatform,
    python_config: Mapping[str, str],
    service: Service,
    function: str,
    tmp_path: Path,
) -> None:
    """Pnpm's links lead out of the app, and modules need other modules of the store."""
    pnpm = cached("pnpm", Path(__file__).parent / "languages" / "nodejs", install_pnpm)
    path = f"{pnpm / 'node_modules' / '.bin'}:/usr/local/bin:/usr/bin:/bin"
    manifest = {"dependencies": {"debug": "4.4.3"}, "packageManager": f"pnpm@{PNPM}"}
    files = {
        "package.json": json.dumps(manifest),
        "index.js": "require('debug'); exports.handler = async () => 1\n",
    }
    app = plant(tmp_path / "app", files)
    run(pnpm / "node_modules" / ".bin" / "pnpm", "install", "--lockfile-only", cwd=app)
    build = make_platform("nodejs").build(app, python_config, machine={"PATH": path})
    module = build.workspace / "node_modules" / "debug"
    assert not module.resolve(strict=True).is_relative_to(build.workspace)
    deploy_from(build.image, service, function)
    with service.package(function) as stored:
        stored.extractall(tmp_path / "unpacked")
        for info in stored.infolist():
            if info.external_attr >> 16 & 0o170000 == 0o120000:
                link = tmp_path / "unpacked" / info.filename
                link.unlink()
                link.symlink_to(stored.read(info).decode())
    run("node", "-e", "require('./index.js')", cwd=tmp_path / "unpacked")


def install_pnpm(folder: Path) -> None:
    run("npm", "install", "--no-audit", "--no-fund", f"pnpm@{PNPM}", cwd=folder)


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
    names = deploy_from(image, service, function, _LAMBDA_JAR_FILE="target/hello.jar")
    assert "example/Hello.class" in names
    config = service.config(function)
    assert config["JDBC_DATABASE_URL"] == "jdbc:postgresql://db.example/app"
    assert "JAVA_TOOL_OPTIONS" not in config


def test_a_python_app_is_deployed_with_the_wheels_of_its_image(
    make_platform: MakePlatform,
    python_config: Mapping[str, str],
    service: Service,
    python_function: str,
    tmp_path: Path,
) -> None:
    """The wheels have their own layer, which stays the same if nothing changes."""
    app, platform = example("python", tmp_path), make_platform("python")
    variables = {**python_config, "_LAMBDA_RUNTIME": "python3.13"}
    first = platform.build(app, variables).image
    digests = [layers.digest(first.layer(name)) for name in ("packager", "wheels")]
    again = platform.build(app, variables)
    assert "Using the Lambda packager of the previous image" in again.log
    assert [layers.digest(again.image.layer(name)) for name in ("packager", "wheels")] == digests
    for installer in ("uv", "pip"):
        assert not list(again.image.layer("packager").rglob(installer))
    names = deploy_from(again.image, service, python_function, HTTPS_PROXY="http://127.0.0.1:9")
    assert {"lambda_function.py", "durationpy/__init__.py"} <= names
    config = service.config(python_function)
    assert not {"VIRTUAL_ENV", "PYTHONUNBUFFERED"} & config.keys()
