"""`bin/detect`: which apps the buildpack takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


def detect(buildpack: Path, app: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [buildpack / "bin" / "detect", app], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("file", "language"),
    [
        ("pom.xml", "Java"),
        ("gradlew", "Java"),
        ("build.gradle", "Java"),
        ("settings.gradle.kts", "Java"),
        ("package.json", "Node.js"),
        ("requirements.txt", "Python"),
        ("pyproject.toml", "Python"),
    ],
)
def test_an_app_is_known_by_its_build_file(
    buildpack: Path, tmp_path: Path, file: str, language: str
) -> None:
    (tmp_path / file).touch()
    run = detect(buildpack, tmp_path)
    assert (run.returncode, run.stdout) == (0, f"Lambda packager ({language})\n")


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
