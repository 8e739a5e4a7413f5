"""The list of what a package would contain."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from click.testing import CliRunner

from packager.cli import cli
from tests.trees import plant


def listed(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, ["build", "--list", *map(str, arguments)], env={"A": "1"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_build_list_shows_the_contents_with_the_largest_folder_first(tmp_path: Path) -> None:
    app = plant(
        tmp_path / "app",
        {
            "package.json": b"{}",
            "src/a.js": bytes(2048),
            "src/b.js": bytes(3072),
            "node_modules/big/index.js": bytes(1 << 20),
            ".env": b"SECRET=1",
        },
    )
    (tmp_path / "env").write_text("A=1\n")
    lines = listed(app, "--env-file", tmp_path / "env").splitlines()
    assert [line.split()[-1] for line in lines[:-1]] == [
        *("node_modules/", "node_modules/big/index.js", "src/", "src/b.js", "src/a.js"),
        *("env.properties", "package.json"),
    ]
    assert lines[0].split()[:2] == ["1.0", "MB"]
    assert "5 files" in lines[-1]


def test_build_list_as_json_has_every_file_and_folder_with_its_size(tmp_path: Path) -> None:
    app = plant(tmp_path / "app", {"package.json": b"{}", "src/a.js": b"12345"})
    (tmp_path / "env").write_text("A=1\n")
    found = json.loads(listed(app, "--env-file", tmp_path / "env", "--json"))
    assert found["outcome"] == "listed"
    assert found["size"] == 2 + 5 + 4
    assert found["folders"][0] == {"name": "src/", "size": 5, "files": 1}
    assert {file["name"]: file["size"] for file in found["files"]} == {
        "package.json": 2,
        "src/a.js": 5,
        "env.properties": 4,
    }


def test_build_list_of_a_zip_shows_its_entries_and_the_new_config(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("A=1\n")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("index.js", "12345")
        archive.writestr("env.properties", "OLD=1")
    output = listed(tmp_path, "--zip", "a.zip", "--env-file", tmp_path / "env", "--json")
    sizes = {file["name"]: file["size"] for file in json.loads(output)["files"]}
    assert sizes == {"index.js": 5, "env.properties": 4}


def test_build_needs_either_an_output_or_list(tmp_path: Path) -> None:
    for options in ([], ["--list", "--output", "out.zip"]):
        result = CliRunner().invoke(cli, ["build", str(tmp_path), *options])
        assert result.exit_code == 2
        assert "either --output FILE or --list" in result.output
