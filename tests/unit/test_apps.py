"""Which kind of app a folder holds, and which functions can run it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.apps import Python, choose, find, needs_runtime, resolve
from packager.config.settings import Settings
from packager.errors import PackageError
from tests.trees import plant

REQUIREMENTS = b"# what we need:\nexample==1\n"
PROJECT = b"[project]\nname = 'a'\ndependencies = ['example']\n"
POETRY = b"[tool.poetry.dependencies]\npython = '^3.13'\nexample = '1'\n"
LINTER = b"[tool.ruff]\nline-length = 100\n"


def jar(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    return path


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"package.json": b"{}"}, "node"),
        ({"requirements.txt": REQUIREMENTS}, "python"),
        ({"requirements.txt": b""}, "python"),
        ({"pyproject.toml": PROJECT}, "python"),
        ({"pyproject.toml": b""}, "python"),
        ({"Pipfile.lock": b"{}"}, "python"),
        ({"pylock.toml": b""}, "python"),
        ({"poetry.lock": b"", "pyproject.toml": POETRY}, "python"),
        ({"package.json": b"{}", "requirements.txt": b"# none\n\n"}, "node"),
        ({"package.json": b"{}", "pyproject.toml": LINTER}, "node"),
        ({"package.json": b"{}", "pyproject.toml": LINTER, "uv.lock": b""}, "node"),
        ({"package.json": b"{}", "setup.cfg": b"[flake8]\n"}, "node"),
        ({"package.json": b"{}", "app.py": b""}, "node"),
        ({"requirements.txt": REQUIREMENTS, "index.js": b""}, "python"),
        ({"requirements.txt": b"", "index.js": b""}, "node"),
        ({"index.mjs": b""}, "node"),
        ({"lambda_function.py": b""}, "python"),
        ({"app.py": b""}, "python"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_files_of_one_language_decide_the_kind_of_app(
    files: Mapping[str, bytes], kind: str, app: Path
) -> None:
    """Files without dependencies, which configure tools, do not count beside others."""
    assert resolve(plant(app, files), Settings()).kind == kind


@pytest.mark.parametrize(
    ("settings", "kind", "language"),
    [
        (Settings(jar=Path("a.jar")), "jar", "java"),
        (Settings(zip=Path("a.zip")), "zip", None),
        (Settings(zip=Path("a.zip"), language="python"), "zip", "python"),
        (Settings(language="node"), "node", "node"),
        (Settings(language="python"), "python", "python"),
        (Settings(runtime="python3.13"), "python", "python"),
        (Settings(runtime="nodejs22.x"), "node", "node"),
        (Settings(language="node", runtime="python3.13"), "node", "node"),
    ],
)
def test_a_setting_decides_between_files_of_two_languages(
    settings: Settings, kind: str, language: str | None, app: Path
) -> None:
    """An archive that a setting names comes first, then the language, then the runtime."""
    plant(app, {"package.json": b"{}", "requirements.txt": REQUIREMENTS})
    found = resolve(app, settings)
    assert (found.kind, found.language) == (kind, language)


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": b"{}", "requirements.txt": REQUIREMENTS},
        {"package.json": b"{}", "pyproject.toml": PROJECT},
        {"package.json": b"{}", "pyproject.toml": POETRY},
        {"package.json": b"{}", "pyproject.toml": b"[project]\ndynamic = ['dependencies']\n"},
        {"package.json": b"{}", "pyproject.toml": b"not TOML"},
        {"package.json": b"{}", "setup.py": b"setup(install_requires=[])"},
        {"package.json": b"{}", "setup.cfg": b"[options]\ninstall_requires = example\n"},
        {"index.js": b"", "app.py": b""},
    ],
    ids=",".join,
)
@pytest.mark.parametrize("runtime", [None, "provided.al2023", "java21"])
def test_files_of_two_languages_without_a_setting_are_an_error(
    files: Mapping[str, bytes], runtime: str | None, app: Path
) -> None:
    """An app is never deployed as one of the wrong language, without its dependencies."""
    with pytest.raises(PackageError) as error:
        resolve(plant(app, files), Settings(runtime=runtime))
    assert all(name in error.value.message for name in files)
    assert "_LAMBDA_LANGUAGE" in error.value.hint


def test_the_functions_runtime_decides_between_two_languages(app: Path) -> None:
    plant(app, {"package.json": b"{}", "requirements.txt": REQUIREMENTS})
    found = find(app, Settings())
    assert needs_runtime(found)
    assert choose(found, "nodejs22.x", "arm64").kind == "node"
    assert choose(found, "python3.13", "arm64") == Python(app, "python3.13", "arm64")


@pytest.mark.parametrize("weaker", ["requirements.txt", "lambda_function.py"])
def test_a_weaker_sign_counts_if_only_it_fits_the_runtime(weaker: str, app: Path) -> None:
    """A Python function may have a package.json for the tools that deploy it."""
    plant(app, {"package.json": b"{}", weaker: b""})
    found = find(app, Settings())
    for runtime, kind in [(None, "node"), ("nodejs22.x", "node"), ("python3.13", "python")]:
        assert choose(found, runtime, None).kind == kind


@pytest.mark.parametrize(
    ("files", "settings", "needed"),
    [
        ({"requirements.txt": REQUIREMENTS}, Settings(), True),
        ({"package.json": b"{}"}, Settings(), False),
        ({}, Settings(jar=Path("a.jar")), False),
    ],
    ids=["python", "node", "jar"],
)
def test_the_functions_runtime_is_needed_for_python_packages(
    files: Mapping[str, bytes], settings: Settings, needed: bool, app: Path
) -> None:
    assert needs_runtime(find(plant(app, files), settings)) is needed


@pytest.mark.parametrize(
    ("settings", "runtimes"),
    [
        (Settings(language="node"), {"nodejs22.x"}),
        (Settings(language="python"), {"python3.13"}),
        (Settings(jar=Path("a.jar")), {"java21"}),
        (Settings(zip=Path("a.zip")), {"nodejs22.x", "python3.13", "java21", "ruby3.4"}),
    ],
    ids=["node", "python", "jar", "zip"],
)
def test_an_app_fits_runtimes_of_its_language_and_custom_runtimes(
    settings: Settings, runtimes: set[str], app: Path
) -> None:
    found = resolve(app, settings)
    every = {"nodejs22.x", "python3.13", "java21", "ruby3.4", "provided.al2023", None}
    assert {runtime for runtime in every if found.fits(runtime)} == {
        *runtimes,
        "provided.al2023",
        None,
    }
    assert found.fits(found.local_runtime)


def test_a_folder_without_a_project_file_is_an_error_that_lists_its_jars(app: Path) -> None:
    (app / "pom.xml").touch()
    os.utime(jar(app / "target" / "old.jar"), (1, 1))
    jar(app / "target" / "new.jar")
    for tools in (".jdk/lib", ".heroku", "sub/.m2", "node_modules/a"):
        jar(app / tools / "tool.jar")
    with pytest.raises(PackageError) as error:
        resolve(app, Settings())
    assert "_LAMBDA_JAR_FILE" in error.value.message
    assert "newest first: target/new.jar, target/old.jar." in error.value.hint


def test_a_folder_that_does_not_exist_is_an_error(app: Path) -> None:
    with pytest.raises(PackageError, match="does not exist"):
        resolve(app / "missing", Settings())
