"""Building a package, and refusing what cannot be packaged."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packager.apps import files, resolve
from packager.apps.members import Member
from packager.config.inputs import Config
from packager.config.settings import Settings
from packager.errors import ArchiveError, PackageError
from packager.package.build import build, build_file
from packager.progress import Event, Note, Progress, Warning
from tests.trees import Link, plant


def of(variables: dict[str, str]) -> Config:
    return Config(Settings(), variables)


def jar(path: Path, size: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        archive.writestr("lib/data", bytes(size))
    return path


def test_a_missing_jar_is_an_error_that_lists_existing_jars(app: Path, tmp_path: Path) -> None:
    jar(app / "target" / "there.jar")
    with pytest.raises(PackageError, match=r"missing\.jar \(_LAMBDA_JAR_FILE\)") as error:
        build(resolve(app, Settings(jar=Path("missing.jar"))), of({}), tmp_path / "out")
    assert "target/there.jar" in error.value.hint


def test_without_any_jar_the_hint_is_to_build_one(app: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageError) as error:
        build(resolve(app, Settings(jar=Path("missing.jar"))), of({}), tmp_path / "out")
    assert "build it first" in error.value.hint


def test_an_unpacked_size_over_the_limit_is_an_error_that_leaves_no_file(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar(app / "a.jar", size=3 << 20)
    for module in ("build", "listing"):
        monkeypatch.setattr(f"packager.package.{module}.UNPACKED_LIMIT", 1 << 20)
    with pytest.raises(PackageError, match=r"unpacked package has 3 MB.*at most 1 MB") as error:
        build(resolve(app, Settings(jar=Path("a.jar"))), of({}), tmp_path / "out")
    assert "lib/ 3 MB" in error.value.hint
    assert not (tmp_path / "out").exists()


def test_files_over_the_limit_are_an_error_before_they_are_read(app: Path, tmp_path: Path) -> None:
    """The sizes are known without reading 10 GB of zeros, which would take a minute."""
    (app / "package.json").write_text("{}")
    (app / "data").mkdir()
    with (app / "data" / "sparse").open("wb") as file:
        file.truncate(10 << 30)
    with pytest.raises(PackageError, match=r"unpacked package has 10240 MB") as error:
        build(resolve(app, Settings()), of({}), tmp_path / "out")
    assert "data/ 10240 MB" in error.value.hint
    assert not (tmp_path / "out").exists()


def test_dependencies_come_first_and_the_config_last(app: Path, tmp_path: Path) -> None:
    """Files that change often are at the end of the package."""
    plant(app, dict.fromkeys(["a.js", "package.json", "node_modules/b/c", "z/y.js"], b"{}"))
    build(resolve(app, Settings()), of({"A": "1"}), tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == [
            *("node_modules/b/c", "a.js", "package.json", "z/y.js", "env.properties")
        ]


@pytest.mark.parametrize("name", ["prod.env", "config.json", "config/.env", "lib/settings"])
def test_the_env_file_in_use_is_never_packaged_by_any_name(
    name: str, app: Path, tmp_path: Path
) -> None:
    """Links do not lead to it, and no pattern includes it."""
    secret = "_AWS_SECRET_ACCESS_KEY=canary\n"
    plant(app, {"package.json": b"{}", name: secret.encode(), "link": Link(name)})
    os.link(app / name, app / "hard-link")
    (app / ".lambdaignore").write_text(f"!{name}\n!link\n")
    build(resolve(app, Settings()), of({}), tmp_path / "out.zip", output=app / name)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["package.json", "env.properties"]


def test_a_build_reports_secrets_that_are_left_out_and_warns_about_likely_ones(
    app: Path, tmp_path: Path
) -> None:
    key = b"-----BEGIN RSA " + b"PRIVATE KEY-----\n"
    plant(
        app,
        {
            **dict.fromkeys(["config/.env", "sub/.npmrc", "id_rsa", ".env", ".git/config"], b""),
            **dict.fromkeys(["index.js", "credentials.json", "cert.pem"], b""),
            "package.json": b"{}",
            "keys/server.pem": key,
            "node_modules/a/key.pem": key,
        },
    )
    events: list[Event] = []
    build(resolve(app, Settings()), of({}), tmp_path / "out", progress=Progress(events.append))
    note, warning = events
    assert isinstance(note, Note)
    assert "config/.env, id_rsa, sub/.npmrc" in note.text
    assert "!config/.env" in note.text
    assert isinstance(warning, Warning)
    assert "credentials.json, keys/server.pem." in warning.text
    with zipfile.ZipFile(tmp_path / "out") as archive:
        assert archive.namelist() == [
            *("node_modules/a/key.pem", "cert.pem", "credentials.json", "index.js"),
            *("keys/server.pem", "package.json", "env.properties"),
        ]


def test_an_earlier_package_is_left_out_with_a_warning_unless_a_pattern_includes_it(
    app: Path, tmp_path: Path
) -> None:
    """It holds an earlier config; other archives are packaged."""
    plant(app, {"package.json": b"{}"})
    build(resolve(app, Settings()), of({"A": "1"}), app / "old.zip")
    jar(app / "lib" / "some.jar")
    (app / "broken.zip").write_bytes(b"PK")
    events: list[Event] = []
    build(resolve(app, Settings()), of({}), tmp_path / "1", progress=Progress(events.append))
    (warning,) = events
    assert isinstance(warning, Warning)
    assert "old.zip" in warning.text
    (app / ".lambdaignore").write_text("!old.zip\n")
    build(resolve(app, Settings()), of({}), tmp_path / "2")
    with zipfile.ZipFile(tmp_path / "1") as one, zipfile.ZipFile(tmp_path / "2") as two:
        assert set(two.namelist()) - set(one.namelist()) == {"old.zip"}
        assert {"broken.zip", "lib/some.jar"} <= set(one.namelist())


@pytest.mark.parametrize("swapped", ["pipe", "link", "file"])
def test_a_file_that_is_replaced_after_the_walk_is_an_error(
    swapped: str, app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe does not block the build, and a link is not followed."""
    plant(app, {"package.json": b"{}", "data": b"data"})
    (tmp_path / "secret").write_text("secret")
    members = files.Selection.members

    def swap(selection: files.Selection, *more: Any) -> list[Member]:
        found = members(selection, *more)
        (app / "data").rename(tmp_path / "moved")
        if swapped == "pipe":
            os.mkfifo(app / "data")
        elif swapped == "link":
            (app / "data").symlink_to(tmp_path / "secret")
        else:
            (app / "data").write_text("secret")
        return found

    monkeypatch.setattr(files.Selection, "members", swap)
    with pytest.raises(PackageError, match=r"^data cannot be read"):
        build(resolve(app, Settings()), of({}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_hash_has_the_format_of_lambda(app: Path, tmp_path: Path) -> None:
    jar(app / "a.jar")
    built = build(resolve(app, Settings(jar=Path("a.jar"))), of({"A": "1"}), tmp_path / "out")
    assert len(built.code_sha256) == 44
    assert built.size == (tmp_path / "out").stat().st_size
    assert built.variables == 1


def test_an_existing_output_file_is_replaced_by_the_whole_package(
    app: Path, tmp_path: Path
) -> None:
    jar(app / "a.jar")
    output = tmp_path / "out.zip"
    output.write_text("old")
    build_file(resolve(app, Settings(jar=Path("a.jar"))), of({"A": "1"}), output)
    assert zipfile.ZipFile(output).read("env.properties") == b"A=1\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app", "out.zip"]


def test_an_existing_output_file_stays_if_the_build_fails(app: Path, tmp_path: Path) -> None:
    (app / "a.jar").write_text("no jar")
    output = tmp_path / "out.zip"
    output.write_text("old")
    with pytest.raises(ArchiveError):
        build_file(resolve(app, Settings(jar=Path("a.jar"))), of({}), output)
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app", "out.zip"]


def test_the_output_of_an_earlier_build_is_not_packaged(app: Path) -> None:
    (app / "package.json").write_text("{}")
    first = build_file(resolve(app, Settings()), of({"A": "1"}), app / "out.zip")
    assert build_file(resolve(app, Settings()), of({"A": "1"}), app / "out.zip") == first


@pytest.mark.parametrize("name", [".", "app", "pipe", "link", "stdout", "absent/out.zip"])
def test_an_output_that_is_not_a_file_is_refused_before_anything_is_built(
    name: str, app: Path, tmp_path: Path
) -> None:
    """A folder, a pipe or device, a link to one (/dev/stdout), or a missing folder."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    with (tmp_path / "file").open("wb") as file:
        (tmp_path / "stdout").symlink_to(f"/proc/self/fd/{file.fileno()}")
        before = {path.name: path.lstat() for path in tmp_path.iterdir()}
        with pytest.raises(PackageError, match=r"is not a file|does not exist"):
            build_file(resolve(app, Settings(language="node")), of({}), tmp_path / name)
        assert {path.name: path.lstat() for path in tmp_path.iterdir()} == before
    assert not [*app.iterdir()]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (Settings(jar=Path("a.war")), "_LAMBDA_JAR_FILE"),
        (Settings(zip=Path("a.jar")), "_LAMBDA_ZIP_FILE"),
    ],
    ids=["jar", "zip"],
)
def test_an_error_about_a_missing_archive_names_its_setting(
    settings: Settings, name: str, app: Path, tmp_path: Path
) -> None:
    """The extension of the file does not matter."""
    with pytest.raises(PackageError, match=name):
        build(resolve(app, settings), of({}), tmp_path / "out.zip")


Change = Callable[[Path], object]


@pytest.mark.parametrize(
    "own",
    [lambda app: (app / "env.properties").write_text("OLD=secret"), lambda app: None],
    ids=["with its own", "without"],
)
def test_a_node_app_gets_exactly_one_env_properties(app: Path, tmp_path: Path, own: Change) -> None:
    (app / "package.json").write_text("{}")
    own(app)
    build(resolve(app, Settings()), of({"A": "1"}), tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["package.json", "env.properties"]
        assert archive.read("env.properties") == b"A=1\n"


@pytest.mark.parametrize("kind", ["folder", "jar"])
def test_with_the_exec_wrapper_a_package_has_the_script_that_sets_every_variable(
    kind: str, app: Path, tmp_path: Path
) -> None:
    settings = Settings(exec_wrapper=True)
    (app / "package.json").write_text("{}")
    if kind == "jar":
        jar(app / "a.jar")
        settings = Settings(exec_wrapper=True, jar=Path("a.jar"))
    events: list[Event] = []
    build(
        resolve(app, settings),
        Config(settings, {"A": "it's 1", "PATH": "no"}),
        tmp_path / "out.zip",
        progress=Progress(events.append),
    )
    with zipfile.ZipFile(tmp_path / "out.zip") as package:
        assert package.namelist()[-2:] == ["env-exec", "env.properties"]
        assert package.getinfo("env-exec").external_attr >> 16 == 0o100755
        package.extract("env-exec", tmp_path)
    command = ["sh", str(tmp_path / "env-exec"), "sh", "-c", 'printf %s "$A"']
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == "it's 1"
    assert [event for event in events if isinstance(event, Note) and "PATH" in event.text]


def test_the_exec_wrapper_starts_the_next_one(app: Path, tmp_path: Path) -> None:
    (app / "package.json").write_text("{}")
    settings = Settings(exec_wrapper="/opt/other")
    build(resolve(app, settings), Config(settings, {}), tmp_path / "out.zip")
    assert b"'/opt/other'" in zipfile.ZipFile(tmp_path / "out.zip").read("env-exec")
