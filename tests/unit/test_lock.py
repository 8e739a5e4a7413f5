"""The locks in `bin`: Heroku apps and builds get what pyproject.toml declares."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

tomllib = pytest.importorskip("tomllib", reason="TOML is in the standard library from Python 3.11")

REPOSITORY = Path(__file__).parents[2]
LOCK = REPOSITORY / "bin" / "requirements.lock"
BUILD_LOCK = REPOSITORY / "bin" / "build-requirements.lock"
STALE = "bin/requirements.lock is stale: run bin/lock"

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
MACHINES = ["x86_64", "aarch64"]


def project() -> dict[str, Any]:
    text = (REPOSITORY / "pyproject.toml").read_text()
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


# Dependencies that a build needs and a dyno does not have.
ONLY_BUILDS = {"uv", "packaging"}


def dependencies(lock: Path) -> list[Requirement]:
    found = [Requirement(dependency) for dependency in project()["dependencies"]]
    return [
        requirement
        for requirement in found
        if (requirement.name in ONLY_BUILDS) == (lock == BUILD_LOCK)
    ]


def environment(python: str, machine: str) -> dict[str, str]:
    """Return the values of environment markers for a Python on a machine."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": machine,
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
    }


def applies(requirement: Requirement, python: str, machine: str) -> bool:
    marker = requirement.marker
    return marker is None or marker.evaluate(environment(python, machine))


def locked(lock: Path, python: str, machine: str) -> dict[str, str]:
    """Return the versions that a lock has for a Python on a machine, by name."""
    versions: dict[str, str] = {}
    for line in lock.read_text().splitlines():
        if not line or line.startswith((" ", "#")):
            continue
        requirement = Requirement(line.rstrip("\\"))
        if not applies(requirement, python, machine):
            continue
        name = canonicalize_name(requirement.name)
        assert name not in versions, f"{name} is locked twice"
        [pin] = requirement.specifier
        assert pin.operator == "=="
        versions[name] = pin.version
    return versions


both = pytest.mark.parametrize("lock", [LOCK, BUILD_LOCK], ids=lambda lock: lock.stem)


@both
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_in_a_version_that_pyproject_allows(
    lock: Path, python: str, machine: str
) -> None:
    versions = locked(lock, python, machine)
    for dependency in dependencies(lock):
        if not applies(dependency, python, machine):
            continue
        name = canonicalize_name(dependency.name)
        assert name in versions, STALE
        assert dependency.specifier.contains(versions[name]), STALE


def test_only_dependencies_are_locked() -> None:
    pins = re.split(r"^(?=\w)", LOCK.read_text(), flags=re.MULTILINE)[1:]
    direct = {pin.partition("==")[0] for pin in pins if "heroku-lambda-packager" in pin}
    declared = {canonicalize_name(dependency.name) for dependency in dependencies(LOCK)}
    assert direct == declared, STALE


@both
def test_every_pin_has_hashes(lock: Path) -> None:
    pins = re.split(r"^(?=\w)", lock.read_text(), flags=re.MULTILINE)[1:]
    assert pins
    assert [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin] == []


@both
def test_the_lock_names_no_index(lock: Path) -> None:
    assert not re.search(r"https?:|--(extra-)?index-url|--find-links", lock.read_text())


def test_a_dyno_does_not_get_dependencies_that_only_builds_need() -> None:
    """Only builds use uv, which is as large as all other dependencies together."""
    for machine in MACHINES:
        assert not locked(LOCK, PYTHONS[-1], machine).keys() & ONLY_BUILDS
        assert locked(BUILD_LOCK, PYTHONS[-1], machine).keys() == ONLY_BUILDS


def test_the_buildpack_accepts_the_pythons_that_pyproject_names() -> None:
    prefix = "Programming Language :: Python :: 3."
    named = [
        classifier.removeprefix("Programming Language :: Python :: ")
        for classifier in project()["classifiers"]
        if classifier.startswith(prefix)
    ]
    assert named == PYTHONS
    assert "3.1[0-4]' pip')" in (REPOSITORY / "bin" / "lib" / "python.sh").read_text()
