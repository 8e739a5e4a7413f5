"""Checks of a package, with the output of real compilers."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

from tests.commands import run
from tests.conftest import requires
from tests.unit.test_checks import JAVA, NODE, found


@requires("javac")
def test_the_version_of_a_class_is_the_one_given_to_the_compiler(tmp_path: Path) -> None:
    (tmp_path / "Hello.java").write_text("public class Hello {}")
    run("javac", "--release", "17", "-d", tmp_path, tmp_path / "Hello.java")
    entries = {"Hello.class": (tmp_path / "Hello.class").read_bytes()}
    state = replace(JAVA, handler="Hello", runtime="java11")
    assert "compiled for Java 17" in found(tmp_path, entries, state)[0].message
    assert not found(tmp_path, entries, replace(state, runtime="java17"))


@requires("gcc")
def test_output_of_a_real_compiler_is_recognized_as_native_code(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int a(void) { return 1; }")
    library = tmp_path / "a.so"
    run("gcc", "-shared", "-o", library, tmp_path / "a.c")
    entries = {"index.js": b"", "node_modules/a/a.node": library.read_bytes()}
    fits = platform.machine() == "x86_64"
    assert fits == (not found(tmp_path, entries, NODE))
    assert fits != (not found(tmp_path, entries, replace(NODE, architecture="arm64")))
