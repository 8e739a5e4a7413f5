"""Bad input: one message with a hint, exit status 2 or 1, and no file left or changed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.commands import bare_environment, bound_by_permissions, packager

SETTINGS = {"_LAMBDA_FUNCTION_ARN": "hello", "_AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
CREDENTIALS = {
    "_AWS_ACCESS_KEY_ID": "invented",
    "_AWS_SECRET_ACCESS_KEY": "invented",
    "_AWS_DEFAULT_REGION": "eu-west-1",
}
ENV = SETTINGS | CREDENTIALS | {"TOKEN": "canary"}


def snapshot(folder: Path) -> dict[str, bytes | Path]:
    """Return the contents of a folder, to check later that nothing has changed."""
    return {
        str(path): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def failed(
    app: Path, *options: str, temporary: Path, env: dict[str, str] = ENV, status: int = 2
) -> str:
    """Run a deploy that must fail; return the message, after a check that nothing else happened."""
    before = snapshot(app)
    run = packager("deploy", app, *options, env=env, temporary=temporary)
    assert run.returncode == status, run.stderr
    assert snapshot(app) == before
    message, *hint = run.stderr.splitlines()
    assert message.startswith("Error: ")
    assert len(hint) == 1
    return run.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("deploy", "--timeout", "0"),
        ("build",),
        ("deploy", "--local", "--invoke", "{bad"),
        ("watch", "absent"),
        ("watch", "--env-file", "absent"),
    ],
    ids=" ".join,
)
def test_with_json_every_error_is_one_object(arguments: tuple[str, ...], app: Path) -> None:
    """It is on stdout, whether the command line, the settings or the start fails."""
    run = packager(*arguments, "--json", env=ENV, cwd=app)
    assert run.returncode == 2
    result = json.loads(run.stdout)
    assert result["outcome"] == "failed"
    assert result["error"] in run.stderr


def test_a_closed_stdout_is_not_an_error(app: Path) -> None:
    """`head` closes it early; Python's own message would look like an error."""
    program = f'"{sys.executable}" -m packager env | (exec <&-; sleep 0.5)'
    variables = {f"VARIABLE_{n}": "" for n in range(10_000)}
    env = bare_environment() | variables
    run = subprocess.run(["sh", "-c", program], cwd=app, env=env, capture_output=True, check=False)
    assert b"left out" in run.stderr
    assert run.stderr.count(b"\n") == 1


def test_a_missing_jar_is_an_error(app: Path, temporary: Path) -> None:
    assert "no.jar (_LAMBDA_JAR_FILE)" in failed(app, "--jar", "no.jar", temporary=temporary)


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\3\4" + bytes(100)])
def test_a_file_that_is_not_a_zip_is_an_error(app: Path, temporary: Path, content: bytes) -> None:
    (app / "a.jar").write_bytes(content)
    assert "a.jar" in failed(app, "--jar", "a.jar", temporary=temporary)


def test_a_truncated_jar_is_an_error(app: Path, temporary: Path) -> None:
    with zipfile.ZipFile(app / "a.jar", "w") as archive:
        archive.writestr("a", os.urandom(1 << 18))
    content = (app / "a.jar").read_bytes()
    for length in range(1 << 16, len(content), 1 << 16):
        (app / "a.jar").write_bytes(content[:length])
        assert "a.jar" in failed(app, "--jar", "a.jar", temporary=temporary)


def test_a_folder_in_place_of_the_jar_is_an_error(app: Path, temporary: Path) -> None:
    (app / "a.jar").mkdir()
    assert "a.jar" in failed(app, "--jar", "a.jar", temporary=temporary)


def test_a_missing_app_folder_is_an_error(app: Path, temporary: Path) -> None:
    run = packager("deploy", app / "no", env=ENV, temporary=temporary)
    assert run.returncode == 2
    assert "does not exist" in run.stderr


def test_a_broken_link_is_an_error(app: Path, temporary: Path) -> None:
    (app / "broken").symlink_to("nowhere")
    said = failed(app, temporary=temporary)
    assert "broken" in said
    assert ".lambdaignore" in said


def test_a_loop_of_links_is_an_error(app: Path, temporary: Path) -> None:
    (app / "one").symlink_to("two")
    (app / "two").symlink_to("one")
    assert "one" in failed(app, temporary=temporary)


@pytest.mark.skipif(sys.platform != "linux", reason="root is bound by permissions only on Linux")
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_an_unreadable_file_or_folder_is_an_error(app: Path, temporary: Path, kind: str) -> None:
    private = app / "private"
    private.touch() if kind == "file" else private.mkdir()
    private.chmod(0o000)
    run = packager("deploy", app, env=ENV, temporary=temporary, preexec=bound_by_permissions)
    private.chmod(0o700)
    assert run.returncode == 2
    assert "private" in run.stderr
    assert "Permission denied" in run.stderr


def test_a_variable_that_is_not_unicode_is_an_error(app: Path, temporary: Path) -> None:
    env = ENV | {"BINARY": os.fsdecode(b"canary\xff")}
    assert "BINARY" in failed(app, temporary=temporary, env=env)


def test_a_missing_env_file_is_an_error(app: Path, temporary: Path) -> None:
    assert "no.env" in failed(app, "--env-file", "no.env", temporary=temporary)


def test_an_unknown_option_is_an_error(app: Path, temporary: Path) -> None:
    run = packager("deploy", app, "--no-such-option", env=ENV, temporary=temporary)
    assert run.returncode == 2


def test_an_unreachable_endpoint_is_an_error(app: Path, temporary: Path) -> None:
    said = failed(app, "--timeout", "5", temporary=temporary, status=1)
    assert "no response" in said


@pytest.mark.parametrize("kind", ["jar", "node"])
def test_a_full_disk_is_an_error(app: Path, temporary: Path, kind: str) -> None:
    with zipfile.ZipFile(app / "a.jar", "w") as archive:
        archive.writestr("a", os.urandom(1 << 20))
    before = snapshot(app)
    options = ["--jar", "a.jar"] if kind == "jar" else []
    limit = (1 << 19, 1 << 19)
    run = packager(
        "deploy",
        app,
        *options,
        env=ENV,
        temporary=temporary,
        preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert run.returncode == 1
    assert run.stderr.startswith("Error: ")
    assert "large" in run.stderr or "space" in run.stderr
    assert snapshot(app) == before
