"""Which file lists the dependencies of a Python app; two lists or an unreadable one are errors."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from packager.apps import Python
from packager.apps.files import Selections
from packager.apps.python import lists, projects
from packager.apps.python.platform import Platform
from packager.errors import PackageError
from tests.trees import plant

PROJECT = '[project]\nname = "app"\nversion = "1"\n'
DEPENDENCIES = PROJECT + 'dependencies = ["a>=1"]\n'
POETRY = '[tool.poetry.dependencies]\npython = "^3.13"\nrequests = "^2"\n'
POETRY_MAIN = '[tool.poetry.group.main.dependencies]\na = "1"\n'
POETRY_LOCK = (
    '[[package]]\nname = "a"\nversion = "1"\ngroups = ["main"]\n[metadata]\nlock-version = "2.1"\n'
)
PIPFILE_LOCK = '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": "==1"}}}'
PYLOCK = 'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\n'
SETUP = "from setuptools import setup\nsetup(name='app'{})\n"


def app_with(folder: Path, files: dict[str, str]) -> Path:
    return plant(folder / "app", {name: text.encode() for name, text in files.items()})


@pytest.mark.parametrize(
    ("files", "listed"),
    [
        ({}, ""),
        ({"requirements.txt": "\n# none\n"}, ""),
        ({"requirements.txt": "\ufeff# none\r\n", "pyproject.toml": "[tool.ruff]\n"}, ""),
        ({"requirements.txt": "a"}, "requirements.txt"),
        ({"requirements.txt": "-r more.txt"}, "requirements.txt"),
        ({"pyproject.toml": DEPENDENCIES}, "pyproject.toml"),
        ({"pyproject.toml": PROJECT, "requirements.txt": "a"}, "requirements.txt"),
        ({"pyproject.toml": "[tool.x]\n", "Pipfile.lock": PIPFILE_LOCK}, "Pipfile.lock"),
        ({"Pipfile": "[packages]\na = '*'\n", "Pipfile.lock": PIPFILE_LOCK}, "Pipfile.lock"),
        ({"Pipfile": "[dev-packages]\na = '*'\n"}, ""),
        ({"pyproject.toml": DEPENDENCIES, "uv.lock": ""}, "uv.lock"),
        ({"pyproject.toml": PROJECT, "uv.lock": "", "requirements.txt": "a"}, "requirements.txt"),
        ({"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}, "poetry.lock"),
        ({"pyproject.toml": POETRY_MAIN, "poetry.lock": POETRY_LOCK}, "poetry.lock"),
        ({"pyproject.toml": DEPENDENCIES, "pylock.toml": PYLOCK}, "pylock.toml"),
        ({"pylock.toml": PYLOCK}, "pylock.toml"),
        ({"setup.py": SETUP.format(""), "requirements.txt": "a"}, "requirements.txt"),
        ({"setup.cfg": "[flake8]\nmax-line-length = 100\n"}, ""),
        (
            {
                "pyproject.toml": '[project]\ndynamic = ["dependencies"]\n'
                '[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.txt"] }\n',
                "requirements.txt": "a",
            },
            "requirements.txt",
        ),
        ({"pyproject.toml": '[project]\ndynamic = ["version", "optional-dependencies"]\n'}, ""),
    ],
)
def test_a_file_without_dependencies_does_not_count(
    tmp_path: Path, files: dict[str, str], listed: str
) -> None:
    """It configures tools, or a buildpack needs it. A lock and its project count as one list."""
    assert " ".join(lists.names(app_with(tmp_path, files))) == listed


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "a", "pyproject.toml": DEPENDENCIES},
        {"requirements.txt": "a", "Pipfile.lock": PIPFILE_LOCK},
        {"requirements.txt": "a", "Pipfile": "[packages]\na = '*'\n"},
        {"uv.lock": "", "poetry.lock": POETRY_LOCK, "pyproject.toml": DEPENDENCIES},
        {"requirements.txt": "a", "setup.py": SETUP.format(", install_requires=['b']")},
        {"requirements.txt": "a", "setup.py": SETUP.format(", **options")},
        {"requirements.txt": "a", "setup.cfg": "[options]\ninstall_requires =\n  b\n"},
        {"requirements.txt": "a", "requirements.lock": "a==1"},
        {"requirements.txt": "a  # not requirements-lock.txt", "requirements-lock.txt": "a==1"},
        {"pyproject.toml": DEPENDENCIES, "requirements.lock": "-e file:.\na==1"},
        {"pyproject.toml": DEPENDENCIES, "pixi.lock": "version: 6"},
    ],
    ids=" ".join,
)
def test_two_lists_side_by_side_are_an_error_that_names_both(
    tmp_path: Path, files: dict[str, str]
) -> None:
    """A setting can name the one to use."""
    app = app_with(tmp_path, files)
    with pytest.raises(PackageError, match="has 2 lists of dependencies") as error:
        projects.read(app)
    assert "_LAMBDA_REQUIREMENTS" in error.value.hint
    if "requirements.txt" in files:
        found = projects.read(app, Path("requirements.txt"))
        assert found
        assert found.file == app / "requirements.txt"


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "-r requirements.lock", "requirements.lock": "a==1"},
        {"requirements.txt": "a", "requirements.lock": "# none"},
        {"requirements.txt": "a", "requirements-dev.lock": "a==1"},
        {"requirements.txt": "a", "constraints.txt": "a==1"},
    ],
)
def test_a_lock_that_the_list_includes_or_that_is_for_development_is_no_other_list(
    tmp_path: Path, files: dict[str, str]
) -> None:
    found = projects.read(app_with(tmp_path, files))
    assert found
    assert found.file.name == "requirements.txt"


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"pyproject.toml": '[project]\ndynamic = ["dependencies"]\n'}, "pyproject.toml"),
        ({"pyproject.toml": POETRY}, "pyproject.toml"),
        ({"pyproject.toml": "[project"}, "pyproject.toml"),
        ({"pyproject.toml": "[project]\ndependencies = 'a'\n"}, "pyproject.toml"),
        ({"pyproject.toml": "[project]\ndependencies = [1]\n"}, "pyproject.toml"),
        ({"pyproject.toml": "a = " + "[" * 5000}, "pyproject.toml"),
        ({"pyproject.toml": DEPENDENCIES + "[[tool.poetry.source]]\nname = 'x'\n"}, "poetry lock"),
        ({"pyproject.toml": DEPENDENCIES + "[[tool.pdm.source]]\nname = 'x'\n"}, "pdm export"),
        ({"pyproject.toml": DEPENDENCIES, "pdm.lock": ""}, "pdm export"),
        (
            {"pyproject.toml": DEPENDENCIES + "[tool.uv.sources]\na = {workspace = true}\n"},
            "uv lock",
        ),
        ({"pyproject.toml": DEPENDENCIES + "[tool.uv.sources]\na = [{path = 'b'}]\n"}, "uv lock"),
        ({"Pipfile": "[packages]\na = '*'\n"}, "pipenv lock"),
        ({"Pipfile.lock": "[" * 100_000}, "Pipfile.lock"),
        ({"Pipfile.lock": "[]"}, "Pipfile.lock"),
        ({"Pipfile.lock": PIPFILE_LOCK.replace("==1", "")}, ""),
        ({"pylock.toml": PYLOCK + "directory = { path = 'a' }\n"}, "a from a folder"),
        ({"poetry.lock": "", "pyproject.toml": POETRY}, "poetry lock"),
        ({"uv.lock": "version = 1\n", "pyproject.toml": DEPENDENCIES}, "uv lock"),
        ({"setup.py": SETUP.format(", install_requires=['a']")}, "setup.py"),
        ({"setup.py": "("}, "setup.py"),
        ({"setup.py": "-" * 100_000 + "1"}, "setup.py"),
        ({"setup.cfg": "[options]\ninstall_requires = a\n"}, "setup.cfg"),
        ({"setup.cfg": "no section\n"}, "setup.cfg"),
    ],
)
def test_an_unreadable_list_is_an_error_and_does_not_count_as_empty(
    tmp_path: Path, files: dict[str, str], name: str
) -> None:
    if not name:
        assert projects.read(
            app_with(tmp_path, files)
        )  # An error only on a platform that needs it.
        return
    with pytest.raises(PackageError) as error:
        projects.read(app_with(tmp_path, files))
    assert name in error.value.message + error.value.hint
    assert error.value.hint


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ({"requirements/prod.txt": "a"}, "_LAMBDA_REQUIREMENTS=requirements/prod.txt"),
        ({"requirements-prod.txt": "a"}, "_LAMBDA_REQUIREMENTS=requirements-prod.txt"),
        ({"requirements.in": "a"}, "uv pip compile requirements.in"),
        ({"requirements.lock": "a==1"}, "_LAMBDA_REQUIREMENTS=requirements.lock"),
        ({"pylock.prod.toml": "lock-version = '1.0'"}, "_LAMBDA_REQUIREMENTS=pylock.prod.toml"),
        ({"environment.yml": "dependencies:\n- python=3.12\n- a\n"}, "in requirements.txt"),
        ({"environment.yaml": "dependencies:\n  - pip:\n    - a\n"}, "in requirements.txt"),
        ({"pixi.toml": "[dependencies]\npython = '3'\na = '1'\n"}, "in requirements.txt"),
        ({"pyproject.toml": "[tool.pixi.pypi-dependencies]\na = '1'\n"}, "in requirements.txt"),
        ({"pyproject.toml": "[dependency-groups]\nprod = ['a']\n"}, "--only-group prod"),
        ({"pyproject.toml": "[tool.poetry.group.prod.dependencies]\na = '1'\n"}, "--only prod"),
        ({"app.py": "# /// script\n# dependencies = [\n#   'a',\n# ]\n# ///\n"}, "--script app.py"),
        ({"requirements/prod.txt": "a", "requirements.txt": ""}, ""),
        ({"requirements/prod.txt": "# none"}, ""),
        ({"environment.yml": "channels:\n- a\ndependencies:\n- python=3.12\n- pip\n"}, ""),
        ({"pixi.toml": "[dependencies]\npython = '3'\n[feature.test]\na = '1'\n"}, ""),
        ({"pylock.dev.toml": "lock-version = '1.0'"}, ""),
        ({"requirements/dev.txt": "a", "requirements-test.txt": "a"}, ""),
        ({"pyproject.toml": "[dependency-groups]\ndev = ['a']\n"}, ""),
        ({"pyproject.toml": "[tool.poetry.group.lint.dependencies]\na = '1'\n"}, ""),
        (
            {"pyproject.toml": "[project]\ndependencies = []\n[dependency-groups]\nx = ['a']\n"},
            "",
        ),
        ({"app.py": "# /// script\n# dependencies = []\n# ///\na = '# dependencies = ['\n"}, ""),
    ],
)
def test_dependencies_that_only_another_kind_of_file_lists_are_an_error(
    tmp_path: Path, files: dict[str, str], hint: str
) -> None:
    """Lists for development are exceptions, and apps with an empty list of dependencies."""
    app = app_with(tmp_path, {"lambda_function.py": ""} | files)
    if not hint:
        assert Python(app).members(Selections()).dependencies == []
        assert projects.read(app) is None
        return
    with pytest.raises(PackageError, match="lists dependencies only in") as error:
        Python(app).members(Selections())
    assert hint in error.value.hint
    assert "add an empty requirements.txt" in error.value.hint


@pytest.mark.parametrize("name", ["gone.txt", "../outside.txt", "link.txt"])
def test_a_list_that_a_setting_names_outside_of_the_app_is_an_error(
    tmp_path: Path, name: str
) -> None:
    app = app_with(tmp_path, {"requirements.txt": "a"})
    (tmp_path / "outside.txt").write_text("a")
    (app / "link.txt").symlink_to("../outside.txt")
    with pytest.raises(PackageError, match="_LAMBDA_REQUIREMENTS"):
        projects.read(app, Path(name))


def test_a_workspace_counts_only_for_its_members(tmp_path: Path) -> None:
    root = '[tool.uv.workspace]\nmembers = ["libs/*", "", "/"]\nexclude = ["libs/not"]\n'
    for name in ("libs/a", "libs/not", "libs/deep/er", "other/libs/a"):
        plant(tmp_path / name, {"pyproject.toml": DEPENDENCIES.encode()})
    plant(tmp_path, {"pyproject.toml": root.encode(), "uv.lock": b""})
    assert lists.uv_lock(tmp_path / "libs/a") == tmp_path.resolve() / "uv.lock"
    for name in ("libs/not", "libs/deep/er", "other/libs/a"):
        assert lists.uv_lock(tmp_path / name) is None


@pytest.mark.parametrize(
    ("requires", "fits"),
    [(">=3.10", True), ("==3.13.2", True), ("~=3.13.4", True), (">=3.14", False), ("<3.13", False)],
)
def test_a_projects_python_must_have_the_functions_minor_version(
    requires: str, fits: bool, tmp_path: Path
) -> None:
    """Only Lambda knows the patch release, so an exact one is accepted."""
    text = DEPENDENCIES + f'requires-python = "{requires}"\n'
    wanted = projects.read(app_with(tmp_path, {"pyproject.toml": text}))
    assert wanted
    expected = nullcontext() if fits else pytest.raises(PackageError, match="is for Python")
    with expected:
        assert wanted.prepare(tmp_path, Platform("3.13", "x86_64"))


def test_a_pipfiles_marker_counts_for_a_package_that_its_lock_does_not_pin(tmp_path: Path) -> None:
    """Pipenv does not pin what its own machine does not need."""
    lock = '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": "*"}}}'
    pipfile = '[packages]\na = { version = "*", sys_platform = "== \'{}\'" }\n'
    for system, is_needed in (("win32", False), ("linux", True)):
        text = pipfile.replace("{}", system)
        wanted = projects.read(app_with(tmp_path, {"Pipfile": text, "Pipfile.lock": lock}))
        assert wanted
        (tmp_path / system).mkdir()
        expected = pytest.raises(PackageError, match="for a") if is_needed else nullcontext()
        with expected:
            wanted.prepare(tmp_path / system, Platform("3.13", "x86_64"))


def test_a_poetry_project_without_its_lock_is_an_error_with_the_command_that_writes_it(
    tmp_path: Path,
) -> None:
    """Only the lock says which versions Poetry's own notation means."""
    with pytest.raises(PackageError, match="Poetry's format") as error:
        projects.read(app_with(tmp_path, {"pyproject.toml": POETRY}))
    assert "`poetry lock`" in str(error.value.hint)
