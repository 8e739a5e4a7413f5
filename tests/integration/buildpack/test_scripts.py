"""The buildpack's sources: what shellcheck says of the scripts, and pip of the lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run
from tests.conftest import requires


@requires("shellcheck")
def test_shellcheck_finds_nothing_in_the_scripts(buildpack: Path) -> None:
    scripts = [
        path
        for path in sorted((buildpack / "bin").rglob("*"))
        if path.is_file() and path.read_bytes().startswith(b"#!")
    ]
    assert {"detect", "compile", "release", "packager"} <= {path.name for path in scripts}
    assert run("shellcheck", "--external-sources", *scripts, cwd=buildpack) == ""


@requires("uv")
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_the_lock_has_wheels_for_each_python_on_each_machine(
    buildpack: Path, tmp_path: Path, python: str, machine: str
) -> None:
    # glibc 2.17 is the oldest that the standalone Python runs on.
    run(
        *("uv", "pip", "install", "--dry-run", "--require-hashes", "--only-binary", ":all:"),
        *("--python-version", python, "--python-platform", f"{machine}-manylinux_2_17"),
        *("--target", tmp_path, "--requirement", buildpack / "bin" / "requirements.lock"),
    )
