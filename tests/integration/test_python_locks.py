"""A build packages exactly what a lock file pins, from the source that the project names.

The projects in `python-locks` contain lock files that the real tools wrote, and the commands.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from pip._internal.models.index import PyPI

from tests.commands import build, git, refused_build, run
from tests.faults.wheels import wheel
from tests.http_server import serving
from tests.integration.conftest import PYTHON_HANDLER
from tests.integration.test_wheels import NETWORK, OFFLINE
from tests.trees import contents, plant

LOCKS = Path(__file__).with_name("python-locks")
SOURCES = Path(__file__).with_name("python-locks-with-sources")
FILES = {
    "uv": "uv.lock",
    "poetry": "poetry.lock",
    "pipenv": "Pipfile.lock",
    "pylock": "pylock.toml",
}
MAIN = {"certifi", "charset_normalizer", "docopt", "idna", "orjson", "packaging", "requests"}
MAIN |= {"pysocks", "urllib3"}
BUILT = b'[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'

# Tests in parallel share uv's downloads; no test depends on them.
UNPINNED = '[project]\nname = "app"\nversion = "1"\ndependencies = ["dep"]\n'


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def env(cache: Path) -> dict[str, str]:
    """The network, a cache for this file's tests, and the function's runtime."""
    own = {"XDG_CACHE_HOME": str(cache), "UV_HTTP_RETRIES": "1", "_LAMBDA_RUNTIME": "python3.13"}
    return NETWORK | own


def with_hosts(text: str) -> str:
    """Replace the invented host names of a lock file by those of pip's default index."""
    text = text.replace("https://index.invalid/simple", PyPI.simple_url)
    return text.replace("files.invalid", PyPI.file_storage_domain)


def project(kind: str, folder: Path) -> Path:
    """Copy the project with that lock, and make it an app."""
    shutil.copytree(LOCKS / kind, folder)
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        file.write_text(with_hosts(file.read_text()))
    return plant(folder, PYTHON_HANDLER)


def installed(package: zipfile.ZipFile) -> dict[str, str]:
    """Return the versions of the dependencies in a package, by name."""
    names = package.namelist()
    found = [re.match(r"([^/]+)-([^/-]+)\.dist-info/METADATA", name) for name in names]
    return {match[1].lower(): match[2] for match in found if match}


@pytest.mark.parametrize("kind", FILES)
def test_pins_of_a_lock_for_the_functions_platform_are_packaged(
    kind: str, tmp_path: Path, env: dict[str, str]
) -> None:
    """Markers are evaluated for the function, extras and development groups are left out, a
    dependency with only a source is built, and the app's files stay as they are.
    """
    app = project(kind, tmp_path / "app")
    before = contents(app)
    on_arm = build(app, "--architecture", "arm64", env=env)
    found = installed(on_arm)
    local = {"greeting"} if kind == "uv" else set()
    assert found.keys() == MAIN | local
    assert found["orjson"] == "3.10.12"
    text = with_hosts((LOCKS / kind / FILES[kind]).read_text())
    assert all(version in text for version in found.values())
    assert "orjson/orjson.cpython-313-aarch64-linux-gnu.so" in on_arm.namelist()
    older = build(app, "--runtime", "python3.12", env=env)
    assert installed(older).keys() == MAIN | local | {"tomli"}
    assert "orjson/orjson.cpython-312-x86_64-linux-gnu.so" in older.namelist()
    assert contents(app) == before


@pytest.mark.parametrize("kind", FILES)
def test_pins_of_a_lock_need_no_network_the_second_time(
    kind: str, tmp_path: Path, env: dict[str, str]
) -> None:
    app = project(kind, tmp_path / "app")
    build(app, env=env)
    assert installed(build(app, env=env | OFFLINE | {"UV_OFFLINE": "1"})).keys() >= MAIN


@pytest.mark.parametrize("kind", FILES)
def test_a_file_with_another_hash_is_refused_and_the_dependency_named(
    kind: str, tmp_path: Path, env: dict[str, str]
) -> None:
    app = project(kind, tmp_path / "app")
    lock = app / FILES[kind]
    lock.write_text(
        re.sub(r"(?<=sha256[:\"' =]{1})[\" =]*[0-9a-f]{64}", other_hash, lock.read_text())
    )
    lock.write_text(re.sub(r"sha256 = \"[0-9a-f]{64}", 'sha256 = "' + "0" * 64, lock.read_text()))
    fresh = env | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert "is not the file whose hash is listed" in refused_build(app, env=fresh)


def other_hash(match: re.Match[str]) -> str:
    return re.sub(r"[0-9a-f]{64}", "0" * 64, match[0])


@pytest.mark.parametrize("kind", FILES)
def test_a_truncated_lock_is_an_error_that_names_it(
    kind: str, tmp_path: Path, env: dict[str, str]
) -> None:
    app = project(kind, tmp_path / "app")
    lock = app / FILES[kind]
    lock.write_text(lock.read_text()[:2000])
    found = refused_build(app, env=env)
    assert FILES[kind] in found


@pytest.mark.parametrize(
    ("kind", "version", "newer"),
    [
        ("uv", "version = 1\n", "version = 2\n"),
        ("poetry", 'lock-version = "2.1"', 'lock-version = "3.0"'),
        ("pipenv", '"pipfile-spec": 6', '"pipfile-spec": 7'),
        ("pylock", 'lock-version = "1.0"', 'lock-version = "2.0"'),
    ],
)
def test_a_lock_of_a_newer_format_is_an_error_that_says_so(
    kind: str, version: str, newer: str, tmp_path: Path, env: dict[str, str]
) -> None:
    app = project(kind, tmp_path / "app")
    lock = app / FILES[kind]
    assert version in lock.read_text()
    lock.write_text(lock.read_text().replace(version, newer))
    found = refused_build(app, env=env)
    assert FILES[kind] in found
    assert "format" in found


def test_a_lock_of_an_older_poetry_is_refused_with_the_command_that_renews_it(
    tmp_path: Path, env: dict[str, str]
) -> None:
    app = project("poetry", tmp_path / "app")
    lock = app / "poetry.lock"
    lock.write_text(lock.read_text().replace('lock-version = "2.1"', 'lock-version = "2.0"'))
    assert "`poetry lock`" in refused_build(app, env=env)


@pytest.mark.parametrize("kind", ["uv", "pylock"])
def test_a_lock_for_other_pythons_than_the_functions_is_an_error(
    kind: str, tmp_path: Path, env: dict[str, str]
) -> None:
    app = project(kind, tmp_path / "app")
    found = refused_build(app, "--runtime", "python3.11", env=env)
    assert f"{FILES[kind]} is for Python >=3.12, but the function has python3.11" in found


@pytest.mark.parametrize("kind", FILES)
def test_a_dependency_that_is_newer_than_the_lock_is_an_error(
    kind: str, tmp_path: Path, env: dict[str, str]
) -> None:
    """Otherwise it would be missing from the package without a message."""
    app = project(kind, tmp_path / "app")
    file = app / ("Pipfile" if kind == "pipenv" else "pyproject.toml")
    added = {"docopt = ": 'durationpy = "*"\ndocopt = ', '"docopt",': '"durationpy", "docopt",'}
    for old, new in added.items():
        file.write_text(file.read_text().replace(old, new))
    found = refused_build(app, env=env)
    assert f"{FILES[kind]} is older than {file.name}: it does not have durationpy" in found
    assert "Write it again: `" in found


@pytest.mark.parametrize("kind", ["uv", "pipenv", "pylock"])
def test_a_version_that_the_project_no_longer_wants_is_an_error(
    kind: str, tmp_path: Path, env: dict[str, str]
) -> None:
    """The project was edited, and the lock was not written again."""
    app = project(kind, tmp_path / "app")
    file = app / ("Pipfile" if kind == "pipenv" else "pyproject.toml")
    text = re.sub(r'(packaging(?: = ")?)(?:==23.2|>=20)', r"\1>=99", file.read_text())
    file.write_text(text)
    assert f"{file.name} now declares packaging differently" in refused_build(app, env=env)


def test_a_lock_without_any_of_the_dependencies_is_an_error(
    python_app: Path, env: dict[str, str]
) -> None:
    """A lock that was written before the first dependency is not a list without any."""
    (python_app / "Pipfile").write_text("[packages]\niniconfig = '*'\n")
    (python_app / "Pipfile.lock").write_text('{"_meta": {"pipfile-spec": 6}, "default": {}}')
    assert "it does not have iniconfig" in refused_build(python_app, env=env)


def test_a_package_without_any_wheel_that_cannot_be_built_is_named(
    python_app: Path, env: dict[str, str]
) -> None:
    source = python_app.parent / "own-1"
    plant(source, {"PKG-INFO": b"Metadata-Version: 2.1\nName: own\nVersion: 1\n"})
    plant(source, {"setup.py": b"raise RuntimeError('no compiler here')\n"})
    archive = shutil.make_archive(str(python_app / "own-1"), "gztar", source.parent, source.name)
    (python_app / "requirements.txt").write_text(f"./{Path(archive).name}\n")
    found = refused_build(python_app, env=env)
    assert "own" in found
    assert "cannot be built" in found
    assert "no compiler here" in found


def test_a_member_of_a_workspace_receives_the_pins_of_the_workspaces_lock(
    tmp_path: Path, env: dict[str, str]
) -> None:
    """Other members are built as they are now, in a copy, also those that only members need."""
    plant(
        tmp_path,
        {
            "pyproject.toml": b'[tool.uv.workspace]\nmembers = ["packages/*"]\n',
            "packages/app/pyproject.toml": b'[project]\nname = "app"\nversion = "1"\n'
            b'requires-python = ">=3.10"\ndependencies = ["shared", "durationpy==0.9"]\n'
            b"[tool.uv.sources]\nshared = { workspace = true }\n",
            "packages/shared/pyproject.toml": b'[project]\nname = "shared"\nversion = "1"\n'
            b'requires-python = ">=3.10"\ndependencies = ["base"]\n'
            b"[tool.uv.sources]\nbase = { workspace = true }\n" + BUILT,
            "packages/shared/shared.py": b"VERSION = 1\n",
            "packages/base/pyproject.toml": b'[project]\nname = "base"\nversion = "1"\n'
            b'requires-python = ">=3.10"\n' + BUILT,
            "packages/base/base.py": b"",
            **{f"packages/app/{name}": content for name, content in PYTHON_HANDLER.items()},
        },
    )
    app = tmp_path / "packages" / "app"
    run("uv", "lock", "-q", "--cache-dir", env["XDG_CACHE_HOME"] + "/uv", cwd=tmp_path)
    before = contents(tmp_path)
    for version in (1, 2):
        (tmp_path / "packages/shared/shared.py").write_text(f"VERSION = {version}\n")
        package = build(app, env=env)
        assert installed(package) == {"shared": "1", "base": "1", "durationpy": "0.9"}
        assert package.read("shared.py") == b"VERSION = %d\n" % version
    app.with_name("package.zip").unlink()
    assert contents(tmp_path).keys() == before.keys()


def test_a_package_that_is_built_with_one_from_its_own_source_is_refused(
    python_app: Path, env: dict[str, str]
) -> None:
    """The index may have a stranger's package of that name, whose code would run here."""
    sources = b'[tool.uv.sources]\nhatchling = { path = "../hatchling" }\n'
    plant(python_app, {"libs/own/pyproject.toml": b'[project]\nname = "own"\n' + BUILT + sources})
    lock = {"mylib": {"path": "./libs/own"}}
    (python_app / "Pipfile.lock").write_text(
        json.dumps({"_meta": {"pipfile-spec": 6}, "default": lock}), "utf-8"
    )
    found = refused_build(python_app, env=env)
    assert "takes hatchling, with which it is built, from a source of its own" in found


def test_a_path_without_a_lock_is_refused(python_app: Path, env: dict[str, str]) -> None:
    """The public index may have somebody else's package of that name."""
    plant(python_app, {"libs/iniconfig/iniconfig.py": b"", "libs/iniconfig/pyproject.toml": b""})
    (python_app / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["iniconfig"]\n'
        '[tool.uv.sources]\niniconfig = { path = "libs/iniconfig" }\n'
    )
    found = refused_build(python_app, env=env)
    assert "takes iniconfig from a folder, but uv.lock does not exist" in found


@contextmanager
def index(*wheels: Path, password: str = "", port: int = 0) -> Iterator[str]:
    """Serve an index with these wheels to clients that know the password."""
    expected = "Basic " + base64.b64encode(f"user:{password}".encode()).decode()

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if password and self.headers["Authorization"] != expected:
                self.send_error(401)
                return
            found = [path for path in wheels if path.name == self.path.rpartition("/")[2]]
            project = self.path.strip("/").rpartition("/")[2]
            listed = [path.name for path in wheels if path.name.startswith(f"{project}-")]
            links = "".join(f'<a href="/{name}">{name}</a>' for name in listed)
            if not found and not listed:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/zip" if found else "text/html")
            self.send_header("Cache-Control", "max-age=600")  # as PyPI's index does
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(found[0].read_bytes() if found else links.encode())

        do_HEAD = do_GET  # noqa: N815

    with serving(Index, port=port) as url:
        yield f"{url}/simple"


def of_uv(url: str) -> dict[str, str]:
    source = '[tool.uv.sources]\ndep = { index = "corp" }\n'
    index = f'[[tool.uv.index]]\nname = "corp"\nurl = "{url}"\nexplicit = true\n'
    return {"pyproject.toml": UNPINNED + source + index}


def of_poetry(url: str) -> dict[str, str]:
    lock = f"""
[[package]]
name = "dep"
version = "1.0"
optional = false
groups = ["main"]
files = []
[package.source]
type = "legacy"
url = "{url}"
reference = "corp"

[metadata]
lock-version = "2.1"
"""
    return {"pyproject.toml": UNPINNED, "poetry.lock": lock}


def of_pipenv(url: str) -> dict[str, str]:
    sources = [{"name": "pypi", "url": PyPI.simple_url}, {"name": "corp", "url": url}]
    lock = {
        "_meta": {"pipfile-spec": 6, "sources": sources},
        "default": {"dep": {"version": "==1.0", "index": "corp"}},
    }
    return {"Pipfile": '[packages]\ndep = "*"\n', "Pipfile.lock": json.dumps(lock)}


@pytest.mark.parametrize("files", [of_uv, of_poetry, of_pipenv])
def test_a_package_from_an_index_that_the_project_names_comes_from_there(
    files: Callable[[str], dict[str, str]], python_app: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """Credentials are those that the user passes on; without them the build fails."""
    with index(wheel(tmp_path), password="canary") as url:
        plant(python_app, files(url))
        assert "UV_INDEX_NAME_PASSWORD" in refused_build(python_app, env=env)
        credentials = {"UV_INDEX_CORP_USERNAME": "user", "UV_INDEX_CORP_PASSWORD": "canary"}
        passed_on = {"_LAMBDA_REQUIREMENTS_ENV": " ".join(credentials)}
        package = build(python_app, env=env | credentials | passed_on)
        assert installed(package) == {"dep": "1.0"}


def test_a_package_is_never_taken_from_another_index_than_the_one_that_is_set(
    python_app: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """pip.conf says where packages come from, as it does for pip."""
    with index(wheel(tmp_path)) as url:
        (python_app / "requirements.txt").write_text("dep\n")
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {url}\n")
        own = env | {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
        assert installed(build(python_app, env=own)) == {"dep": "1.0"}
        (python_app / "requirements.txt").write_text("dep\ndurationpy\n")
        assert "durationpy is not on the package index" in refused_build(python_app, env=own)


def in_variable(_: Path, url: str) -> dict[str, str]:
    return {"PIP_INDEX_URL": url}


def in_pip_conf(app: Path, url: str) -> dict[str, str]:
    file = app.with_name("pip.conf")
    file.write_text(f"[global]\nindex-url = {url}\n[install]\nindex-url =\n")
    return {"PIP_CONFIG_FILE": str(file), "PIP_INDEX_URL": ""}


def in_project(app: Path, url: str) -> dict[str, str]:
    (app / "pyproject.toml").write_text(f'[[tool.uv.index]]\nurl = "{url}"\ndefault = true\n')
    return {}


def in_folder(app: Path, url: str) -> dict[str, str]:
    """Use a folder of the same name, with other contents."""
    wheel = "dep-1.0-py3-none-any.whl"
    links = app.with_name("links")
    links.mkdir(exist_ok=True)
    with urllib.request.urlopen(f"{url}/{wheel}") as content:
        (links / wheel).write_bytes(content.read())
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(links)}


@pytest.mark.parametrize("settings", [in_variable, in_pip_conf, in_project, in_folder])
def test_after_a_change_of_the_index_a_package_comes_from_the_new_one(
    settings: Callable[[Path, str], dict[str, str]],
    python_app: Path,
    env: dict[str, str],
    tmp_path: Path,
) -> None:
    """Though a package with that name and version is in the cache, from the other index."""
    (python_app / "requirements.txt").write_text("dep==1.0\n")
    own = env | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    for content in ("of a stranger", "ours"):
        package = empty_wheel(tmp_path, "dep", "1.0")
        with zipfile.ZipFile(package, "a") as archive:
            archive.writestr("dep.py", content)
        with index(package) as url:
            built = build(python_app, env=own | settings(python_app, url))
        assert built.read("dep.py") == content.encode()


def empty_wheel(folder: Path, name: str, version: str, needs: str = "") -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        about = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
        archive.writestr(f"{about}/METADATA", metadata)
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


@pytest.mark.parametrize("listed", ["dep>=1", "user==1"])
def test_a_new_version_on_the_index_is_packaged_though_the_older_one_is_cached(
    listed: str, python_app: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """Also if only a package that is pinned needs it."""
    wheels = [wheel(tmp_path), empty_wheel(tmp_path, "user", "1", "Requires-Dist: dep\n")]
    user = {"user": "1"} if listed == "user==1" else {}
    (python_app / "requirements.txt").write_text(f"{listed}\n")
    own = env | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    port = 0
    for version in ("1.0", "1.1"):
        if version == "1.1":
            wheels.append(empty_wheel(tmp_path, "dep", "1.1"))
        with index(*wheels, port=port) as url:
            port = int(url.rpartition(":")[2].partition("/")[0])
            found = installed(build(python_app, env=own | {"PIP_INDEX_URL": url}))
        assert found == {"dep": version, **user}


def repository(folder: Path) -> Path:
    """Create the git repository with the commit that `python-locks-with-sources` pins."""
    shutil.copytree(SOURCES / "lib", folder)
    plant(folder, {"lib.py": b'text = "first"\n'})
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.mark.parametrize("kind", FILES)
def test_a_commit_and_a_folder_that_a_lock_names_are_packaged(
    kind: str, tmp_path: Path, env: dict[str, str]
) -> None:
    """Later commits of the branch are not packaged."""
    source = repository(tmp_path / "lib")
    app = plant(tmp_path / "app", PYTHON_HANDLER)
    shutil.copytree(SOURCES / kind, app, dirs_exist_ok=True)
    for file in (app / FILES[kind], app / "pyproject.toml", app / "Pipfile"):
        if file.is_file():
            text = with_hosts(file.read_text()).replace("/repository", str(source))
            file.write_text(text)
    if kind != "pylock":
        plant(app, {"libs/own/own.py": b""})
    plant(source, {"lib.py": b'text = "second"\n'})
    git(source, "commit", "-qam", "second")
    package = build(app, env=env)
    own = {} if kind == "pylock" else {"own": "1"}
    assert installed(package) == {"lib": "1", **own}
    assert package.read("lib.py") == b'text = "first"\n'


def test_a_new_commit_of_a_branch_is_packaged(
    python_app: Path, env: dict[str, str], tmp_path: Path
) -> None:
    source = plant(
        tmp_path / "lib",
        {
            "pyproject.toml": b'[project]\nname = "lib"\nversion = "1"\n'
            b'[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
        },
    )
    git(source, "init", "-q", "-b", "main")
    (python_app / "requirements.txt").write_text(f"lib @ git+file://{source}@main\n")
    for text in ("first", "second"):
        (source / "lib.py").write_text(f"{text = }\n")
        git(source, "add", ".")
        git(source, "commit", "-q", "-m", text)
        package = build(python_app, env=env)
        assert text.encode() in package.read("lib.py")


def test_a_setting_of_pip_that_uv_does_not_have_is_refused_by_its_name(
    python_app: Path, env: dict[str, str]
) -> None:
    (python_app / "requirements.txt").write_text("durationpy==0.9\n")
    assert "PIP_NO_DEPS is a setting of pip" in refused_build(
        python_app, env=env | {"PIP_NO_DEPS": "1"}
    )
