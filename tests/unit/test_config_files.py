"""The files of a package that hold its config, in the format of the app's reader."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Literal

import pytest

from packager.apps import App, Node, resolve
from packager.config.inputs import Config
from packager.config.settings import Settings
from packager.package import config_files
from packager.package.build import build
from packager.progress import Event, Progress, Warning
from tests.trees import plant

VARIABLES = {"NAME": "Grüße", "RE": r"^\d+$", "LINES": "one\ntwo"}
FOR_JAVA = b"LINES=one\\ntwo\nNAME=Gr\\u00fc\\u00dfe\nRE=^\\\\d+$\n"
FOR_PROPERTIES_READER = "LINES=one\\ntwo\nNAME=Grüße\nRE=^\\d+$\n".encode()


def app(folder: Path, *dependencies: str, section: str = "dependencies") -> Node:
    folder.mkdir(exist_ok=True)
    manifest = {section: dict.fromkeys(dependencies, "1")}
    (folder / "package.json").write_text(json.dumps(manifest))
    return Node(folder)


def written(app: App, settings: Settings | None = None, *names: str) -> tuple[bytes, list[str]]:
    events: list[Event] = []
    config = Config(settings or Settings(), VARIABLES)
    [file] = config_files.write(app, config, Progress(events.append), names)
    return file.content, [event.text for event in events if isinstance(event, Warning)]


def test_an_app_with_properties_reader_gets_a_file_in_its_format(tmp_path: Path) -> None:
    content, (warning,) = written(app(tmp_path, "properties-reader", "express"))
    assert content == FOR_PROPERTIES_READER
    assert "LINES" in warning
    assert "NAME" not in warning
    assert "RE" not in warning


@pytest.mark.parametrize(
    "name",
    [
        None,
        "env-properties/package.json",
        "src/lib/env-properties/package.json",
        "src/env-properties",
        "node_modules/env-properties/package.json",
    ],
)
def test_an_app_that_also_has_our_reader_gets_the_standard_file_and_a_warning(
    name: str | None, tmp_path: Path
) -> None:
    """Our reader may be declared, installed by another package, or copied into any folder."""
    both = ["properties-reader", *([] if name else ["env-properties"])]
    content, (warning,) = written(app(tmp_path, *both), None, *([name] if name else []))
    assert content == FOR_JAVA
    assert "LINES, NAME, RE." in warning


@pytest.mark.parametrize(("version", "warned"), [(None, True), ("0.0.15", True), ("2.3.0", False)])
def test_the_installed_version_decides_what_is_exact(
    version: str | None, warned: bool, tmp_path: Path
) -> None:
    """An empty value becomes 0 in old versions; without an installed one, all count."""
    node = app(tmp_path, "properties-reader")
    if version:
        manifest = json.dumps({"version": version})
        plant(tmp_path, {"node_modules/properties-reader/package.json": manifest})
    events: list[Event] = []
    config_files.write(node, Config(Settings(), {"EMPTY": ""}), Progress(events.append))
    assert [isinstance(event, Warning) for event in events] == [True] * warned


def test_our_reader_in_any_folder_of_the_app_is_found_when_it_is_packaged(tmp_path: Path) -> None:
    """Such a copy would read other values from a file in the format of properties-reader."""
    node = app(tmp_path / "app", "properties-reader")
    modules = {"node_modules/properties-reader/package.json": b"{}"}
    plant(node.folder, modules | {"shared/env-properties/package.json": b"{}"})
    destination = tmp_path / "out.zip"
    build(node, Config(Settings(), VARIABLES), destination)
    assert zipfile.ZipFile(destination).read("env.properties") == FOR_JAVA


def test_a_file_with_a_similar_name_is_not_our_reader(tmp_path: Path) -> None:
    names = ("my-env-properties/package.json", "env-properties/index.js", "env-properties.js")
    content, _ = written(app(tmp_path, "properties-reader"), None, *names)
    assert content == FOR_PROPERTIES_READER


def test_a_reader_is_recognized_if_package_json_gives_it_an_alias(tmp_path: Path) -> None:
    manifest = {"dependencies": {"config": "npm:properties-reader@2.3.0"}}
    (tmp_path / "package.json").write_text(json.dumps(manifest))
    assert written(Node(tmp_path))[0] == FOR_PROPERTIES_READER


@pytest.mark.parametrize("dependencies", [(), ("env-properties",), ("properties-reader-2",)])
def test_any_other_app_gets_the_standard_file(
    dependencies: tuple[str, ...], tmp_path: Path
) -> None:
    assert written(app(tmp_path, *dependencies)) == (FOR_JAVA, [])


def test_a_reader_among_development_dependencies_does_not_count(tmp_path: Path) -> None:
    node = app(tmp_path, "properties-reader", section="devDependencies")
    assert written(node) == (FOR_JAVA, [])


@pytest.mark.parametrize(
    ("wanted", "dependencies", "expected"),
    [
        ("java", ["properties-reader"], FOR_JAVA),
        ("properties-reader", [], FOR_PROPERTIES_READER),
    ],
)
def test_a_setting_overrides_the_detected_format(
    wanted: Literal["java", "properties-reader"],
    dependencies: list[str],
    expected: bytes,
    tmp_path: Path,
) -> None:
    content, warnings = written(app(tmp_path, *dependencies), Settings(properties_format=wanted))
    assert content == expected
    assert "LINES" in warnings[0]


def test_a_jar_gets_the_standard_file(tmp_path: Path) -> None:
    settings = Settings(jar=Path("app.jar"))
    assert written(resolve(tmp_path, settings), settings) == (FOR_JAVA, [])
