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

from tests.commands import packager
from tests.conftest import cached, requires
from tests.service import Service

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

    def build(folder: Path) -> None:
        project = folder / "project"
        shutil.copytree(source, project)
        subprocess.run(["mvn", "-q", "-B", "package"], cwd=project, check=True)

    return cached("shaded-jar", source, build) / "project" / "target" / "shaded.jar"


@pytest.fixture(scope="session")
def node_app() -> Path:
    """An app with a few hundred packages in its node_modules."""
    source = Path(__file__).parent / "node-app"

    def build(folder: Path) -> None:
        app = folder / "app"
        shutil.copytree(source, app)
        install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(install, cwd=app, check=True)

    return cached("node-app", source, build) / "app"


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
    run = packager("deploy", app, *options, env=env, temporary=temporary)
    assert (run.returncode, run.stderr) == (0, "")
    assert not list(temporary.iterdir())
    to.write_bytes(service.stored(name))
    built = to.with_name("built.zip")
    build = packager("build", app, "-o", built, *options, env=CONFIG, temporary=temporary)
    assert build.returncode == 0
    assert built.read_bytes() == to.read_bytes()
    return to


def is_accepted(package: Path) -> None:
    """Check the package with unzip, zip, jar and zipfile."""
    for test in (["unzip", "-tqq"], ["zip", "-Tq"], ["jar", "tf"]):
        run = subprocess.run([*test, str(package)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, (test, run.stdout[-1000:], run.stderr)
    with zipfile.ZipFile(package) as archive:
        assert archive.testzip() is None


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

    run = subprocess.run(["java", "-jar", package], capture_output=True, check=True)
    assert json.loads(run.stdout).items() >= CONFIG.items()


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
    run = subprocess.run(["java", program, package], capture_output=True, text=True, check=True)
    manifest, last = run.stdout.split()
    assert (manifest, last) == ("shaded.Main", "env.properties")


@requires("npm", "zip", "unzip", "jar")
def test_a_node_app_with_hundreds_of_packages_is_deployed(
    service: Service, node_app: Path, tmp_path: Path, temporary: Path
) -> None:
    assert len(list(node_app.glob("node_modules/**/package.json"))) > 200
    package = deployed(service, node_app, to=tmp_path / "node.zip", temporary=temporary)
    is_accepted(package)
    unpacked = tmp_path / "unpacked"
    subprocess.run(["unzip", "-q", package, "-d", unpacked], check=True)
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
    app = tmp_path / "app"
    app.mkdir()
    (app / "handler.rb").write_text("def handler(event:, context:) = 1\n")
    subprocess.run(["zip", "-q", "ready.zip", "handler.rb"], cwd=app, check=True)
    package = deployed(
        service, app, "--zip", "ready.zip", to=tmp_path / "ready.zip", temporary=temporary
    )
    is_accepted(package)
    assert list(compressed(package)) == ["handler.rb", "env.properties"]
