"""`bin/detect`: which apps the buildpack takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from packager.apps import resolve
from packager.config.settings import Settings


def detect(buildpack: Path, app: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [buildpack / "bin" / "detect", app], capture_output=True, text=True, check=False
    )


JAVA = ["pom.xml", "gradlew", "build.gradle", "settings.gradle.kts"]
NODE = ["package.json", "index.mjs", "app.js", "lambda.cjs", "function.js"]
PYTHON = [
    *("requirements.txt", "pyproject.toml", "uv.lock", "poetry.lock", "pylock.toml", "setup.py"),
    *("Pipfile", "Pipfile.lock", "lambda_function.py", "main.py", "handler.py"),
]


@pytest.mark.parametrize(
    ("file", "language"),
    [
        *((file, "Java") for file in JAVA),
        *((file, "Node.js") for file in NODE),
        *((file, "Python") for file in PYTHON),
    ],
)
def test_an_app_is_known_by_its_build_file(
    buildpack: Path, tmp_path: Path, file: str, language: str
) -> None:
    (tmp_path / file).touch()
    run = detect(buildpack, tmp_path)
    assert (run.returncode, run.stdout) == (0, f"Lambda packager ({language})\n")


@pytest.mark.parametrize("file", [*NODE, *PYTHON])
def test_an_app_that_is_accepted_can_be_packaged(tmp_path: Path, file: str) -> None:
    """The buildpack and the packager know apps by the same files."""
    (tmp_path / file).touch()
    assert resolve(tmp_path, Settings()).kind in ("node", "python")


def test_an_app_in_two_languages_is_both(buildpack: Path, tmp_path: Path) -> None:
    for file in ("package.json", "pom.xml"):
        (tmp_path / file).touch()
    assert detect(buildpack, tmp_path).stdout == "Lambda packager (Java, Node.js)\n"


def test_another_app_fails_and_says_what_was_looked_for(buildpack: Path, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "package.json").touch()
    run = detect(buildpack, tmp_path)
    assert (run.returncode, run.stdout) == (1, "")
    for file in ("pom.xml", "package.json", "requirements.txt", "pyproject.toml"):
        assert file in run.stderr


def test_both_kinds_of_build_are_told_apart_by_the_arguments(
    buildpack: Path, tmp_path: Path
) -> None:
    """Images of both kinds set CNB_STACK_ID; only the Cloud Native lifecycle gives two folders."""
    (tmp_path / "known").mkdir()
    (tmp_path / "known" / "package.json").touch()
    (tmp_path / "other").mkdir()
    shared = {"PATH": "/usr/bin:/bin", "CNB_STACK_ID": "heroku-24"}
    native = shared | {"CNB_BUILDPACK_DIR": str(buildpack)}

    def status(environment: dict[str, str], *arguments: Path, app: Path) -> int:
        program = buildpack / "bin" / "detect"
        run = subprocess.run([program, *arguments], cwd=app, env=environment, capture_output=True)
        return run.returncode

    known, other = tmp_path / "known", tmp_path / "other"
    assert status(shared, known, app=tmp_path) == 0
    assert status(shared, other, app=tmp_path) == 1
    assert status(native, tmp_path, tmp_path / "plan", app=known) == 0
    assert status(native, tmp_path, tmp_path / "plan", app=other) == 100
