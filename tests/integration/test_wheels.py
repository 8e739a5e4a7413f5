"""The dependencies of a Python app, from a real index."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import sys
import tarfile
import zipfile
from http.server import BaseHTTPRequestHandler
from pathlib import Path, PurePath

import pytest

from tests.commands import build, git, packager, refused_build
from tests.http_server import serving
from tests.service import Service

# EM_X86_64 and EM_AARCH64 of the ELF header, and the platform in the names of such libraries.
MACHINES = {"x86_64": (62, "x86_64-linux-gnu"), "arm64": (183, "aarch64-linux-gnu")}
NETWORK = {
    name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "UV_"))
}
# The same index, which cannot be reached, without retries.
OFFLINE = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:1")
OFFLINE |= {name.lower(): value for name, value in OFFLINE.items()}
OFFLINE |= {"NO_PROXY": "", "no_proxy": "", "UV_HTTP_RETRIES": "0"}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The network, an empty cache, the function's runtime, and a secret."""
    quick = {"UV_HTTP_RETRIES": "0"} if "UV_HTTP_RETRIES" not in NETWORK else {}
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "_LAMBDA_RUNTIME": "python3.13"}
    return NETWORK | quick | own | {"TOKEN": "canary"}


@pytest.mark.parametrize("architecture", MACHINES)
def test_compiled_dependencies_are_those_of_the_functions_architecture(
    python_app: Path, env: dict[str, str], architecture: str
) -> None:
    (python_app / "requirements.txt").write_text("orjson==3.10.12\n")
    package = build(python_app, "--runtime", "python3.12", "--architecture", architecture, env=env)
    (library,) = (name for name in package.namelist() if name.endswith(".so"))
    machine, triplet = MACHINES[architecture]
    assert library == f"orjson/orjson.cpython-312-{triplet}.so"
    magic, found = struct.unpack_from("<4s14xH", package.read(library))
    assert (magic, found) == (b"\x7fELF", machine)


def test_the_dependencies_of_a_project_come_from_its_pyproject_toml(
    python_app: Path, env: dict[str, str]
) -> None:
    (python_app / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["durationpy==0.9"]\n'
    )
    assert "durationpy/__init__.py" in build(python_app, env=env).namelist()


def test_the_same_requirements_are_installed_once(python_app: Path, env: dict[str, str]) -> None:
    (python_app / "requirements.txt").write_text("-r more.txt\n")
    (python_app / "more.txt").write_text("durationpy==0.9\n")
    first = build(python_app, env=env).read("durationpy/duration.py")
    offline = env | OFFLINE
    assert build(python_app, env=offline).read("durationpy/duration.py") == first
    (python_app / "more.txt").write_text("durationpy==0.8\n")
    assert "cannot be reached" in refused_build(python_app, env=offline)


def test_two_installations_give_the_same_package(
    python_app: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """The bytes do not depend on when or where the dependencies were installed."""
    (python_app / "requirements.txt").write_text("durationpy==0.9\nwheel==0.45.1\n")
    packages = []
    for cache in ("one", "two"):
        other = env | {"XDG_CACHE_HOME": str(python_app.parent / cache), "SAME": "1"}
        other["_LAMBDA_ENV_EXCLUDE"] = "XDG_*"
        package = tmp_path / f"{cache}.zip"
        build(python_app, env=other, to=package)
        packages.append(package.read_bytes())
    assert packages[0] == packages[1]


def test_a_package_has_no_script_bytecode_or_path_of_this_machine(
    python_app: Path, env: dict[str, str]
) -> None:
    (python_app / "requirements.txt").write_text("wheel==0.45.1\n")  # which has a script
    package = build(python_app, env=env)
    names = package.namelist()
    assert "wheel/__init__.py" in names
    assert [name for name in names if name.startswith("bin/") or name.endswith(".pyc")] == []
    for name in names:
        assert sys.prefix.encode() not in package.read(name) or name == "env.properties"


def test_a_package_may_have_the_name_that_the_folder_of_scripts_has(
    python_app: Path, env: dict[str, str]
) -> None:
    make_wheel(python_app / "wheels" / "own-1-py3-none-any.whl", "", package="bin/__init__.py")
    (python_app / "requirements.txt").write_text("./wheels/own-1-py3-none-any.whl\nwheel==0.45.1\n")
    names = build(python_app, env=env).namelist()
    assert [name for name in names if name.startswith("bin/")] == ["bin/__init__.py"]
    assert "wheel/__init__.py" in names


def test_the_apps_own_file_takes_precedence_over_a_dependencys(
    python_app: Path, env: dict[str, str]
) -> None:
    (python_app / "requirements.txt").write_text("durationpy==0.9\n")
    (python_app / "durationpy").mkdir()
    (python_app / "durationpy" / "__init__.py").write_text("own = True\n")
    package = build(python_app, env=env)
    assert package.read("durationpy/__init__.py") == b"own = True\n"


@pytest.mark.parametrize("requirements", ["", "# none\n\n"])
def test_without_dependencies_no_runtime_is_needed(
    python_app: Path, env: dict[str, str], requirements: str
) -> None:
    del env["_LAMBDA_RUNTIME"]
    (python_app / "requirements.txt").write_text(requirements)
    assert "lambda_function.py" in build(python_app, env=env).namelist()


def test_a_dependency_with_only_a_source_is_built_if_it_is_pure_python(
    python_app: Path, env: dict[str, str]
) -> None:
    (python_app / "requirements.txt").write_text("durationpy==0.9\ndocopt==0.6.2\n")
    names = build(python_app, "--architecture", "arm64", env=env).namelist()
    assert {"docopt.py", "durationpy/__init__.py"} <= {*names}


def test_a_dependency_without_a_wheel_for_the_platform_is_named(
    python_app: Path, env: dict[str, str]
) -> None:
    make_wheel(python_app / "wheels" / "own-1-cp313-cp313-win_amd64.whl", "")
    (python_app / "requirements.txt").write_text("--no-index\n-f wheels\nown==1\n")
    assert "own==1 has no wheel" in refused_build(python_app, env=env)
    assert list((python_app.parent / "cache" / "heroku-lambda-packager" / "wheels").iterdir()) == []


def test_dependencies_need_a_runtime(python_app: Path, env: dict[str, str]) -> None:
    del env["_LAMBDA_RUNTIME"]
    (python_app / "requirements.txt").write_text("durationpy\n")
    assert "_LAMBDA_RUNTIME" in refused_build(python_app, env=env)
    assert "_LAMBDA_RUNTIME" in refused_build(python_app, "--runtime", "nodejs22.x", env=env)


# Forms of a requirement that is built from source, and the Python that builds it.
SOURCES = ["./own-1.tar.gz", "own @ file://{}/own-1.tar.gz", "git"]
PYTHON = f"cp3{sys.version_info.minor}"


@pytest.mark.parametrize("form", SOURCES)
@pytest.mark.parametrize(
    "tag", [f"{PYTHON}-{PYTHON}-linux_x86_64", f"{PYTHON}-abi3-manylinux_2_17_x86_64"]
)
def test_a_dependency_compiled_on_this_machine_is_not_packaged(
    python_app: Path, env: dict[str, str], form: str, tag: str
) -> None:
    """It needs this machine's glibc, even if its name says otherwise."""
    (python_app / "requirements.txt").write_text(make_source(python_app, form, tag))
    runtime = f"python3.{sys.version_info.minor}"
    for _ in range(2):  # the second time, the cache has no such wheel either
        found = refused_build(python_app, "--runtime", runtime, env=env)
        assert f"own==1 has no wheel for Python 3.{sys.version_info.minor} on x86_64" in found


@pytest.mark.parametrize("form", SOURCES)
def test_pure_python_may_be_built_from_source(
    python_app: Path, env: dict[str, str], form: str
) -> None:
    (python_app / "requirements.txt").write_text(
        make_source(python_app, form, "py3-none-any", "pure")
    )
    assert build(python_app, env=env).read("own.py") == b"pure"


@pytest.mark.parametrize("form", SOURCES[:2])
def test_a_source_archive_is_built_again_when_it_changes(
    python_app: Path, env: dict[str, str], form: str
) -> None:
    for content in ("first", "second"):
        (python_app / "requirements.txt").write_text(
            make_source(python_app, form, "py3-none-any", content)
        )
        package = build(python_app, env=env)
        assert package.read("own.py") == content.encode()


def make_source(app: Path, form: str, tag: str, content: str = "") -> str:
    """Create the source of a package whose wheel has `tag`; return the requirement in that form."""
    source = app.parent / "own-1"
    source.mkdir(exist_ok=True)
    about = "Metadata-Version: 2.1\nName: own\nVersion: 1\n"
    (source / "PKG-INFO").write_text(about)
    (source / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    )
    (source / "backend.py").write_text(f"""
import pathlib, zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "own-1-{tag}.whl"
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as wheel:
        wheel.writestr("own.py", {content!r})
        wheel.writestr("own-1.dist-info/METADATA", {about!r})
        wheel.writestr("own-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: {tag}\\n")
        wheel.writestr("own-1.dist-info/RECORD", "")
    return name
""")
    if form == "git":
        for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "own"]):
            git(source, *command)
        return f"git+file://{source}#egg=own\n"
    with tarfile.open(app / "own-1.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)
    return form.format(app) + "\n"


def test_requirements_may_ask_for_a_build_from_source(
    python_app: Path, env: dict[str, str]
) -> None:
    """--no-binary asks for one; the result must still be pure Python."""
    links = python_app / "links"
    make_wheel(links / "own-1-py3-none-any.whl", "wheel")
    for tag, content in (("py3-none-any", "source"), ("cp313-cp313-linux_x86_64", "compiled")):
        make_source(python_app, "./own-1.tar.gz", tag, content)
        (python_app / "own-1.tar.gz").rename(links / "own-1.tar.gz")
        (python_app / "requirements.txt").write_text(
            "--no-index\n-f links\n--no-binary own\nown==1\n"
        )
        if content == "source":
            package = build(python_app, env=env)
            assert package.read("own.py") == b"source"
        else:
            assert "own==1 has no wheel" in refused_build(python_app, env=env)


def test_a_credential_in_the_address_of_an_index_is_not_shown(
    python_app: Path, env: dict[str, str]
) -> None:
    address = "http://user:canary@127.0.0.1:1/simple"
    (python_app / "requirements.txt").write_text(f"--index-url {address}\ndurationpy\n")
    found = refused_build(python_app, env=env | {"UV_HTTP_RETRIES": "0"})
    assert "The package index at 127.0.0.1:1" in found


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"])
def test_an_index_that_cannot_be_reached_is_named(
    name: str, python_app: Path, env: dict[str, str]
) -> None:
    (python_app / "requirements.txt").write_text("durationpy==0.9\n")
    nowhere = {name: "http://127.0.0.1:1/simple", "PIP_RETRIES": "0", "PIP_FIND_LINKS": ""}
    found = refused_build(python_app, env=env | nowhere)
    assert "The package index at 127.0.0.1:1" in found
    assert "cannot be reached" in found


def test_a_credential_in_the_path_of_an_index_is_not_shown(
    python_app: Path, env: dict[str, str]
) -> None:
    """The same holds for a credential before the host of a file that cannot be downloaded."""

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith(".whl"):
                self.send_error(403)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b'<a href="own-1-py3-none-any.whl">own</a>')

        def do_HEAD(self) -> None:
            self.send_error(403)

    with serving(Index) as url:
        host = url.removeprefix("http://")
        address = f"http://canary:canary@{host}/canary/simple"
        (python_app / "requirements.txt").write_text("own\n")
        private = {"PIP_INDEX_URL": address, "PIP_FIND_LINKS": ""}
        found = refused_build(python_app, env=env | private)
    assert f"The package index at {host}" in found
    assert "403" in found


def test_an_index_gets_a_variable_only_if_the_user_passes_it_on(
    python_app: Path, env: dict[str, str]
) -> None:
    authorizations = []

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            authorizations.append(self.headers["Authorization"])
            self.send_error(401)

    with serving(Index) as url:
        address = url.replace("http://", "http://user:${TOKEN}@") + "/simple"
        (python_app / "requirements.txt").write_text(f"--index-url {address}\ndurationpy==0.9\n")
        offline = env | {"PIP_FIND_LINKS": ""}
        denied = refused_build(python_app, env=offline)
        assert authorizations == []
        passed_on = offline | {"_LAMBDA_REQUIREMENTS_ENV": "TOKEN"}
        found = refused_build(python_app, env=passed_on)
    assert "${TOKEN}, which _LAMBDA_REQUIREMENTS_ENV does not pass on" in denied
    assert "Basic " + base64.b64encode(b"user:canary").decode() in authorizations
    assert "refuses the credentials" in found


def test_markers_are_evaluated_for_the_functions_runtime(
    python_app: Path, env: dict[str, str]
) -> None:
    """The machine and the Python that run the build do not matter."""
    (python_app / "requirements.txt").write_text(
        "durationpy==0.9; python_version == '3.9' and platform_machine == 'aarch64'\n"
        "wheel==0.45.1; python_version != '3.9' or platform_machine != 'aarch64'\n"
        "orjson==3.10.12; sys_platform != 'linux'\n"
    )
    options = ["--runtime", "python3.9", "--architecture", "arm64"]
    names = tops(build(python_app, *options, env=env))
    assert "durationpy" in names
    assert not names & {"wheel", "orjson"}
    names = tops(build(python_app, "--runtime", "python3.14", env=env))
    assert "wheel" in names
    assert not names & {"durationpy", "orjson"}


def tops(package: zipfile.ZipFile) -> set[str]:
    return {PurePath(name).parts[0] for name in package.namelist()}


def test_a_wheel_in_the_apps_folder_is_installed_again_when_it_changes(
    python_app: Path, env: dict[str, str]
) -> None:
    (python_app / "requirements.txt").write_text("./wheels/own-1-py3-none-any.whl\n")
    for content in ("first", "second"):
        make_wheel(python_app / "wheels" / "own-1-py3-none-any.whl", content)
        package = build(python_app, env=env)
        assert package.read("own.py") == content.encode()
        for name in package.namelist():
            assert str(python_app).encode() not in package.read(name)


def make_wheel(path: Path, content: str, package: str = "own.py") -> None:
    path.parent.mkdir(exist_ok=True)
    version = path.name.split("-")[1]
    about = f"own-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: own\nVersion: {version}\n"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(package, content)
        wheel.writestr(f"{about}/METADATA", metadata)
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr(f"{about}/RECORD", "")


def test_a_wheel_that_excludes_first_patch_releases_is_installed(
    python_app: Path, env: dict[str, str]
) -> None:
    """Lambda's functions run on later ones, so the exclusion of x.y.0 excludes no function."""
    wheel = python_app / "wheels" / "own-1-cp39-abi3-manylinux2014_x86_64.whl"
    make_wheel(wheel, "new")
    python = "&gt;=3.9,!=3.9.0,!=3.9.1,!=3.13.0"
    link = f'<a href="{wheel.name}" data-requires-python="{python}">{wheel.name}</a>'
    wheel.with_name("index.html").write_text(link)
    (python_app / "requirements.txt").write_text("--no-index\n-f wheels/index.html\nown\n")
    for runtime in ("python3.9", "python3.13"):
        assert build(python_app, "--runtime", runtime, env=env).read("own.py") == b"new"


@pytest.mark.parametrize(
    ("option", "version"), [("--pre", "2b1"), ("", "1"), ("--prefer-binary", "1")]
)
def test_a_version_before_its_release_is_packaged_only_if_the_requirements_ask_for_it(
    python_app: Path, env: dict[str, str], option: str, version: str
) -> None:
    """In a file, uv ignores pip's option."""
    for each in ("1", "2b1"):
        make_wheel(python_app / f"wheels/own-{each}-py3-none-any.whl", each)
    (python_app / "requirements.txt").write_text("--no-index\n-f wheels\n-r more.txt\n")
    (python_app / "more.txt").write_text(f"{option}\nown\n")
    assert build(python_app, env=env).read("own.py") == version.encode()


@pytest.mark.parametrize("line", ["own", "own>=1", "own==1", "./wheels/own-1-py3-none-any.whl"])
def test_a_hash_counts_for_every_dependency(
    python_app: Path, env: dict[str, str], line: str
) -> None:
    """As with pip: nothing is packaged that has another hash than is listed, or none."""
    wheel = python_app / "wheels/own-1-py3-none-any.whl"
    make_wheel(wheel, "1")
    of_own = hashlib.sha256(wheel.read_bytes()).hexdigest()
    index = "--no-index\n-f wheels\n"
    is_exact = "==" in line or "whl" in line

    def requires(*lines: str) -> None:
        (python_app / "requirements.txt").write_text(index + "\n".join(lines))

    requires(f"{line} --hash=sha256:{'0' * 64}")
    expected = "is not the file whose hash is listed" if is_exact else "has no hash or no exact"
    assert expected in refused_build(python_app, env=env)
    requires(line, f"other==1 --hash=sha256:{of_own}")
    assert "has no hash or no exact version" in refused_build(python_app, env=env)
    if is_exact:
        requires(f"{line} \\", f"    --hash=sha256:{of_own}")
        assert build(python_app, env=env).read("own.py") == b"1"


def test_settings_of_pip_that_contradict_ours_have_no_effect(
    python_app: Path, env: dict[str, str]
) -> None:
    (python_app / "requirements.txt").write_text("durationpy==0.9\n")
    contrary = {"PIP_USER": "1", "PIP_COMPILE": "1", "PIP_QUIET": "0"}
    names = build(python_app, env=env | contrary).namelist()
    assert "durationpy/__init__.py" in names
    assert not any(name.endswith(".pyc") for name in names)


@pytest.mark.parametrize("content", ["[project", "[project]\ndependencies = ['\udc80']"])
def test_a_broken_project_file_is_an_error(
    python_app: Path, env: dict[str, str], content: str
) -> None:
    del env["_LAMBDA_RUNTIME"]
    (python_app / "pyproject.toml").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert "pyproject.toml" in refused_build(python_app, env=env)


def test_the_functions_own_runtime_decides_which_wheels_are_deployed(
    python_app: Path, env: dict[str, str], service: Service
) -> None:
    (python_app / "requirements.txt").write_text("orjson==3.10.12\n")
    (python_app / "index.py").write_text("def handler(event, context): return 1\n")
    service.create_function("python-of-its-own", "python3.11")
    settings = service.settings("python-of-its-own")
    run = packager("deploy", python_app, "--json", env=env | settings)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["outcome"] == "deployed"
    names = service.package("python-of-its-own").namelist()
    assert "orjson/orjson.cpython-311-x86_64-linux-gnu.so" in names
