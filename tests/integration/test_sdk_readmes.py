"""The readers' READMEs: their commands and their examples work."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from packager.vendor import vendor
from tests.commands import packager, run
from tests.conftest import requires

ROOT = Path(__file__).parent.parent.parent
LANGUAGES = ("python", "node", "java")
READMES = {name: (ROOT / f"sdk_{name}" / "README.md").read_text() for name in LANGUAGES}

# The commands that test the readers, and what runs them: the gate or another test of this folder.
RUN_ELSEWHERE = {
    "pip install -e '.[test]' && pytest": "pyproject.toml: testpaths",
    "npm install && npm test && npm run lint": "test_sdk_node_package.py",
    "mvn package": "test_sdk_java_package.py",
}
CONFIG = """\
DATABASE_URL=postgres://db.example/app
API_TOKEN=token
HOSTS=a.example, b.example
"""


def blocks(language: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", READMES[language], re.DOTALL | re.MULTILINE)


def run_example(*program: str, folder: Path) -> None:
    """Run an example beside the vendored reader and a file that has its variables."""
    (folder / "env.properties").write_text(CONFIG)
    environment = {**os.environ, "LAMBDA_TASK_ROOT": str(folder), "PYTHONPATH": str(folder)}
    for name in ("ENV_PROPERTIES_FILE", "PORT", "DEBUG", "LOG_LEVEL"):
        environment.pop(name, None)
    run(*program, cwd=folder, env=environment)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_in_a_readme_is_run(language: str, tmp_path: Path) -> None:
    """The command that installs the reader runs here, the others elsewhere."""
    lines = [line for block in blocks(language, "sh") for line in block.splitlines()]
    vendors = [line for line in lines if line not in RUN_ELSEWHERE]
    assert vendors == [f"packager vendor {language}"]
    assert packager(*shlex.split(vendors[0])[1:], cwd=tmp_path).returncode == 0
    assert any(tmp_path.iterdir())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_readme_has_the_same_sections(language: str) -> None:
    """How to install and use the reader, its types, and tests with it, on one page."""
    sections = re.findall(r"^## (.*)$", READMES[language], re.MULTILINE)
    assert sections[:4] == ["Install", "Use", "Types", "Tests"]
    assert len(READMES[language].splitlines()) < 120


def test_the_examples_for_python_run(tmp_path: Path) -> None:
    """All examples of the README run as one program."""
    vendor("python", tmp_path)
    run_example(sys.executable, "-c", "\n".join(blocks("python", "python")), folder=tmp_path)


@requires("node")
def test_the_examples_for_node_run(tmp_path: Path) -> None:
    """All examples of the README run as one program."""
    vendor("node", tmp_path)
    (tmp_path / "app.js").write_text("\n".join(blocks("node", "js")))
    run_example("node", "app.js", folder=tmp_path)


@requires("java", "javac")
def test_the_examples_for_java_run(tmp_path: Path) -> None:
    """All examples of the README compile and run as one program."""
    vendor("java", tmp_path)
    lines = "\n".join(blocks("java", "java")).splitlines()
    imports = [line for line in lines if line.startswith("import ")]
    body = [line for line in lines if line not in imports]
    main = ["class App { public static void main(String[] arguments) {", *body, "} }"]
    (tmp_path / "App.java").write_text("\n".join([*imports, *main]), "utf-8")
    run_example("javac", "-encoding", "UTF-8", "App.java", folder=tmp_path)
    run_example("java", "-cp", ".", "App", folder=tmp_path)
