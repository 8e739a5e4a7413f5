"""Readers that are copied into projects work there, and stale copies are reported."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from packager.vendor import vendor
from tests.commands import packager, run
from tests.conftest import requires
from tests.unit.test_vendor import FILES, tree

ROOT = Path(__file__).parents[2]


def test_a_missing_folder_has_another_exit_status_than_a_stale_copy(tmp_path: Path) -> None:
    """It is 2, as for any wrong command line, and not 1."""
    assert packager("vendor", "python", tmp_path, "--check").returncode == 1
    assert packager("vendor", "python", tmp_path / "absent", "--check").returncode == 2


def test_check_shows_the_command_that_updates_a_stale_copy(tmp_path: Path) -> None:
    """The hint is a command that can be pasted."""
    asks = ("vendor", "node", tmp_path, "--check")
    again = f"`packager vendor node {tmp_path}"
    assert f"{again}` writes it" in packager(*asks).stderr
    for copy in vendor("node", tmp_path):
        copy.path.write_bytes(copy.path.read_bytes() + b"\n")
    assert f"{again} --force` writes it" in packager(*asks).stderr


def output_beside_a_config(*program: str, folder: Path) -> str:
    """Run a program in a folder that has a vendored reader and an `env.properties`."""
    environment = {**os.environ, "LAMBDA_TASK_ROOT": str(folder), "PYTHONPATH": str(folder)}
    environment.pop("ENV_PROPERTIES_FILE", None)
    (folder / "env.properties").write_bytes(rb"GREETING=caf\u00e9")
    return run(*program, cwd=folder, env=environment).strip()


def test_a_vendored_python_reader_reads(tmp_path: Path) -> None:
    """It is imported by its name and keeps its documentation."""
    vendor("python", tmp_path)
    program = "import env_properties as e; assert e.__doc__; print(ascii(e.env['GREETING']))"
    assert output_beside_a_config(sys.executable, "-c", program, folder=tmp_path) == r"'caf\xe9'"


@requires("node")
@pytest.mark.parametrize(
    ("kind", "program"),
    [
        ("commonjs", "const { env } = require('./env-properties'); show(env)"),
        ("commonjs", "require('./env-properties/populate'); show(process.env)"),
        ("module", "import { env } from './env-properties/index.mjs'; show(env)"),
        ("module", "import { env } from './env-properties/index.js'; show(env)"),
        ("module", "import './env-properties/populate.js'; show(process.env)"),
    ],
)
def test_a_vendored_node_reader_reads(kind: str, program: str, tmp_path: Path) -> None:
    """It is required by its folder, in projects of CommonJS and of ES modules."""
    vendor("node", tmp_path)
    (tmp_path / "package.json").write_text(json.dumps({"type": kind}))
    show = "; function show (env) { console.log(encodeURI(env.GREETING)) }"
    (tmp_path / "app.js").write_text(program + show)
    assert output_beside_a_config("node", "app.js", folder=tmp_path) == "caf%C3%A9"


@requires("java", "javac")
def test_a_vendored_java_reader_reads(tmp_path: Path) -> None:
    """It compiles beside the project's own classes."""
    vendor("java", tmp_path)
    (tmp_path / "App.java").write_text(
        "class App { public static void main(String[] a) { System.out.println("
        'envproperties.EnvProperties.get("GREETING").length()); } }'
    )
    output_beside_a_config("javac", "-Xlint:all", "-Werror", "App.java", folder=tmp_path)
    assert output_beside_a_config("java", "-cp", ".", "App", folder=tmp_path) == "4"


def test_the_wheel_of_the_packager_carries_the_readers(tmp_path: Path) -> None:
    """An installed packager vendors the same bytes as this checkout."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT)
    installed = tmp_path / "site-packages"
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(installed)
    for language in FILES:
        expected, copied = tmp_path / f"{language} expected", tmp_path / language
        expected.mkdir()
        copied.mkdir()
        vendor(language, expected)
        program = (
            f"import sys; sys.path.insert(0, {str(installed)!r}); from pathlib import Path;"
            f"from packager import vendor; vendor.vendor({language!r}, Path({str(copied)!r}));"
            "print(vendor.__file__)"
        )
        assert run(sys.executable, "-c", program).startswith(str(installed))
        assert tree(copied) == tree(expected)
