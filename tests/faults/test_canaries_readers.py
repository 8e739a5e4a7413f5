"""The readers reveal no value of a file, in their errors or when their objects are printed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.config import properties
from tests.commands import bare_environment, run
from tests.conftest import requires
from tests.faults import canaries

ROOT = Path(__file__).parents[2]

# Each program prints what it has loaded in every way of its language, and every error of the reader
# as an uncaught error is printed. It ends with an uncaught error.
PYTHON = """
import copy, logging, pprint, sys, traceback
import env_properties
from env_properties import env, load, populate

def show(*shown):
    for one in shown:
        print(one, repr(one), f"{one} {one!r}", [one], {"key": one}, "%s" % (one,))
        pprint.pprint(one)
        logging.warning("%s %r", one, one)

show(env_properties, env, load, populate)
for path in sys.argv[1:]:
    try:
        loaded = load(path)
        show(loaded)
        loaded["MISSING"]
    except env_properties.EnvPropertiesError as error:
        show(error, error.args, vars(error))
        traceback.print_exc()
try:
    env["MISSING"]
except KeyError as error:
    show(error, env)
    traceback.print_exc()
for name in env:
    for getter in (env.int, env.float, env.bool, env.json):
        try:
            getter(name)
        except env_properties.WrongTypeError as error:
            show(error, error.args, vars(error))
            traceback.print_exc()
with env_properties.override(**env) as overridden:
    show(overridden, env_properties.override(**env), env)
print("shown")
populate()
"""
NODE = """
const util = require('util')
const reader = require(process.argv[2])
const show = (...shown) => {
  for (const one of shown) {
    console.log(one, [one], { one }, String(one), `${one}`)
    console.error('%s %o %O', one, one, one)
    const everything = { showHidden: true, showProxy: true, depth: null, getters: true }
    console.log(util.inspect(one, everything))
  }
}
show(reader, reader.env, reader.load, reader.EnvPropertiesError)
for (const path of process.argv.slice(3)) {
  try {
    show(reader.load(path))
  } catch (error) {
    show(error, error.stack, JSON.stringify(error))
  }
}
try {
  reader.require('MISSING')
} catch (error) {
  show(error, reader.env)
}
for (const name of Object.keys(reader.env)) {
  for (const getter of [reader.number, reader.bool, reader.json]) {
    try {
      getter(name)
    } catch (error) {
      show(error, error.stack, JSON.stringify(error))
    }
  }
}
show(reader.requireAll(...Object.keys(reader.env)), reader.override({ ...reader.env }), reader)
console.log('shown')
reader.populate()
"""
JAVA = """
import envproperties.EnvProperties;
import java.nio.file.Path;

public class Show {
    static void show(Object... shown) {
        for (Object one : shown) {
            System.out.println(one + " " + String.format("%s", one) + " " + java.util.List.of(one));
        }
    }

    public static void main(String[] paths) {
        for (String path : paths) {
            try {
                show(EnvProperties.load(Path.of(path)));
            } catch (RuntimeException error) {
                show(error, error.getMessage());
                error.printStackTrace();
            }
        }
        try {
            EnvProperties.require("MISSING");
        } catch (RuntimeException error) {
            show(error);
            error.printStackTrace();
        }
        for (String name : EnvProperties.env().keySet()) {
            for (java.util.function.Function<String, ?> getter :
                    java.util.List.<java.util.function.Function<String, ?>>of(
                            EnvProperties::getInt,
                            EnvProperties::getLong,
                            EnvProperties::getDouble,
                            EnvProperties::getBoolean)) {
                try {
                    getter.apply(name);
                } catch (RuntimeException error) {
                    show(error);
                    error.printStackTrace();
                }
            }
        }
        java.util.Map<String, String> all = EnvProperties.env();
        show(EnvProperties.requireAll(all.keySet().toArray(new String[0])));
        show(EnvProperties.override(all), EnvProperties.env());
        System.out.println("shown");
        EnvProperties.load(Path.of(paths[paths.length - 1]));
    }
}
"""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A valid file, and files with every kind of error, each between secrets."""
    good = properties.dumps(canaries.CONFIG)
    wrong = {
        "good": good,
        "escape": good + b"NAME=canary\\u12x canary\n" + good,
        "escape-in-name": good + b"NA\\u12xME=canary\n",
        "end": good + b"NAME=canary\\u1",
        "mark": b"\xef\xbb\xbf" + good,
        "raw": b"RAW\xff=\xfecanary\x00canary\n" + good,
        "binary": bytes(range(256)) + good,
    }
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
    # One is unreadable, one does not exist, and the last is malformed.
    (tmp_path / "folder").mkdir()
    names = [*wrong, "folder", "missing", "escape"]
    return [tmp_path / name for name in names]


def shown(command: list[str | Path], config: Path, env: Mapping[str, str]) -> str:
    """Run a program with the file `config`; return its output, including its uncaught error."""
    # Files, because Node.js loses what does not fit into a pipe when an uncaught error ends it.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        ended = subprocess.run(
            command,
            env=bare_environment() | {"ENV_PROPERTIES_FILE": str(config)} | dict(env),
            stdout=output,
            stderr=errors,
            timeout=60,
            check=False,
        )
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    assert ended.returncode != 0
    assert "shown" in texts[0].splitlines(), texts[1]
    return "".join(texts)


def assert_names_only(text: str) -> None:
    """Check that the output contains the file's names, so the file was read, but no value."""
    assert "DATABASE_URL" in text
    assert "MISSING" in text
    seen = [line for line in text.splitlines() if canaries.traces(line)]
    assert not seen, seen


@pytest.fixture
def unfit(tmp_path: Path) -> Path:
    """A readable file with a value that a process environment cannot hold."""
    file = tmp_path / "unfit"
    file.write_bytes(properties.dumps(canaries.CONFIG) + b"NUL=canary\\u0000 canary\n")
    return file


def test_the_python_reader_shows_no_value(files: list[Path], unfit: Path) -> None:
    """Neither repr, str, format, pprint, logging nor a traceback shows a value of the file."""
    env = {"PYTHONPATH": str(ROOT / "sdk_python")}
    text = shown([sys.executable, "-c", PYTHON, *files], unfit, env)
    assert "InvalidVariableError" in text.splitlines()[-1]
    assert_names_only(text)


@requires("node")
def test_the_node_reader_shows_no_value(files: list[Path], unfit: Path, tmp_path: Path) -> None:
    """Neither console.log, util.inspect at any depth, String nor JSON shows a value of the file."""
    program = tmp_path / "show.js"
    program.write_text(NODE)
    text = shown(["node", program, ROOT / "sdk_node" / "index.js", *files], unfit, {})
    assert "ERR_INVALID_VARIABLE" in text
    assert_names_only(text)


@requires("java", "javac")
def test_the_java_reader_shows_no_value(files: list[Path], unfit: Path, tmp_path: Path) -> None:
    """Neither toString, String.format, a message nor a stack trace shows a value of the file."""
    program = tmp_path / "Show.java"
    program.write_text(JAVA)
    sources = (ROOT / "sdk_java" / "src" / "main" / "java").rglob("*.java")
    run("javac", "-d", tmp_path, *sources, program)
    text = shown(["java", "-cp", os.fspath(tmp_path), "Show", *files], unfit, {})
    assert "FileException: " in text
    assert "EnvPropertiesException: " in text
    assert_names_only(text)
