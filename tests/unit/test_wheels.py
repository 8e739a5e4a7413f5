"""What a Python app asks for, for which platform, and when it is installed anew."""

from __future__ import annotations

import os
import sys
import time
import venv
from pathlib import Path

import pytest

from packager.apps.python import dependencies, installer, requirements
from packager.apps.python.platform import Platform
from packager.errors import PackageError


@pytest.mark.parametrize(
    ("runtime", "architecture", "first", "last"),
    [
        ("python3.9", None, "manylinux_2_26_x86_64", "linux_x86_64"),
        ("python3.11", "x86_64", "manylinux_2_26_x86_64", "linux_x86_64"),
        ("python3.12", "x86_64", "manylinux_2_34_x86_64", "linux_x86_64"),
        ("python3.14", "arm64", "manylinux_2_34_aarch64", "linux_aarch64"),
    ],
)
def test_wheels_may_need_the_glibc_of_the_runtime_and_no_newer_one(
    runtime: str, architecture: str | None, first: str, last: str
) -> None:
    tags = list(Platform.of(runtime, architecture).tags())
    machine = last.removeprefix("linux_")
    assert (tags[0], tags[-1]) == (first, last)
    assert f"manylinux_2_17_{machine}" in tags
    assert f"manylinux2014_{machine}" in tags


@pytest.mark.parametrize("runtime", [None, "", "nodejs22.x", "python2.7", "python3.13x", "java21"])
def test_a_runtime_that_is_not_pythons_is_an_error(runtime: str | None) -> None:
    with pytest.raises(PackageError) as error:
        Platform.of(runtime, None)
    assert "_LAMBDA_RUNTIME" in error.value.hint


def test_the_markers_are_all_those_that_there_are() -> None:
    from pip._vendor.packaging.markers import default_environment

    assert Platform.of("python3.13", "arm64").markers().keys() == default_environment().keys()


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        ("", True),
        ("\n # none\n\t\n", True),
        ("\ufeff# none\r\n", True),
        ("a", False),
        ("-r more.txt", False),
        ("a # because", False),
    ],
)
def test_an_app_may_ask_for_nothing(tmp_path: Path, text: str, empty: bool) -> None:
    (tmp_path / "requirements.txt").write_text(text, "utf-8")
    assert requirements.read(tmp_path).is_empty is empty


def test_without_a_file_of_requirements_they_are_those_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["a>=1", "b; python_version < \'3.11\'"]\n'
    )
    assert requirements.read(tmp_path).text == "a>=1\nb; python_version < '3.11'\n"
    (tmp_path / "requirements.txt").write_text("c\n")
    assert requirements.read(tmp_path).text == "c\n"


@pytest.mark.parametrize(
    "text",
    [
        *("", "[tool.x]\n", "[project]\nname = 'a'\n", "[project]\ndependencies = []\n"),
        *("project = 1\n", "tool = 1\n", "[tool.poetry.dependencies]\npython = '^3.13'\n"),
    ],
)
def test_a_project_may_have_no_dependencies(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert requirements.read(tmp_path).is_empty


@pytest.mark.parametrize("value", ["1", "'a'", "[1]", "[['a']]"])
def test_dependencies_are_a_list_of_strings(tmp_path: Path, value: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[project]\ndependencies = {value}\n")
    with pytest.raises(PackageError, match=r"pyproject\.toml: dependencies is no list"):
        requirements.read(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        '[project]\ndynamic = ["dependencies"]\n',
        '[tool.poetry.dependencies]\nrequests = "^2"\n',
    ],
)
def test_a_project_that_says_elsewhere_what_it_needs_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(PackageError) as error:
        requirements.read(tmp_path)
    assert "pyproject.toml" in error.value.message
    assert "requirements.txt" in error.value.hint


@pytest.mark.parametrize("content", [b"[project", b"[project]\nname = '\xff'\n"])
def test_a_project_file_that_is_not_toml_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(PackageError, match=r"pyproject\.toml is not TOML"):
        requirements.read(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        *("-r other/more.txt", "-rother/more.txt", "--requirement other/more.txt"),
        *(
            "--requirement=other/more.txt",
            "  -r   other/more.txt  # because",
            "-r \\\n other/more.txt",
        ),
        *("-c other/more.txt", "--constraint=other/more.txt", "-f other", "--find-links=other"),
        *("./other/a.whl", "other/a.whl --hash=sha256:00", "a @ file:./other/a.whl"),
        *("./other/a.tar.gz", "a @ file:other/a.zip", "a@ file://localhost{}/other/a.tar.gz#egg=a"),
        *("a @ file://{}/other/%61.tar.gz", "-r file://{}/other/more.txt", "-f file://{}/other"),
        *("a @ file://{}/other/a.whl", "{}/other/a.whl ; python_version > '3'"),
    ],
)
def test_what_requirements_refer_to_is_read(tmp_path: Path, line: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "more.txt").write_bytes(b"content")
    for name in ("a.whl", "a.tar.gz", "a.zip"):
        (tmp_path / "other" / name).write_bytes(b"content")
    (tmp_path / "requirements.txt").write_text(line.format(tmp_path))
    assert requirements.read(tmp_path).included == (b"content",)


@pytest.mark.parametrize(
    "line",
    ["a", "a==1", "# -r more.txt", "-r gone.txt", "-i https://example.org/more.txt", "--pre"],
)
def test_nothing_else_is_read(tmp_path: Path, line: str) -> None:
    (tmp_path / "more.txt").write_bytes(b"content")
    (tmp_path / "a").mkdir()
    (tmp_path / "requirements.txt").write_text(line)
    assert requirements.read(tmp_path).included == ()


def test_files_of_requirements_may_refer_to_each_other(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "requirements.txt").write_text("-r sub/more.txt\n")
    (tmp_path / "sub" / "more.txt").write_text("-r ../requirements.txt\n-r more.txt\n-c last.txt\n")
    (tmp_path / "sub" / "last.txt").write_bytes(b"caf\xe9")
    assert requirements.read(tmp_path).included[1:] == (b"caf\xe9",)


@pytest.mark.parametrize(
    "line", ["-e .", ".", "./lib", "-e ./lib[extra]", "lib/", "lib @ file:./lib"]
)
def test_a_folder_is_no_wheel(tmp_path: Path, line: str) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "requirements.txt").write_text(line)
    with pytest.raises(PackageError, match="which is no wheel") as error:
        requirements.read(tmp_path)
    assert "pip wheel" in error.value.hint


@pytest.mark.parametrize("line", ["--no-binary a", "--no-binary=:all:", "--pre --no-bin=a"])
def test_requirements_cannot_ask_for_what_is_built_from_source(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text("a\n-r more.txt\n")
    (tmp_path / "more.txt").write_text(line)
    with pytest.raises(PackageError, match="ask by --no-binary") as error:
        requirements.read(tmp_path)
    assert "name a wheel" in error.value.hint


@pytest.mark.parametrize("option", ["-e ", "-e", "--editable ", "--editable="])
def test_what_is_editable_is_no_wheel(tmp_path: Path, option: str) -> None:
    """Its source would be cloned elsewhere, and a reference to it be shipped."""
    (tmp_path / "requirements.txt").write_text(f"{option}git+https://canary@host/canary#egg=a\n")
    with pytest.raises(PackageError, match="--editable") as error:
        requirements.read(tmp_path)
    assert "canary" not in error.value.message + error.value.hint


def test_variables_may_stand_in_requirements(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-i https://${USER}:${TOKEN_1}@x/\n-r more.txt\n")
    (tmp_path / "more.txt").write_text("--extra-index-url https://${OTHER}@y/ $NO ${no}\n")
    assert requirements.read(tmp_path).variables == {"USER", "TOKEN_1", "OTHER"}


def test_pip_is_given_what_it_needs_and_what_the_requirements_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = ["PATH", "PIP_INDEX_URL", "https_proxy", "HTTPS_PROXY", "LC_ALL", "SSL_CERT_FILE"]
    kept_back = [
        "DATABASE_URL",
        "_AWS_SECRET_ACCESS_KEY",
        "PYTHONPATH",
        "PYTHONHOME",
        "AWS_PROFILE",
    ]
    for name in [*given, *kept_back, "TOKEN", "_TOKEN"]:
        monkeypatch.setenv(name, "value")
    environment = installer._environment({"TOKEN", "_TOKEN", "MISSING"})
    assert environment.keys() >= {*given, "TOKEN"}
    assert not environment.keys() & {*kept_back, "_TOKEN", "MISSING"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/canary/simple", "https://host/…"),
        (
            "https://host:8080/canary/a-1-py3-none-any.whl",
            "https://host:8080/…/a-1-py3-none-any.whl",
        ),
        ("https://host/a.whl?key=canary/b.whl#canary", "https://host/…/a.whl"),
        ("https://host?canary", "https://host/…"),
        ("https://canary:ca@nary@host/x", "https://host/…"),
        ("http://canary@[::1]:80/canary", "http://[::1]:80/…"),
        ("git+ssh://canary@host/canary.git@canary", "git+ssh://host/…"),
        ("HTTPS://HOST/canary", "HTTPS://HOST/…"),
        ("HTTPSConnectionPool(host='h', port=1): url: /canary/simple/", "url: /…"),
        ("https://***/canary", "https://***/…"),
        ("https://user:canary/canary@host/", "https://user/…"),
        ("https://:canary/canary@host/", "https:///…"),
        ("file:///app/a.whl", "file:///app/a.whl"),
    ],
)
def test_of_a_url_that_pip_writes_nothing_is_shown_that_can_be_a_credential(
    url: str, shown: str
) -> None:
    platform = Platform.of("python3.13", None)
    told = installer._error(f"ERROR: Cannot get {url} at all", platform).message
    assert f"{shown} at all" in told
    without_wheel = installer._error(f"No matching distribution found for {url}", platform).message
    assert "canary" not in told + without_wheel


def test_a_python_without_pip_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("durationpy\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    venv.create(tmp_path / "venv", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    with pytest.raises(PackageError, match="has no pip") as error:
        dependencies.members(tmp_path, "python3.13", None)
    assert sys.executable in error.value.message


def test_what_was_not_used_for_long_is_removed_from_the_cache(tmp_path: Path) -> None:
    for name in ("used", "unused", "making-it"):
        (tmp_path / name / "a").mkdir(parents=True)
    long_ago = time.time() - 31 * 24 * 3600
    for name in ("unused", "making-it"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    dependencies._remove_unused(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == ["used"]
