"""What is watched of an app, with its settings and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.config.settings import Settings
from packager.errors import PackageError
from packager.watch.filter import new_filter


def test_all_files_of_an_app_are_watched_except_ignored_ones(app: Path) -> None:
    (app / ".lambdaignore").write_text("docs/\n")
    relevance = new_filter(app, Settings(), ignore_patterns=["*.log"])
    assert relevance.watches_file(f"{app}/index.js")
    assert relevance.is_named(f"{app}/.lambdaignore")
    assert not relevance.watches_file(f"{app}/docs/a.md")
    assert not relevance.watches_file(f"{app}/a.log")
    assert not relevance.watches_file(f"{app}/.env")


def test_with_an_archive_only_the_archive_is_watched(app: Path) -> None:
    for settings in Settings(jar=Path("out/app.jar")), Settings(zip=Path("out/app.jar")):
        relevance = new_filter(app, settings)
        assert relevance.is_named(f"{app}/out/app.jar")
        assert not relevance.watches_file(f"{app}/src/A.java")
        assert not relevance.watches_file(f"{app}/.lambdaignore")


def test_with_a_build_command_the_sources_of_an_archive_are_watched_too(app: Path) -> None:
    relevance = new_filter(app, Settings(jar=Path("out/app.jar")), builds=True)
    assert relevance.watches_file(f"{app}/src/A.java")
    assert not relevance.watches_file(f"{app}/out/A.class")


def test_the_env_file_is_watched_in_any_folder_and_by_any_name(app: Path) -> None:
    for env_file in app / ".env", app.parent / "prod.env":
        assert new_filter(app, Settings(), env_file=env_file).is_named(str(env_file))


def test_a_linked_env_file_and_its_target_are_watched(app: Path) -> None:
    (app.parent / "real.env").touch()
    (app / ".env").symlink_to("../real.env")
    relevance = new_filter(app, Settings(), env_file=app / ".env")
    assert relevance.is_named(f"{app}/.env")
    assert relevance.is_named(f"{app.parent}/real.env")


def test_more_files_and_folders_can_be_watched(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (app.parent / "shared").mkdir()
    monkeypatch.chdir(app)
    relevance = new_filter(app, Settings(), extra_paths=[Path("../shared"), Path("../schema.json")])
    assert relevance.watches_file(f"{app.parent}/shared/lib/a.js")
    assert relevance.watches_file(f"{app.parent}/schema.json")
    assert not relevance.watches_file(f"{app.parent}/other.json")


def test_a_wrong_pattern_is_an_error(app: Path) -> None:
    with pytest.raises(PackageError):
        new_filter(app, Settings(), ignore_patterns=["!"])


def test_the_watched_files_are_those_of_the_package(app: Path) -> None:
    (app / ".lambdaignore").write_text("!.next\n")
    (app / "venv").mkdir()
    (app / "venv" / "pyvenv.cfg").touch()
    relevance = new_filter(app, Settings(), ignore_patterns=["*.log"])
    assert relevance.watches_file(f"{app}/.next/page.js")
    assert not relevance.watches_file(f"{app}/.next/a.log")
    for name in ("config/.env", "lib/.DS_Store", "lib/.git/HEAD", "venv/lib/a.py", ".cache/a"):
        assert not relevance.watches_file(f"{app}/{name}"), name
