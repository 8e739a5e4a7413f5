"""Packages as large as real ones, deployed by the command and checked with common tools."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.archives import is_accepted
from tests.commands import build, packager, run
from tests.conftest import cached, requires
from tests.service import Service
from tests.trees import plant

CONFIG = {
    "URL": "postgres://user:p%40ss@host:5432/db?a=b#c!",
    "TWO_LINES": "one\ntwo\\",
    "UNICODE": "é 😀",
    "PADDED": "  x  ",
}


@pytest.fixture(scope="session")
def shaded_jar() -> Path:
    """A shaded jar that contains the AWS SDK and Jackson."""
    source = Path(__file__).parent / "shaded"

    def compile_jar(folder: Path) -> None:
        project = shutil.copytree(source, folder / "project")
        run("mvn", "-q", "-B", "package", cwd=project)

    return cached("shaded-jar", source, compile_jar) / "project" / "target" / "shaded.jar"


@pytest.fixture(scope="session")
def node_app() -> Path:
    """An app with a few hundred packages in its node_modules."""
    source = Path(__file__).parent / "node-app"

    def install(folder: Path) -> None:
        app = shutil.copytree(source, folder / "app")
        options = ("--no-audit", "--no-fund", "--ignore-scripts", "--silent")
        run("npm", "install", *options, cwd=app)

    return cached("node-app", source, install) / "app"


def compressed(package: Path | io.BytesIO) -> dict[str, bytes]:
    """Return the entries in order, each with its compressed bytes as stored in the file."""
    with zipfile.ZipFile(package) as archive:
        file = archive.fp
        assert file is not None
        entries = {}
        for info in archive.infolist():
            file.seek(info.header_offset + 26)
            name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
            file.seek(name + extra, os.SEEK_CUR)
            entries[info.filename] = file.read(info.compress_size)
    return entries


def deployed(service: Service, app: Path, *options: str, to: Path, temporary: Path) -> Path:
    """Deploy, and write the package that the service stores to the file `to`."""
    name = f"function-{to.stem}"
    service.create_function(name)
    env = CONFIG | service.settings(name)
    deploy = packager("deploy", app, *options, env=env, temporary=temporary)
    assert (deploy.returncode, deploy.stderr) == (0, "")
    to.write_bytes(service.stored(name))
    built = to.with_name("built.zip")
    build(app, *options, env=CONFIG, to=built, temporary=temporary)
    assert built.read_bytes() == to.read_bytes()
    return to


@requires("mvn", "java", "jar", "zip", "unzip")
def test_a_shaded_jar_is_deployed_with_its_config_and_otherwise_unchanged(
    service: Service, shaded_jar: Path, tmp_path: Path, temporary: Path
) -> None:
    app, jar = shaded_jar.parent, shaded_jar.name
    before = shaded_jar.read_bytes()
    package = deployed(service, app, "--jar", jar, to=tmp_path / "shaded.jar", temporary=temporary)
    assert shaded_jar.read_bytes() == before
    assert len(before) > 20e6
    is_accepted(package)

    entries = compressed(package)
    assert list(entries)[-1] == "env.properties"
    del entries["env.properties"]
    unchanged = compressed(shaded_jar)
    assert list(entries) == list(unchanged)
    assert entries == unchanged

    assert json.loads(run("java", "-jar", package)).items() >= CONFIG.items()


@requires("java", "mvn")
def test_a_jar_with_config_can_be_read_as_a_stream(
    service: Service, shaded_jar: Path, tmp_path: Path, temporary: Path
) -> None:
    package = deployed(
        service,
        shaded_jar.parent,
        "--jar",
        shaded_jar.name,
        to=tmp_path / "stream.jar",
        temporary=temporary,
    )
    program = Path(__file__).parent / "StreamJar.java"
    assert run("java", program, package).split() == ["shaded.Main", "env.properties"]


@requires("npm", "zip", "unzip", "jar")
def test_a_node_app_with_hundreds_of_packages_is_deployed(
    service: Service, node_app: Path, tmp_path: Path, temporary: Path
) -> None:
    assert len(list(node_app.glob("node_modules/**/package.json"))) > 200
    package = deployed(service, node_app, to=tmp_path / "node.zip", temporary=temporary)
    is_accepted(package)
    unpacked = tmp_path / "unpacked"
    run("unzip", "-q", package, "-d", unpacked)
    differences = subprocess.run(
        ["diff", "-r", "--no-dereference", node_app, unpacked],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    stay_out = (
        f"Only in {node_app}: .",
        f"Only in {node_app / 'node_modules'}: .package-lock.json",
    )
    only_ours = [line for line in differences if "env.properties" not in line]
    assert [line for line in only_ours if not line.startswith(stay_out)] == []


@requires("zip", "unzip", "jar")
def test_a_ready_made_zip_is_deployed(service: Service, tmp_path: Path, temporary: Path) -> None:
    app = plant(tmp_path / "app", {"handler.rb": "def handler(event:, context:) = 1\n"})
    run("zip", "-q", "ready.zip", "handler.rb", cwd=app)
    package = deployed(
        service, app, "--zip", "ready.zip", to=tmp_path / "ready.zip", temporary=temporary
    )
    is_accepted(package)
    assert list(compressed(package)) == ["handler.rb", "env.properties"]
