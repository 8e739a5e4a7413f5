"""Which files of a Node.js app are packaged, and which dependencies must be installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.apps import Node
from packager.apps.files import Selections
from packager.apps.members import Members
from packager.config.inputs import Config
from packager.config.settings import Settings
from packager.errors import PackageError
from packager.package.build import build_file
from packager.progress import Event, Progress
from tests.trees import Link, plant


def app(folder: Path, manifest: Mapping[str, object], *installed: str) -> Path:
    """Create an app with these packages in `node_modules`."""
    modules = {f"node_modules/{name}/package.json": b"{}" for name in installed}
    return plant(folder, {"package.json": json.dumps(manifest).encode(), "a.js": b"", **modules})


def members(folder: Path, settings: Settings | None = None) -> Members:
    return Node.of(folder, settings or Settings()).members(Selections())


def names(found: Members) -> tuple[list[str], list[str]]:
    return [member.name for member in found[0]], [member.name for member in found[1]]


def test_production_dependencies_are_packaged_and_development_dependencies_are_not(
    tmp_path: Path,
) -> None:
    manifest = {"dependencies": {"a": "1"}, "devDependencies": {"tool": "1"}}
    plant(tmp_path, {"node_modules/.bin/tool": Link("../tool/package.json")})
    app(tmp_path, manifest, "a", "tool", "undeclared")
    installed = ["node_modules/a/package.json", "node_modules/undeclared/package.json"]
    assert names(members(tmp_path)) == (installed, ["a.js", "package.json"])
    everything = names(members(tmp_path, Settings(dev_dependencies=True)))[0]
    assert set(everything) - set(installed) == {
        *("node_modules/tool/package.json", "node_modules/.bin/tool")
    }


def test_a_dependency_that_is_not_installed_is_an_error_with_the_command_that_installs_it(
    tmp_path: Path,
) -> None:
    folder = app(tmp_path / "app", {"dependencies": {"express": "1", "a": "1"}}, "a")
    (folder / "package-lock.json").write_text("{}")
    assert members(folder).missing == (
        "In package.json but not installed: express.",
        "Run `npm ci`.",
    )
    output = tmp_path / "out.zip"
    with pytest.raises(PackageError, match="not installed: express") as error:
        build_file(Node.of(folder, Settings()), Config(Settings(), {}), output)
    assert "npm ci" in error.value.hint
    assert not output.exists()
    for checks, count in [("warn", 1), ("off", 0)]:
        events: list[Event] = []
        found = Node.of(folder, Settings(checks=checks))
        build_file(found, Config(Settings(), {}), output, progress=Progress(events.append))
        assert len(events) == count


def test_a_missing_dependency_of_a_package_is_a_warning(tmp_path: Path) -> None:
    app(tmp_path, {"dependencies": {"a": "1"}}, "a")
    (tmp_path / "node_modules/a/package.json").write_text('{"dependencies": {"b": "1"}}')
    found = members(tmp_path)
    assert found.missing is None
    assert "b (needed by a)" in found.events[0].text


def test_what_stays_home_also_stays_out_of_the_users_own_packages_outside_of_the_app(
    tmp_path: Path,
) -> None:
    """Packages that are installed there keep all of their files."""
    manifest = b'{"dependencies": {"a": "1"}}'
    home = {".env": b"A=1", ".git/config": b"", "test/prod.env": b"", ".DS_Store": b""}
    plant(tmp_path / "lib", {"package.json": manifest, "main.js": b"", **home})
    plant(tmp_path / "lib/node_modules/a", {"package.json": b"{}", "prod.env": b""})
    folder = app(tmp_path / "app", {"dependencies": {"lib": "file:../lib"}})
    plant(folder, {"node_modules/lib": Link("../../lib")})
    found = members(folder)
    assert {name.removeprefix("node_modules/.outside/") for name in names(found)[0]} == {
        *("lib/package.json", "lib/main.js", "node_modules/lib"),
        *("lib/node_modules/a/package.json", "lib/node_modules/a/prod.env"),
    }
    [note] = found.events
    assert "node_modules/.outside/lib/.env" in note.text


def test_another_installed_version_than_the_app_declares_is_a_warning(tmp_path: Path) -> None:
    """A `git pull` causes it. A project with `overrides` gets no warning."""
    for more, count in [({}, 1), ({"overrides": {"a": "1"}}, 0)]:
        folder = app(
            tmp_path / str(count),
            {"dependencies": {"a": "^2.1.0", "b": "latest"}, **more},
            "a",
            "b",
        )
        for name in "a", "b":
            (folder / f"node_modules/{name}/package.json").write_text('{"version": "2.0.3"}')
        found = members(folder)
        assert found.missing is None
        assert [event.text for event in found.events] == [
            "Other versions are installed: a 2.0.3 (package.json: ^2.1.0). Run `npm install`."
        ][:count]


@pytest.mark.parametrize("kind", ["optionalDependencies", "devDependencies"])
def test_an_optional_or_development_dependency_need_not_be_installed(
    kind: str, tmp_path: Path
) -> None:
    assert members(app(tmp_path, {kind: {"fsevents": "1"}})).missing is None


def test_a_package_that_the_runtime_includes_need_not_be_installed(tmp_path: Path) -> None:
    manifest = {"dependencies": {"@aws-sdk/client-s3": "3", "@smithy/types": "1"}}
    assert members(app(tmp_path, manifest)).missing is None


def test_an_app_that_excludes_node_modules_is_bundled_and_needs_no_dependencies(
    tmp_path: Path,
) -> None:
    app(tmp_path, {"dependencies": {"express": "1"}})
    (tmp_path / ".lambdaignore").write_text("node_modules\n")
    assert names(members(tmp_path)) == ([], ["a.js", "package.json"])


def test_a_single_module_needs_no_package_json(tmp_path: Path) -> None:
    plant(tmp_path, {"index.mjs": b""})
    assert names(members(tmp_path)) == ([], ["index.mjs"])


@pytest.mark.parametrize(
    "manifest", [b"{", b"[]", b'{"dependencies": ' + b"[" * 100_000, b'{"a":' * 100_000]
)
def test_a_package_json_that_is_not_a_json_object_is_an_error(
    manifest: bytes, tmp_path: Path
) -> None:
    """Deep nesting does not exhaust the stack."""
    plant(tmp_path, {"package.json": manifest})
    with pytest.raises(PackageError, match=r"package\.json"):
        members(tmp_path)
