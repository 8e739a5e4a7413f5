"""Where a project takes a dependency from, compared with its lock."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from packager.apps.python import locks, tables, uv_sources
from packager.apps.python.platform import Platform
from packager.errors import PackageError
from tests.trees import plant

GIT = 'git = "https://h/a.git"'
CORP = '[[tool.uv.index]]\nname = "corp"\nurl = "https://user@corp/simple/"'

# The sources of `a` in pyproject.toml, and as uv writes them to the lock.
_PAIRS = {
    "": "{}",
    'a = { path = "libs/a" }': '{directory = "libs/a"}',
    'A = { path = "./libs/a", editable = true }': '{editable = "libs/a"}',
    'a = { path = "w/a-1-py3-none-any.whl" }': '{path = "w/a-1-py3-none-any.whl"}',
    f"a = {{ {GIT} }}": f"{{{GIT}}}",
    f'a = {{ {GIT}, tag = "v1" }}': '{git = "https://h/a.git?tag=v1"}',
    f'a = {{ {GIT}, branch = "x/y", subdirectory = "s" }}': (
        '{git = "https://h/a.git?subdirectory=s&branch=x%2Fy"}'
    ),
    'a = { url = "https://user@h/a-1.tar.gz" }': '{url = "https://h/a-1.tar.gz"}',
    'a = { index = "corp" }': '{index = "https://corp/simple"}',
    f'a = {{ index = "corp" }}\n{CORP}': '{index = "https://corp/simple"}',
    "a = { workspace = true }": '{editable = "packages/a"}',
    """a = { index = "corp", marker = "sys_platform == 'linux'" }""": (
        """{index = "https://corp/simple", marker = "sys_platform == 'linux'"},"""
        """{name = "a", marker = "sys_platform != 'linux'"}"""
    ),
}


def differs(folder: Path, sources: str, lock: str, dependency: str = "a") -> bool:
    """Compare the sources in a project with the entries of its lock."""
    text = f"[tool.uv.sources]\n{sources}\n" if sources else ""
    plant(folder, {"pyproject.toml": text.encode()})
    project = folder / "pyproject.toml"
    (folder / "copies.toml").write_text(f"found = [{lock}]", "utf-8")
    copies = [{"name": "a", **copy} for copy in tables.toml(folder / "copies.toml")["found"]]
    locked = {uv_sources.locked(copy, folder) for copy in copies}
    return uv_sources.differ(Requirement(dependency), project, folder / "uv.lock", locked)


@pytest.mark.parametrize("sources", _PAIRS)
def test_a_source_that_the_lock_has_is_no_difference(sources: str, tmp_path: Path) -> None:
    """However the project and the lock write it."""
    assert not differs(tmp_path, sources, _PAIRS[sources])


@pytest.mark.parametrize(
    ("sources", "lock"),
    [
        *((sources, "{}") for sources in _PAIRS if sources),
        *(("", lock) for sources, lock in _PAIRS.items() if sources),
        ('a = { path = "libs/a" }', '{directory = "libs/b"}'),
        (f'a = {{ {GIT}, tag = "v2" }}', '{git = "https://h/a.git?tag=v1"}'),
        (f"a = {{ {GIT} }}", '{git = "https://h/b.git"}'),
        (f"a = {{ {GIT} }}", '{directory = "libs/a"}'),
        ('a = { url = "https://h/a-2.tar.gz" }', '{url = "https://h/a-1.tar.gz"}'),
        ("a = { workspace = true }", '{index = "https://corp/simple"}'),
        (f'a = {{ index = "corp" }}\n{CORP}', '{index = "https://other/simple"}'),
        (f'a = {{ index = "corp" }}\n{CORP}', '{index = "https://corp:8443/simple"}'),
    ],
)
def test_another_source_than_that_of_the_lock_is_a_difference(
    sources: str, lock: str, tmp_path: Path
) -> None:
    """Otherwise a package of the same name from elsewhere would be packaged."""
    assert differs(tmp_path, sources, lock)


@pytest.mark.parametrize(
    ("dependency", "lock"),
    [
        ("a @ git+ssh://git@h/a@feature/x", '{git = "ssh://git@h/a?rev=feature%2Fx"}'),
        ("a @ https://h/a-1.tar.gz", '{url = "https://h/a-1.tar.gz"}'),
        ("a @ file:///libs/a", '{directory = "/libs/a"}'),
    ],
)
def test_a_dependency_on_a_url_differs_from_one_on_an_index(
    dependency: str, lock: str, tmp_path: Path
) -> None:
    """The URL is in the project's dependencies, without a table of sources."""
    assert not differs(tmp_path, "", lock, dependency)
    assert differs(tmp_path, "", "{}", dependency)
    assert differs(tmp_path, "", lock.replace("/a", "/b"), dependency)


def test_sources_that_uv_ignores_are_not_compared(tmp_path: Path) -> None:
    """A project can switch its sources off, or have them for an extra only."""
    text = 'a = { path = "libs/a" }\n[tool.uv]\nno-sources = true'
    assert not differs(tmp_path / "1", text, "{}")
    assert not differs(tmp_path / "2", 'a = { path = "a", extra = "x" }', "{}")


# Sources of `a`, and what `uv export` writes to a pylock.toml for them.
_EXPORTED = {
    "": "",
    f"a = {{ {GIT}, branch = 'main' }}": (
        'vcs = { type = "git", url = "https://h/a.git", requested-revision = "main" }'
    ),
    'a = { url = "https://h/a-1.tar.gz" }': 'archive = { url = "https://h/a-1.tar.gz" }',
    'a = { path = "w/a-1-py3-none-any.whl" }': 'archive = { path = "w/a-1-py3-none-any.whl" }',
    f'a = {{ index = "corp" }}\n{CORP}': 'index = "https://corp/simple"',
}
_CHANGED = {
    f"a = {{ {GIT}, branch = 'x' }}": "vcs = { url = 'https://h/a', requested-revision = 'main' }",
    f"a = {{ {GIT} }}": 'vcs = { type = "git", url = "https://h/b.git" }',
    f'a = {{ index = "corp" }}\n{CORP}': 'index = "https://other/simple"',
    'a = { path = "w/a-2-py3-none-any.whl" }': 'archive = { path = "w/a-1-py3-none-any.whl" }',
}


def prepare(folder: Path, sources: str, entry: str) -> None:
    """Read a pylock.toml as an installation does."""
    text = f'[project]\nname = "app"\ndependencies = ["a>=1"]\n[tool.uv.sources]\n{sources}\n'
    lock = f'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\n{entry}\n'
    plant(folder, {"pyproject.toml": text.encode(), "pylock.toml": lock.encode(), "making/x": b""})
    wanted = locks.pylock(folder / "pylock.toml")
    assert wanted
    wanted.prepare(folder / "making", Platform("3.13", "x86_64"))


@pytest.mark.parametrize("sources", _EXPORTED)
def test_a_pylock_that_was_exported_with_the_sources_is_no_difference(
    sources: str, tmp_path: Path
) -> None:
    prepare(tmp_path, sources, _EXPORTED[sources])


@pytest.mark.parametrize(
    ("sources", "entry"),
    [
        *((sources, "") for sources in _EXPORTED if sources),
        *_CHANGED.items(),
    ],
)
def test_a_source_that_a_pylock_does_not_have_is_an_error(
    sources: str, entry: str, tmp_path: Path
) -> None:
    with pytest.raises(PackageError, match="now declares a differently"):
        prepare(tmp_path, sources, entry)


def test_a_source_that_a_pylock_cannot_tell_is_not_compared(tmp_path: Path) -> None:
    """It is for some platforms only, or in the project of the workspace, or in settings of uv's."""
    some = """a = [{ path = "a", marker = "sys_platform == 'win32'" }]"""
    prepare(tmp_path / "1", some, 'index = "https://i/simple"')
    prepare(tmp_path / "2", 'a = { index = "elsewhere" }', 'index = "https://i/simple"')
    prepare(tmp_path / "3", "", 'vcs = { type = "git", url = "https://h/a.git" }')
