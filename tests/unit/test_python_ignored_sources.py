"""Sources of packages that only another tool than uv knows: none is ignored."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from packager.apps.python import projects
from packager.apps.python.platform import Platform
from packager.errors import PackageError
from tests.trees import plant

UV_PATH = '[tool.uv.sources]\na = { path = "libs/a" }\n'
UV_INDEX = '[tool.uv.sources]\na = { index = "corp" }\n'
CORP = '[[tool.uv.index]]\nname = "corp"\nurl = "https://corp/simple"\n'
POETRY = '[[tool.poetry.source]]\nname = "{}"\nurl = "https://corp"\n'
PIPFILE = '[[source]]\nname = "{}"\nurl = "https://corp"\n'


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine that runs the tests names no index."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def prepare(folder: Path, files: dict[str, str]) -> None:
    """Read an app's list of dependencies as an installation does."""
    app = plant(folder / "app", {name: text.encode() for name, text in files.items()})
    wanted = projects.read(app)
    assert wanted
    wanted.prepare(folder, Platform("3.13", "x86_64"))


@pytest.mark.parametrize(
    "table",
    [
        POETRY.format("corp"),
        '[[tool.pdm.source]]\nname = "corp"\nurl = "https://corp"\n',
        '[[tool.rye.sources]]\nname = "default"\nurl = "https://corp"\n',
        '[tool.pixi.pypi-options]\nindex-url = "https://corp"\n',
        '[tool.pixi.pypi-options]\nextra-index-urls = ["https://corp"]\n',
        '[tool.pip-tools]\nindex-url = "https://corp"\n',
        '[tool.pip-tools]\nfind_links = ["wheels"]\n',
    ],
)
@pytest.mark.parametrize("list_", ["requirements.txt", "pyproject.toml"])
def test_an_index_that_a_project_configures_for_another_tool_is_never_ignored(
    tmp_path: Path, table: str, list_: str
) -> None:
    """It would be taken from the public index."""
    files = {"pyproject.toml": table, "requirements.txt": "a"}
    if list_ == "pyproject.toml":
        files = {"pyproject.toml": f'[project]\nname = "x"\ndependencies = ["a"]\n{table}'}
    with pytest.raises(PackageError, match=r"configures sources of packages for \w+"):
        prepare(tmp_path, files)


@pytest.mark.parametrize(
    ("requirements", "project", "pipfile"),
    [
        ("a", UV_PATH, ""),
        ("A[x] >= 1", UV_PATH, ""),
        ("-r more.txt", UV_PATH, ""),
        ("--index-url https://corp\na", UV_PATH, ""),
        ("a", UV_INDEX + CORP + "explicit = true\n", ""),
        ("a", '[tool.poetry.dependencies]\na = { git = "https://h/a" }\n', ""),
        ("a", '[tool.poetry.dependencies]\na = { version = "*", source = "corp" }\n', ""),
        ("a", "", PIPFILE.format("corp")),
        ("a", "", "[packages]\na = { path = 'libs/a' }\n"),
    ],
)
def test_a_source_beside_requirements_that_list_only_the_name_is_an_error(
    tmp_path: Path, requirements: str, project: str, pipfile: str
) -> None:
    """A package of that name from elsewhere would be packaged."""
    assert is_refused(tmp_path, requirements, project, pipfile)


@pytest.mark.parametrize(
    ("requirements", "project", "pipfile"),
    [
        ("a @ https://h/a-1.zip", UV_PATH, ""),
        ("a[x] @ file:a-1.whl", UV_PATH, ""),
        ("./libs/a-1.whl", UV_PATH, ""),
        ("a==1 --hash=sha256:00", UV_PATH, ""),
        ("ab\nb", UV_PATH, ""),
        ("a", UV_PATH + "[tool.uv]\nno-sources = true\n", ""),
        ("a", "[tool.uv.sources]\na = { path = 'a', marker = \"sys_platform == 'win32'\" }\n", ""),
        ("--extra-index-url https://corp\na", UV_INDEX, ""),
        ("a", UV_INDEX + CORP, ""),
        ("a", POETRY.format("PyPI"), PIPFILE.format("pypi")),
        ("a", POETRY.format("torch") + 'priority = "explicit"\n', ""),
        ("a", POETRY.format("corp") + CORP, ""),
        ("--index-url https://corp\na", POETRY.format("corp"), PIPFILE.format("corp")),
        ("a==1 --hash=sha256:00", POETRY.format("corp"), ""),
    ],
)
def test_requirements_that_say_where_a_package_comes_from_are_enough(
    tmp_path: Path, requirements: str, project: str, pipfile: str
) -> None:
    assert not is_refused(tmp_path, requirements, project, pipfile)


def is_refused(folder: Path, requirements: str, project: str, pipfile: str) -> bool:
    files = {"requirements.txt": requirements, "more.txt": "a", "libs/a-1.whl": ""}
    files |= {"pyproject.toml": project, "Pipfile": pipfile}
    app = plant(folder / "app", {name: text.encode() for name, text in files.items()})
    wanted = projects.read(app, Path("requirements.txt"))
    assert wanted
    try:
        wanted.prepare(folder, Platform("3.13", "x86_64"))
    except PackageError as error:
        return bool(re.search("comes from, but|, but .* has none", error.message))
    return False


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_INDEX", "PIP_NO_INDEX"])
def test_an_index_in_the_settings_of_the_user_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    assert is_refused(tmp_path / "1", "a", POETRY.format("corp"), "")
    monkeypatch.setenv(variable, "1")
    assert not is_refused(tmp_path / "2", "a", POETRY.format("corp"), "")


def test_a_source_that_a_project_gets_later_is_noticed(tmp_path: Path) -> None:
    """Though the requirements are the same, and their packages in the cache."""
    before = projects.read(plant(tmp_path / "1", {"requirements.txt": b"a"}))
    other = {"requirements.txt": b"a", "pyproject.toml": UV_PATH.encode()}
    after = projects.read(plant(tmp_path / "2", other))
    assert before
    assert after
    assert before.digest() != after.digest()
