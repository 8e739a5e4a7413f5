"""Readers that are copied into projects: complete, and never over a user's changes."""

from __future__ import annotations

import json
import re
import resource
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from packager import __version__
from packager.errors import InputError, VendorError
from packager.vendor import Copy, vendor
from tests.commands import packager

ROOT = Path(__file__).parent.parent.parent
FILES = {
    "python": {
        "env_properties/__init__.py": "sdk_python/env_properties/__init__.py",
        "env_properties/_typed.py": "sdk_python/env_properties/_typed.py",
        "env_properties/py.typed": "sdk_python/env_properties/py.typed",
    },
    "node": {
        "env-properties/index.js": "sdk_node/index.js",
        "env-properties/errors.js": "sdk_node/errors.js",
        "env-properties/typed.js": "sdk_node/typed.js",
        "env-properties/index.mjs": "sdk_node/index.mjs",
        "env-properties/index.d.ts": "sdk_node/index.d.ts",
        "env-properties/index.d.mts": "sdk_node/index.d.mts",
        "env-properties/populate.js": "sdk_node/populate.js",
        "env-properties/populate.d.ts": "sdk_node/populate.d.ts",
        "env-properties/package.json": "sdk_node/package.json",
    },
    "java": {
        f"envproperties/{name}.java": f"sdk_java/src/main/java/envproperties/{name}.java"
        for name in ("EnvProperties", "EnvPropertiesException", "Overrides", "TypedValues")
    },
}

every_language = pytest.mark.parametrize("language", FILES)


def found(copies: tuple[Copy, ...]) -> set[str]:
    """Return the states in which the copies were found."""
    return {copy.found for copy in copies}


def tree(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def written(folder: Path) -> list[tuple[int, int]]:
    """Return what changes when a file or folder is written: its inode and time."""
    stats = [path.stat() for path in sorted(folder.rglob("*"))]
    return [(stat.st_ino, stat.st_mtime_ns) for stat in stats]


@every_language
def test_the_reader_is_copied_with_a_line_that_names_its_origin(
    language: str, tmp_path: Path
) -> None:
    """The line has the version and the origin; the rest is the file of the SDK, unchanged."""
    copies = vendor(language, tmp_path)
    assert {copy.path for copy in copies} == {tmp_path / name for name in FILES[language]}
    assert tree(tmp_path).keys() == FILES[language].keys()
    for name, source in FILES[language].items():
        first, _, rest = (tmp_path / name).read_bytes().partition(b"\n")
        assert f"env-properties {__version__} (MIT), from heroku-lambda-packager".encode() in first
        if name.endswith(".json"):
            rest = b"{\n" + rest
        assert rest == (ROOT / source).read_bytes()


@every_language
def test_a_current_copy_is_not_written_again(language: str, tmp_path: Path) -> None:
    assert found(vendor(language, tmp_path)) == {"missing"}
    before = written(tmp_path)
    assert found(vendor(language, tmp_path)) == {"current"}
    assert written(tmp_path) == before


def test_vendor_check_writes_nothing(tmp_path: Path) -> None:
    """It only reports whether the copies are missing, modified or current."""
    assert found(vendor("python", tmp_path, check=True)) == {"missing"}
    assert not list(tmp_path.iterdir())
    vendor("python", tmp_path)
    (tmp_path / "env_properties/__init__.py").write_bytes(b"pass\n")
    before = tree(tmp_path)
    assert found(vendor("python", tmp_path, check=True, force=True)) == {"current", "modified"}
    assert tree(tmp_path) == before


@every_language
def test_an_outdated_copy_is_replaced(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version has written it, and nobody has changed it since."""
    with monkeypatch.context() as earlier:
        origin = "env-properties 0.0.9 (MIT), from heroku-lambda-packager"
        earlier.setattr("packager.vendor.ORIGIN", origin)
        vendor(language, tmp_path)
    assert found(vendor(language, tmp_path, check=True)) == {"outdated"}
    assert found(vendor(language, tmp_path)) == {"outdated"}
    assert found(vendor(language, tmp_path)) == {"current"}


@every_language
def test_a_modified_copy_is_not_overwritten(language: str, tmp_path: Path) -> None:
    """Without --force, the other files of the reader are not written either."""
    vendor(language, tmp_path)
    changed, *others = (tmp_path / name for name in FILES[language])
    changed.write_bytes(changed.read_bytes() + b"\n")
    for other in others:
        other.unlink()
    before = tree(tmp_path)
    assert "modified" in found(vendor(language, tmp_path, check=True))
    with pytest.raises(VendorError, match=re.escape(str(changed))) as raised:
        vendor(language, tmp_path)
    assert "--force" in raised.value.hint
    assert tree(tmp_path) == before
    vendor(language, tmp_path, force=True)
    assert found(vendor(language, tmp_path, check=True)) == {"current"}


@every_language
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_text_added_to_the_first_line_is_a_modification(
    language: str, before: bool, tmp_path: Path
) -> None:
    """The hash covers only the rest of the file, so the line must match exactly."""
    for copy in vendor(language, tmp_path):
        first, _, rest = copy.path.read_bytes().partition(b"\n")
        line = b" ;" + first if before else first + b" ;"
        copy.path.write_bytes(line + b"\n" + rest)
    assert found(vendor(language, tmp_path, check=True)) == {"modified"}


def test_a_file_of_another_origin_is_not_overwritten(tmp_path: Path) -> None:
    """For example, the project has a package of the same name."""
    file = tmp_path / "env_properties" / "__init__.py"
    file.parent.mkdir()
    file.write_bytes(b"")
    with pytest.raises(VendorError, match="not an unmodified copy"):
        vendor("python", tmp_path)
    assert file.read_bytes() == b""


def test_line_ends_that_git_converts_are_not_a_modification(tmp_path: Path) -> None:
    """A copy that git has checked out with CR LF is current."""
    for copy in vendor("node", tmp_path):
        copy.path.write_bytes(copy.path.read_bytes().replace(b"\n", b"\r\n"))
    assert found(vendor("node", tmp_path, check=True)) == {"current"}


def test_a_copy_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    """On a full disk the old copy stays, and no temporary file is left beside it."""
    for copy in vendor("java", tmp_path):
        copy.path.write_bytes(copy.path.read_bytes().replace(b" (MIT)", b""))
    old = tree(tmp_path)
    # Python's bytecode caches would be truncated as well.
    env = {"PYTHONDONTWRITEBYTECODE": "1"}
    run = packager("vendor", "java", tmp_path, env=env, preexec=only_small_files)
    assert run.returncode == 1
    assert "File too large" in run.stderr
    assert tree(tmp_path) == old


def only_small_files() -> None:
    """Before an exec: let writes beyond a kilobyte fail, as if the disk were full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


def test_vendored_copies_can_be_read_by_all(tmp_path: Path) -> None:
    """In Lambda, the function's user does not own the files."""
    assert {copy.path.stat().st_mode & 0o777 for copy in vendor("node", tmp_path)} == {0o644}


@pytest.mark.parametrize("build", ["pom.xml", "build.gradle", "settings.gradle.kts"])
def test_java_goes_into_the_source_folder_of_a_maven_or_gradle_project(
    build: str, tmp_path: Path
) -> None:
    (tmp_path / build).touch()
    path = vendor("java", tmp_path)[0].path
    assert path == tmp_path / "src" / "main" / "java" / "envproperties" / "EnvProperties.java"


@pytest.mark.parametrize(
    ("language", "name", "message"),
    [
        ("python", "no-such-folder", "no such folder: .*no-such-folder"),
        ("python", "file", "no such folder: .*file"),
        ("ruby", ".", "no reader for ruby"),
        ("node", "blocked", "cannot vendor to .*blocked"),
    ],
)
def test_a_copy_that_cannot_be_written_is_an_error(
    tmp_path: Path, language: str, name: str, message: str
) -> None:
    """The folder is missing or a file, no reader has that language, or a file is in the way."""
    (tmp_path / "file").touch()
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "env-properties").touch()
    with pytest.raises((InputError, VendorError), match=message):
        vendor(language, tmp_path / name)


def test_readers_and_packager_have_one_version() -> None:
    """A copy names the version of the reader's own package."""
    python = (ROOT / "sdk_python/env_properties/__init__.py").read_text()
    node = json.loads((ROOT / "sdk_node/package.json").read_text())["version"]
    pom = ElementTree.parse(ROOT / "sdk_java/pom.xml")
    java = pom.findtext("{http://maven.apache.org/POM/4.0.0}version")
    assert f'\n__version__ = "{__version__}"\n' in python
    assert {node, java} == {__version__}
