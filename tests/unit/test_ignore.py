"""Which files are left out of a package."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packager.apps import ignore, left_out
from packager.apps.ignore import Ignored
from packager.errors import PackageError


@pytest.mark.parametrize(
    ("pattern", "ignored", "kept"),
    [
        ("*.md", ["README.md", "docs/deep/a.md"], ["README.mdx", "md"]),
        ("docs", ["docs", "docs/", "lib/docs/"], ["docs2/", "mydocs/"]),
        ("docs/", ["docs/", "lib/docs/"], ["docs", "lib/docs"]),
        ("/docs", ["docs", "docs/"], ["lib/docs", "lib/docs/"]),
        ("lib/docs", ["lib/docs/"], ["docs/", "src/lib/docs/"]),
        ("**/docs", ["docs/", "lib/docs/"], ["docs2/"]),
        ("lib/**/x", ["lib/x", "lib/a/x", "lib/a/b/x"], ["x", "src/lib/x"]),
        ("lib/*", ["lib/a", "lib/b/"], ["lib/", "a"]),
        ("file?.js", ["file1.js", "lib/fileA.js"], ["file10.js", "file.js"]),
        ("[ab].js", ["a.js", "b.js"], ["c.js", "ab.js"]),
        (r"\#notes", ["#notes"], ["notes"]),
        (r"\!notes", ["!notes"], ["notes"]),
        ("# notes", [], ["# notes", "notes"]),
        ("Ünï", ["Ünï"], ["Uni"]),
        ("", [], ["a"]),
    ],
)
def test_patterns_have_the_meaning_of_gitignore(
    pattern: str, ignored: list[str], kept: list[str]
) -> None:
    ignores = Ignored([pattern])
    for path in ignored + kept:
        found = ignores(path.rstrip("/"), is_folder=path.endswith("/"))
        assert found is (path in ignored), path


def test_a_later_pattern_overrides_an_earlier_one() -> None:
    ignores = Ignored(["*.log", "!keep.log"])
    assert ignores("a.log", is_folder=False)
    assert not ignores("keep.log", is_folder=False)


def test_top_level_dot_names_are_left_out_unless_a_pattern_includes_them() -> None:
    ignores = Ignored(["!.next"])
    assert ignores(".cache", is_folder=True)
    assert not ignores(".next", is_folder=True)
    assert not ignores(".next/server/page.js", is_folder=False)
    assert ignores(".next/.env", is_folder=False)
    assert not Ignored(["!.next/.env", "!.next"])(".next/page.js", is_folder=False)


def test_the_apps_own_env_properties_is_always_left_out() -> None:
    assert Ignored(["!env.properties"])("env.properties", is_folder=False)


@pytest.mark.parametrize(
    "name",
    [
        *(".env", ".env.local", "prod.env", ".npmrc", ".yarnrc.yml", ".netrc", ".pypirc"),
        *("id_rsa", "id_ed25519", "id_rsa.bak", "prod.tfstate", "prod.tfstate.backup"),
        *(".envrc", "_netrc", ".git-credentials", ".pgpass", ".vault-token", ".vault_pass.txt"),
        *(".dockerconfigjson", ".dev.vars", ".dev.vars.prod", ".bash_history", ".psql_history"),
        *(".ENV", "Prod.Env", "ID_RSA", "TERRAFORM.TFSTATE"),
        *(".DS_Store", "index.js~", ".index.js.swp", ".#index.js", "#index.js#", ".git"),
        *("._index.js", ".nfs000000000000abcd00000001", ".fuse_hidden0000abcd00000001"),
        *(".dev.vars", ".dev.vars.production"),
    ],
)
def test_secrets_and_temporary_files_are_left_out_at_any_depth_of_the_apps_own_folders(
    name: str,
) -> None:
    """A pattern includes each again; installed packages are not filtered."""
    for path in (f"config/{name}", f"a/b/c/{name}"):
        assert Ignored()(path, is_folder=False)
        assert not Ignored([f"!{path.replace('#', chr(92) + '#')}"])(path, is_folder=False)
    for path in (f"node_modules/a/{name}", f"packages/a/node_modules/b/c/{name}"):
        assert not Ignored()(path, is_folder=False)


@pytest.mark.parametrize(
    "name",
    [
        ".git",
        ".hg",
        ".svn",
        ".aws",
        ".AWS",
        ".ssh",
        ".kube",
        ".azure",
        ".terraform",
        ".gradle",
        ".jj",
        "__pypackages__",
        ".mypy_cache",
        ".pytest_cache",
        "__pycache__",
        ".vscode",
    ],
)
def test_folders_of_tools_and_of_keys_are_left_out_at_any_depth(name: str) -> None:
    assert Ignored()(f"lib/{name}", is_folder=True)
    assert not Ignored([f"!lib/{name}"])(f"lib/{name}", is_folder=True)


@pytest.mark.parametrize(
    "name",
    [
        *("service-account-prod.json", "service_account.json", "serviceAccountKey.json"),
        *("credentials.json", "gcp-credentials.json", "Credentials.JSON", "new_credentials.csv"),
        *("cert.p12", "CERT.PFX", "AuthKey.p8", "store.jks", "prod.tfvars", "secrets.yml"),
        *("master.key", ".htpasswd", "client_secret_1.apps.json", "rootkey.csv"),
        *("kubeconfig", "prod.auto.tfvars.json"),
    ],
)
def test_a_likely_secret_is_recognized_by_its_name(name: str) -> None:
    assert left_out.may_be_secret(name)


@pytest.mark.parametrize("name", ["credentials.js", "secretsanta.json", "p12.txt", "index.js"])
def test_a_file_with_an_ordinary_name_is_not_suspected(name: str) -> None:
    assert not left_out.may_be_secret(name)


@pytest.mark.parametrize(
    ("name", "suspicious"),
    [
        *(("server.pem", True), ("SERVER.KEY", True), ("deploy_key", True)),
        *(("my-project-1a2b3c.json", True), ("README.md", False)),
    ],
)
def test_a_file_named_like_a_key_is_suspected_if_it_has_a_private_key(
    name: str, suspicious: bool
) -> None:
    assert left_out.may_be_private_key(name) is suspicious


@pytest.mark.parametrize(
    "name", ["id_rsa.pub", "environment", "env.js", "credentials.json", "server.pem", "state.tf"]
)
def test_a_file_that_only_resembles_a_secret_is_packaged(name: str) -> None:
    assert not Ignored()(f"config/{name}", is_folder=False)


def test_the_cache_of_tools_in_node_modules_is_left_out() -> None:
    assert Ignored()("node_modules/.cache", is_folder=True)
    assert Ignored()("packages/a/node_modules/.cache", is_folder=True)
    assert not Ignored()("node_modules/a/.cache", is_folder=True)


@pytest.mark.parametrize("pattern", ["*a*a*a*a*ab", "lib/*a*a*a*a*ab/x", "**/a/**/b/**/c/**/d"])
def test_a_pattern_that_would_take_minutes_is_an_error_that_shows_it(pattern: str) -> None:
    with pytest.raises(PackageError) as error:
        Ignored([pattern])
    assert pattern in error.value.message


@pytest.mark.parametrize(
    "pattern", ["*a*b*c", "**/*.min.*.js", r"\*\*\*\*a", "# * * * * *", "a/****"]
)
def test_usual_patterns_are_accepted(pattern: str) -> None:
    """Each of them matches the longest name quickly."""
    assert not Ignored([pattern])("a" * 255, is_folder=False)


def test_an_ignore_file_that_is_a_pipe_is_an_error_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".lambdaignore")
    with pytest.raises(PackageError, match="not a regular file"):
        ignore.read(tmp_path)


def test_an_ignore_file_that_is_too_large_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".lambdaignore").write_text("#\n" * (1 << 20))
    with pytest.raises(PackageError, match="over 1 MB"):
        ignore.read(tmp_path)


def test_below_the_top_level_dot_names_and_config_are_packaged() -> None:
    ignores = Ignored()
    assert not ignores("node_modules/.bin", is_folder=True)
    assert not ignores("node_modules/.package-lock.json", is_folder=False)
    assert not ignores("lib/env.properties", is_folder=False)


def test_python_bytecode_is_left_out() -> None:
    ignores = Ignored()
    assert ignores("__pycache__", is_folder=True)
    assert ignores("lib/__pycache__", is_folder=True)
    assert not ignores("lib/__pycache__", is_folder=False)
    assert not ignores("my__pycache__", is_folder=True)


@pytest.mark.parametrize("content", [b"*.md\n", b"\xef\xbb\xbf*.md\n", b"*.md\r\n", b"\n*.md"])
def test_the_ignore_file_is_read_with_any_line_ends_and_byte_order_mark(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / ".lambdaignore").write_bytes(content)
    assert ignore.read(tmp_path)("README.md", is_folder=False)


def test_the_ignore_file_can_override_the_patterns_of_the_caller(tmp_path: Path) -> None:
    (tmp_path / ".lambdaignore").write_text("!docs/\n")
    assert not ignore.read(tmp_path, ["docs/"])("docs", is_folder=True)


@pytest.mark.parametrize("pattern", ["!", "a\\", "[z-a]"])
def test_an_invalid_pattern_is_an_error_that_shows_it(tmp_path: Path, pattern: str) -> None:
    (tmp_path / ".lambdaignore").write_text(f"*.md\n{pattern}\n")
    with pytest.raises(PackageError) as error:
        ignore.read(tmp_path)
    assert error.value.message.endswith(pattern)
    assert ".lambdaignore" in error.value.hint


def test_an_ignore_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".lambdaignore").write_bytes(b"caf\xe9\n")
    with pytest.raises(PackageError, match=r"\.lambdaignore .* not UTF-8"):
        ignore.read(tmp_path)


def test_an_ignore_file_that_is_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".lambdaignore").mkdir()
    with pytest.raises(PackageError, match=r"\.lambdaignore cannot be read"):
        ignore.read(tmp_path)
