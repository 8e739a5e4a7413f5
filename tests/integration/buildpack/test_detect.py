"""`bin/detect`: which apps the buildpack takes."""

from __future__ import annotations

import itertools
import re
import subprocess
from pathlib import Path

import pytest

from packager.apps import find, node, python, resolve
from packager.apps.python import lists
from packager.config.settings import Settings
from packager.errors import PackageError
from tests.integration.buildpack.heroku import REPOSITORY


def detect(buildpack: Path, app: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [buildpack / "bin" / "detect", app], capture_output=True, text=True, check=False
    )


JAVA = ["pom.xml", "gradlew", "build.gradle", "settings.gradle.kts"]
NODE = ["package.json", *node._SINGLE_FILES]
PYTHON = [*lists.FILES, "setup.py", *python._SINGLE_FILES]


def names_of_single_files() -> list[str]:
    """Combine the names and suffixes of the packager and of `bin/detect`, fitting or not."""
    script = (REPOSITORY / "bin" / "detect").read_text()
    of_the_buildpack = {
        word
        for braces in re.findall(r"\{([\w,]+)\}\.(?:\{js|py)", script)  # such as {index,app}.py
        for word in braces.split(",")
    }
    of_the_packager = {Path(name).stem for name in (*node._SINGLE_FILES, *python._SINGLE_FILES)}
    stems = of_the_buildpack | of_the_packager | {"server"}
    return [
        stem + suffix
        for stem, suffix in itertools.product(sorted(stems), (".js", ".mjs", ".cjs", ".py", ".ts"))
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


@pytest.mark.parametrize("name", names_of_single_files())
def test_a_single_file_is_accepted_if_the_packager_packages_it(
    buildpack: Path, tmp_path: Path, name: str
) -> None:
    """No name is known to one of the two alone."""
    (tmp_path / name).touch()
    try:
        find(tmp_path, Settings())
    except PackageError:
        packaged = False
    else:
        packaged = True
    assert (detect(buildpack, tmp_path).returncode == 0) == packaged


def test_an_app_in_two_languages_is_both(buildpack: Path, tmp_path: Path) -> None:
    for file in ("package.json", "pom.xml"):
        (tmp_path / file).touch()
    assert detect(buildpack, tmp_path).stdout == "Lambda packager (Java, Node.js)\n"


def test_an_app_of_no_known_kind_fails_with_the_list_of_expected_files(
    buildpack: Path, tmp_path: Path
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "package.json").touch()
    run = detect(buildpack, tmp_path)
    assert (run.returncode, run.stdout) == (1, "")
    for file in ("pom.xml", "package.json", "requirements.txt", "pyproject.toml"):
        assert file in run.stderr


def test_the_arguments_distinguish_both_kinds_of_build(buildpack: Path, tmp_path: Path) -> None:
    """Images of both kinds set CNB_STACK_ID; only the Cloud Native lifecycle passes two folders."""
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
