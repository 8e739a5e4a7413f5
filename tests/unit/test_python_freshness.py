"""Where a Pipfile or a Poetry project takes a dependency from, compared with its lock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest

from packager.apps.python import projects
from packager.apps.python.platform import Platform
from packager.errors import PackageError
from tests.trees import plant

COMMIT = "0123456789abcdef0123456789abcdef01234567"

# An entry of a Pipfile and of its lock.
PIPENV = {
    '"*"': {"version": "==1"},
    '{ version = "*", index = "corp" }': {"version": "==1", "index": "corp"},
    '{ version = "*", index = "other" }': {"version": "==1", "index": "other"},
    '{ git = "https://h/a.git", ref = "main" }': {"git": "https://h/a.git", "ref": COMMIT},
    '{ git = "git@h:b.git" }': {"git": "git@h:b.git", "ref": COMMIT},
    '{ path = "./libs/a", editable = true }': {"path": "./libs/a", "editable": True},
    '{ path = "libs/b" }': {"path": "libs/b"},
    '{ file = "https://h/a-1.zip" }': {"file": "https://h/a-1.zip"},
    '{ file = "https://h/a-2.zip" }': {"file": "https://h/a-2.zip"},
}

GIT = f'type = "git"\nurl = "{{}}"\nreference = "{{}}"\nresolved_reference = "{COMMIT}"'

# An entry of a Poetry project and the source in its lock.
POETRY = {
    '"^1"': "",
    '{ version = "^1", source = "corp" }': 'type = "legacy"\nurl = "https://i"\nreference = "corp"',
    '{ git = "https://h/a.git", branch = "main" }': GIT.format("https://h/a.git", "main"),
    '{ git = "https://h/a.git", tag = "v2" }': GIT.format("https://h/a.git", "v2"),
    '{ git = "git@h:b.git" }': GIT.format("git@h:b.git", "HEAD"),
    '{ path = "libs/a", develop = true }': 'type = "directory"\nurl = "libs/a"',
    '{ path = "libs/b" }': 'type = "directory"\nurl = "libs/b"',
    '{ url = "https://h/a-1.zip" }': 'type = "url"\nurl = "https://h/a-1.zip"',
    '{ url = "https://h/a-2.zip" }': 'type = "url"\nurl = "https://h/a-2.zip"',
}


def pipenv_project(folder: Path, declared: str, locked: str | None) -> None:
    sources = [{"name": name, "url": f"https://{name}"} for name in ("default", "corp", "other")]
    default = {} if locked is None else {"a": PIPENV[locked]}
    lock = {"_meta": {"pipfile-spec": 6, "sources": sources}, "default": default}
    plant(folder, {"Pipfile.lock": json.dumps(lock).encode()})
    (folder / "Pipfile").write_text(f"[packages]\na = {declared}\n")


def poetry_project(folder: Path, declared: str, locked: str | None) -> None:
    package = '[[package]]\nname = "a"\nversion = "1"\ngroups = ["main"]\nfiles = []\n'
    if locked is not None and POETRY[locked]:
        package += f"[package.source]\n{POETRY[locked]}\n"
    lock = ("" if locked is None else package) + '[metadata]\nlock-version = "2.1"\n'
    plant(folder, {"poetry.lock": lock.encode()})
    project = '[project]\nname = "app"\nversion = "1"\ndependencies = ["a"]\n'
    (folder / "pyproject.toml").write_text(f"{project}[tool.poetry.dependencies]\na = {declared}\n")


PROJECTS: dict[str, tuple[Callable[[Path, str, str | None], None], Mapping[str, object]]] = {
    "pipenv": (pipenv_project, PIPENV),
    "poetry": (poetry_project, POETRY),
}


@pytest.mark.parametrize("kind", PROJECTS)
def test_a_source_that_is_not_that_of_the_lock_is_an_error(kind: str, tmp_path: Path) -> None:
    """Otherwise another package of that name would be packaged, from the place in the lock."""
    create, entries = PROJECTS[kind]
    for row, declared in enumerate(entries):
        for column, locked in enumerate(entries):
            app = tmp_path / f"{row}-{column}"
            plant(app, {"libs/a/pyproject.toml": b"", "libs/b/pyproject.toml": b""})
            create(app, declared, locked)
            # Without a source in the project, the lock may take the package from any index.
            fits = row == column or (row == 0 and is_index(entries[locked]))
            outcome = pytest.raises(PackageError, match="now declares a differently")
            with nullcontext() if fits else outcome:
                prepare(app)


def is_index(locked: object) -> bool:
    """Return whether an entry of a lock takes the package from an index that it names."""
    return "'index'" in str(locked) or "legacy" in str(locked)


@pytest.mark.parametrize("kind", PROJECTS)
def test_a_dependency_that_the_lock_lacks_is_an_error_wherever_it_comes_from(
    kind: str, tmp_path: Path
) -> None:
    create, entries = PROJECTS[kind]
    for number, declared in enumerate(entries):
        create(tmp_path / str(number), declared, None)
        with pytest.raises(PackageError, match="does not have a"):
            prepare(tmp_path / str(number))


@pytest.mark.parametrize(
    "declared",
    [
        '{ git = "https://h/a.git", branch = "main", markers = "sys_platform == \'linux\'" }',
        '[{ git = "https://h/a.git", python = "^3" }, { version = "1", python = "<3" }]',
    ],
)
def test_a_source_that_only_some_platforms_use_is_not_compared(
    declared: str, tmp_path: Path
) -> None:
    git = '{ git = "https://h/a.git", branch = "main" }'
    poetry_project(tmp_path, declared, git)
    prepare(tmp_path)


def prepare(app: Path) -> None:
    """Read the project as an installation does."""
    wanted = projects.read(app)
    assert wanted
    making = app / "making"
    making.mkdir()
    wanted.prepare(making, Platform("3.13", "x86_64"))
