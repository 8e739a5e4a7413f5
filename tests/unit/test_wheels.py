"""Requirements of a Python app, their platform, and the input and errors of uv."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.apps.python import installer, requirements, uv_errors, variables
from packager.apps.python.platform import Platform
from packager.apps.python.wanted import Wanted
from packager.errors import PackageError


@pytest.mark.parametrize(
    ("runtime", "architecture", "name"),
    [
        ("python3.9", None, "x86_64-manylinux_2_17"),
        ("python3.11", "x86_64", "x86_64-manylinux_2_17"),
        ("python3.12", "x86_64", "x86_64-manylinux_2_34"),
        ("python3.14", "arm64", "aarch64-manylinux_2_34"),
    ],
)
def test_wheels_may_need_the_glibc_of_the_runtime_but_no_newer_one(
    runtime: str, architecture: str | None, name: str
) -> None:
    assert Platform.of(runtime, architecture).uv_name == name


def read(app: Path) -> Wanted:
    return requirements.read(app / "requirements.txt", app)


@pytest.mark.parametrize("runtime", [None, "", "nodejs22.x", "python2.7", "python3.13x", "java21"])
def test_a_runtime_other_than_python_is_an_error(runtime: str | None) -> None:
    with pytest.raises(PackageError) as error:
        Platform.of(runtime, None)
    assert "_LAMBDA_RUNTIME" in error.value.hint


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
def test_files_that_requirements_refer_to_are_read(tmp_path: Path, line: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "more.txt").write_bytes(b"content")
    for name in ("a.whl", "a.tar.gz", "a.zip"):
        (tmp_path / "other" / name).write_bytes(b"content")
    (tmp_path / "requirements.txt").write_text(line.format(tmp_path))
    options = {b"--require-hashes"} if "--hash" in line else set()
    assert {*read(tmp_path).inputs[1:]} == {b"content"} | options


@pytest.mark.parametrize(
    "line",
    ["a", "a==1", "# -r more.txt", "-r gone.txt", "-i https://example.org/more.txt", "--no-index"],
)
def test_a_file_that_requirements_do_not_refer_to_is_not_read(tmp_path: Path, line: str) -> None:
    (tmp_path / "more.txt").write_bytes(b"content")
    (tmp_path / "a").mkdir()
    (tmp_path / "requirements.txt").write_text(line)
    assert read(tmp_path).inputs[1:] == ()


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("--pre\na", ["--prerelease=allow"]),
        ("a==1 --hash=sha256:00\n", ["--require-hashes"]),
        ("a==1 \\\n --hash=sha256:00\n--hash sha256:11", ["--require-hashes"]),
        (
            "--trusted-host=h:1\n--trusted-host i",
            [f"--allow-insecure-host={h}" for h in ("h:1", "i")],
        ),
        ("a-pre\n--prefer-binary\n# --pre\n--presto", []),
    ],
)
def test_options_that_uv_ignores_in_a_file_are_given_to_it(
    tmp_path: Path, text: str, options: list[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("-r more.txt")
    (tmp_path / "more.txt").write_text(text)
    (found,) = read(tmp_path).prepare(tmp_path, Platform.of("python3.13", None))
    assert list(found[2:]) == options


def test_a_variable_in_a_comment_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# ${HOME} is not used\na # nor ${HOME}\n")
    assert read(tmp_path).texts == (("requirements.txt", "a"),)


def test_files_of_requirements_may_refer_to_each_other(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "requirements.txt").write_text("-r sub/more.txt\n")
    (tmp_path / "sub" / "more.txt").write_text("-r ../requirements.txt\n-r more.txt\n-c last.txt\n")
    (tmp_path / "sub" / "last.txt").write_bytes(b"caf\xe9")
    assert read(tmp_path).inputs[2:] == ("caf\ufffd".encode(),)


@pytest.mark.parametrize(
    "line", ["-e .", ".", "./lib", "-e ./lib[extra]", "lib/", "lib @ file:./lib"]
)
def test_a_folder_among_requirements_is_an_error(tmp_path: Path, line: str) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "requirements.txt").write_text(line)
    with pytest.raises(PackageError, match="which is not a wheel") as error:
        read(tmp_path)
    assert "uv build" in error.value.hint


@pytest.mark.parametrize("option", ["-e ", "-e", "--editable ", "--editable="])
def test_an_editable_requirement_is_an_error(tmp_path: Path, option: str) -> None:
    """Its source would be cloned elsewhere, and the package would only refer to it."""
    (tmp_path / "requirements.txt").write_text(f"{option}git+https://canary@host/canary#egg=a\n")
    with pytest.raises(PackageError, match="--editable") as error:
        read(tmp_path)
    assert "canary" not in error.value.message + error.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "-i https://${USER}:${TOKEN_1}@host/",
        "--extra-index-url https://${USER}@host/simple",
        "a @ git+ssh://${TOKEN_1}@host/a.git",
        "$NO ${no} $USER",
    ],
)
def test_a_variable_in_the_credentials_of_a_url_is_used_if_the_user_passes_it_on(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {name for name in ("USER", "TOKEN_1") if f"${{{name}}}" in text}
    for name in ("USER", "TOKEN_1"):
        monkeypatch.setenv(name, "value")
    assert variables.used("file", text, ["USER", "TOKEN_1", "OTHER"]) == names
    for name in names:
        with pytest.raises(PackageError, match=rf"\$\{{{name}\}}.* does not pass on"):
            variables.used("file", text, {"USER", "TOKEN_1"} - {name})


@pytest.mark.parametrize(
    "text",
    [
        *("-i https://host/${TOKEN}", "-i https://${TOKEN}/simple", "${TOKEN}==1", "-r ${TOKEN}"),
        *(
            "-i https://host/?a=${TOKEN}@b",
            "-i https://user@host:${TOKEN}/",
            "-i ${TOKEN}://u@host",
        ),
        "-i https://host/#${TOKEN}@host",
    ],
)
def test_a_variable_elsewhere_is_an_error_that_names_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere, it could choose the host that receives other credentials."""
    monkeypatch.setenv("TOKEN", "canary")
    with pytest.raises(PackageError, match=r"file uses \$\{TOKEN\} outside") as error:
        variables.used("file", text, ["TOKEN"])
    assert "canary" not in error.value.message + error.value.hint


def test_a_setting_of_the_packager_is_never_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AWS_SECRET_ACCESS_KEY", "canary")
    with pytest.raises(PackageError, match="does not pass on"):
        variables.used("file", "-i https://${_AWS_SECRET_ACCESS_KEY}@x", ["_AWS_SECRET_ACCESS_KEY"])


def test_a_variable_that_is_not_set_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(PackageError, match=r"\$\{TOKEN\}, which is not set"):
        variables.used("file", "-i https://${TOKEN}@host", ["TOKEN"])


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["a==1", "B_c===2 ; python_version > '3'", "d[x,y] == 1.0 --hash=sha256:00"], "a b-c d"),
        (["a @ git+https://host/a@" + "0" * 40, "b@git+https://h/b@" + "1" * 40 + "#egg=b"], "a b"),
        (["a", "a>=1", "a==1.*", "a==1,>0", "a~=1", "a @ git+https://h/a@main"], ""),
        (["-r a==1", "a @ https://h/a-1.whl"], ""),
    ],
)
def test_a_requirement_of_exactly_one_version_is_pinned(lines: list[str], names: str) -> None:
    assert requirements.pinned(lines) == set(names.split())


def test_uv_receives_only_its_own_variables_and_those_that_the_user_passes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = ["PATH", "UV_INDEX_URL", "https_proxy", "HTTPS_PROXY", "LC_ALL", "SSL_CERT_FILE"]
    kept_back = [
        *("DATABASE_URL", "_AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "PYTHONHOME", "AWS_PROFILE"),
        *("UV_PUBLISH_TOKEN", "UV_NO_CONFIG", "UV_PROJECT", "UV_WORKING_DIR", "PIP_QUIET"),
    ]
    for name in [*given, *kept_back, "TOKEN"]:
        monkeypatch.setenv(name, "value")
    environment, _ = installer._environment(tmp_path, {"TOKEN", "MISSING"})
    assert environment.keys() >= {*given, "TOKEN"}
    assert not environment.keys() & {*kept_back, "MISSING"}


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
def test_possible_credentials_in_urls_of_uvs_errors_are_not_shown(url: str, shown: str) -> None:
    found = uv_errors.explained(f"error: Cannot get {url} at all").message
    assert f"{shown} at all" in found
    assert "canary" not in found


@pytest.mark.parametrize(
    ("errors", "shown"),
    [
        ("Because only a==1 has no wheels with a matching platform tag", "a==1 has no wheel for"),
        ("Because a==1 has no usable wheels and you", "a==1 has no wheel for Python 3.13"),
        (
            "error: Building source distributions is disabled, but attempted to build `a`",
            "a has no",
        ),
        ("cause: Hash mismatch for `a==1`", "a==1 is not the file whose hash is listed"),
        ("Failed to build `a==1`\n  RuntimeError: no compiler", "(RuntimeError: no compiler)"),
        ("cause: HTTP status client error (401 Unauthorized) for url (https://h/a)", "h refuses"),
        (
            "Failed to fetch: https://u:canary@h:8/canary/\n dns error",
            "index at h:8 that the app's",
        ),
        (
            "Failed to build `a @ git+https://u:canary@h/a.git`\n  cause: Git operation failed",
            "The git repository at h that a comes from cannot be fetched",
        ),
        ("Because a was not found in the package registry and", "a is not on the package index"),
        ("The lockfile at `uv.lock` uses an unsupported schema version", "uv.lock has a newer"),
        ("Not a valid `pylock.toml`\n TOML parse error at line 3, column", "pylock.toml cannot be"),
        ("error: Something else\n  cause: and why.\n", "3.13 on x86_64: Something else: and why."),
        ("", "no reason."),
    ],
)
def test_an_error_of_uv_becomes_one_sentence(errors: str, shown: str) -> None:
    found = uv_errors.explained(errors, Platform.of("python3.13", None))
    assert shown in found.message
    assert "\n" not in found.message
    assert "canary" not in found.message + found.hint
    assert found.hint
