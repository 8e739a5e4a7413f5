"""The reader beyond the grammar, and the grammar in brief."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import env_properties
from env_properties import (
    EnvPropertiesError,
    InvalidVariableError,
    MalformedFileError,
    MissingFileError,
    MissingVariableError,
    UnreadableFileError,
    load,
    populate,
)

SECRET = "correct horse battery staple"


@pytest.fixture(autouse=True)
def process_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process environment that names no file; restored after the test."""
    before = dict(os.environ)
    for name in ("ENV_PROPERTIES_FILE", "LAMBDA_TASK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def env() -> Mapping[str, str]:
    """The `env` of a process that has not used it yet."""
    return type(env_properties.env)()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty file that ENV_PROPERTIES_FILE names."""
    path = tmp_path / "config" / "env.properties"
    path.parent.mkdir()
    path.touch()
    monkeypatch.setenv("ENV_PROPERTIES_FILE", str(path))
    return path


GRAMMAR = [
    (b"", {}),
    (b"A=1\nB:2\rC 3\r\nD\t4", {"A": "1", "B": "2", "C": "3", "D": "4"}),
    (b"A = 1", {"A": "1"}),
    (b"  A\f:\t1 ", {"A": "1 "}),
    (b"A==1", {"A": "=1"}),
    (b"A = = 1", {"A": "= 1"}),
    (b"A", {"A": ""}),
    (b"=1", {"": "1"}),
    (b"A=1\nA=2", {"A": "2"}),
    (b"#A=1\n \t! B=2\\\nC=3", {"C": "3"}),
    (b"A=#1!", {"A": "#1!"}),
    (b"A=1\\\n  , 2\\\r\n, 3\\\r, 4", {"A": "1, 2, 3, 4"}),
    (b"A=1\\\n#2", {"A": "1#2"}),
    (b"A=1\\\n\nB=2", {"A": "1", "B": "2"}),
    (b"\\\nA=1", {"A": "1"}),
    (b"A=1\\\\\nB=2", {"A": "1\\", "B": "2"}),
    (b"A=1\\", {"A": "1"}),
    (b"\\", {"": ""}),
    (b"\\\r\n", {}),
    (rb"A\=\:\ B=1", {"A=: B": "1"}),
    (rb"A=\t\n\r\f\\\"\a\0", {"A": '\t\n\r\f\\"a0'}),
    (rb"A=\u00e9\u20AC", {"A": "é€"}),
    (rb"A=\ud83d\ude00", {"A": "😀"}),
    (b"A=\\ud83d\\\n \\ude00", {"A": "😀"}),
    (b"A=\\u00\\\n  e9", {"A": "é"}),
    (rb"A=\ude00\ud83d", {"A": "\ude00\ud83d"}),
    (b"A=\xe9\x85\x1c\x0b\xa0", {"A": "é\x85\x1c\x0b\xa0"}),
    (b"__proto__=1\n__class__=2", {"__proto__": "1", "__class__": "2"}),
]


@pytest.mark.parametrize(("data", "pairs"), GRAMMAR)
def test_a_file_has_the_variables_that_java_reads_in_it(
    file: Path, data: bytes, pairs: dict[str, str]
) -> None:
    """A file gives the variables that java.util.Properties reads in it."""
    file.write_bytes(data)
    assert dict(load()) == pairs


@given(st.dictionaries(st.text(st.characters()), st.text(st.characters())))
def test_any_text_can_be_escaped(pairs: dict[str, str]) -> None:
    """Text written as UTF-16 escapes comes back, whatever its characters are."""

    def escaped(text: str) -> str:
        units = text.encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))

    def normal(text: str) -> str:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")

    lines = "\n".join(f"{escaped(key)}={escaped(value)}" for key, value in pairs.items())
    parsed = env_properties._parse(lines.encode(), "env.properties")
    assert parsed == {normal(key): normal(value) for key, value in pairs.items()}


MALFORMED = [
    (b"\xef\xbb\xbfA=1", 1),
    (rb"A=\u", 1),
    (rb"A=\u00e", 1),
    (rb"A=\u00g9", 1),
    (rb"A=\u+0e9", 1),
    (rb"\u004=1", 1),
    (b"A=1\r\nB=2\r\rC=\\u00zz", 4),
    (b"# \\u\nA=\\\n  1\\\n  2\\u00zz\\\n 3", 4),
    (b"A\\u12 \\\n = \\u34", 1),
    (b"A=\\\n\\\n\\u00\\\nzz", 3),
]


@pytest.mark.parametrize(("data", "line"), MALFORMED)
def test_a_malformed_file_is_an_error_that_names_file_and_line(
    file: Path, data: bytes, line: int
) -> None:
    """A malformed file is an error that names the file and the line."""
    file.write_bytes(data)
    with pytest.raises(MalformedFileError) as raised:
        load()
    assert raised.value.line == line
    assert str(raised.value).startswith(f"{file}, line {line}: ")
    assert isinstance(raised.value, ValueError)


def frames(traceback: TracebackType | None) -> Iterator[TracebackType]:
    """The links of a traceback."""
    while traceback:
        yield traceback
        traceback = traceback.tb_next


def test_a_malformed_file_does_not_leak(file: Path) -> None:
    """Neither the error nor a variable in the frames of its traceback holds any of the file."""
    file.write_text(f"OTHER={SECRET}\nA={SECRET}\\u12", "ascii")
    with pytest.raises(MalformedFileError) as raised:
        load()
    shown = [str(raised.value), repr(raised.value)]
    shown += [repr(link.tb_frame.f_locals) for link in frames(raised.tb)]
    assert raised.value.__context__ is None
    assert SECRET not in "".join(shown)


def test_an_error_can_be_pickled(file: Path) -> None:
    """An error keeps its message and line when it is sent to another process."""
    file.write_bytes(b"A=\\u12")
    with pytest.raises(MalformedFileError) as raised:
        load()
    copied = pickle.loads(pickle.dumps(raised.value))
    assert (str(copied), copied.line) == (str(raised.value), 1)


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"A=" + b"x" * 5_000_000, 5_000_000),
        (b"A=" + b"\\" * 5_000_000, 2_500_000),
        (b"A=" + b"\\ud800" * 800_000, 800_000),
        (b"A=" + b"x\\\n" * 1_600_000, 1_600_000),
        (b"\\\n" * 2_500_000 + b"A=1", 1),
        (b"N=0\n" * 2_500_000 + b"A=1", 1),
    ],
    ids=["line", "backslashes", "surrogates", "continuations", "empty", "lines"],
)
def test_large_files_are_read(file: Path, data: bytes, length: int) -> None:
    """Files of megabytes are read, whatever their content."""
    file.write_bytes(data)
    assert len(load()["A"]) == length


def test_the_process_environment_wins(
    env: Mapping[str, str], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is looked up in the process environment, then in the file."""
    file.write_bytes(b"BOTH=file\nFILE=file")
    monkeypatch.setenv("BOTH", "process")
    monkeypatch.setenv("PROCESS", "process")
    assert [env[name] for name in ("BOTH", "FILE", "PROCESS")] == ["process", "file", "process"]
    assert dict(env) == {**os.environ, "FILE": "file"}
    assert len(env) == len(os.environ) + 1
    assert "FILE" in env
    assert env.get("NONE", "default") == "default"


def test_env_reads_the_file_once(env: Mapping[str, str], file: Path) -> None:
    """The file is read at the first use and not again."""
    file.write_bytes(b"A=1")
    assert env["A"] == "1"
    file.write_bytes(b"A=2")
    assert env["A"] == "1"
    assert load()["A"] == "2"


def test_threads_share_one_reading(
    env: Mapping[str, str], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that use `env` for the first time together read the file once."""
    file.write_bytes(b"A=1\n" * 20_000)
    readings = []
    together = threading.Barrier(8)
    values = []

    read = env_properties._read

    def counted_read(path: str) -> Mapping[str, str]:
        readings.append(1)
        return read(path)

    def first_use() -> None:
        together.wait()
        values.append(env["A"])

    monkeypatch.setattr(env_properties, "_read", counted_read)
    threads = [threading.Thread(target=first_use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (values, readings) == (["1"] * 8, [1])


def test_a_missing_name_is_an_error_with_the_places_searched(
    env: Mapping[str, str], file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing name is a KeyError that names the variable and the places searched."""
    with pytest.raises(KeyError) as raised:
        env["NONE"]
    assert isinstance(raised.value, MissingVariableError)
    assert str(raised.value) == f"NONE is not set in {file}, nor in the process environment"
    with pytest.raises(MissingVariableError, match=r"^NONE is not set in "):
        load()["NONE"]

    monkeypatch.delenv("ENV_PROPERTIES_FILE")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    with pytest.raises(MissingVariableError) as raised:
        type(env_properties.env)()["NONE"]
    for place in ("ENV_PROPERTIES_FILE", str(tmp_path / "env.properties"), "/opt/env.properties"):
        assert place in str(raised.value)


def test_without_a_file_env_is_the_process_environment(env: Mapping[str, str]) -> None:
    """If there is no file and none is named, `load` is empty and `env` is `os.environ`."""
    assert dict(load()) == {}
    assert dict(env) == dict(os.environ)


def test_the_file_is_searched_in_order(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path given, then ENV_PROPERTIES_FILE, then the function's folder."""
    given_path = tmp_path / "given.properties"
    given_path.write_bytes(b"PLACE=given")
    file.write_bytes(b"PLACE=named")
    (tmp_path / "env.properties").write_bytes(b"PLACE=task root")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    assert load(given_path)["PLACE"] == load(str(given_path))["PLACE"] == "given"
    assert load()["PLACE"] == "named"
    monkeypatch.setenv("ENV_PROPERTIES_FILE", "")
    assert load()["PLACE"] == "task root"


def test_a_file_that_is_named_must_exist(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that does not exist is a FileNotFoundError, from the caller and the environment."""
    file.unlink()
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(file.parent))
    for path in (None, file):
        with pytest.raises(MissingFileError) as raised:
            load(path)
        assert isinstance(raised.value, FileNotFoundError)
        assert raised.value.filename == str(file)


def test_a_directory_is_not_a_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory in the file's place is an error, not a file that is missing."""
    monkeypatch.delenv("ENV_PROPERTIES_FILE")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(file.parent))
    file.unlink()
    file.mkdir()
    with pytest.raises(UnreadableFileError, match=r"env\.properties") as raised:
        load()
    assert isinstance(raised.value, OSError)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no permissions of this kind")
def test_a_file_without_permission_is_an_error(file: Path) -> None:
    """A file that may not be read is an error, not a file that is missing."""
    file.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)  # root may read all files
    try:
        with pytest.raises(UnreadableFileError, match=r"env\.properties"):
            load()
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_an_impossible_file_name_is_an_error(name: str) -> None:
    """The error has the same root as all others."""
    with pytest.raises(UnreadableFileError):
        load(name)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_process_forked_during_the_first_reading_reads_the_file(tmp_path: Path) -> None:
    """It does not wait for a thread that only the other process has."""
    os.mkfifo(tmp_path / "env.properties")
    program = """
import os, sys, threading
from env_properties import env
reader = threading.Thread(target=env.get, args=["A"])
reader.start()
with open(sys.argv[1], "wb") as pipe:  # the reader has opened it, too, and holds the lock
    child = os.fork()
    if child == 0:
        os.environ["ENV_PROPERTIES_FILE"] = os.devnull
        os._exit(env.get("A", "none") != "none")
    _, status = os.waitpid(child, 0)
    pipe.write(b"A=1")
reader.join()
print(status, env["A"])
"""
    folder = str(Path(env_properties.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "env.properties")],
        env={**os.environ, "PYTHONPATH": folder, "LAMBDA_TASK_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("0 1\n", "")


def test_populate_adds_missing_variables(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`populate` keeps the values of the process environment unless `override` is given."""
    file.write_bytes(b"BOTH=file\nFILE=\\u00e9\\n")
    monkeypatch.setenv("BOTH", "process")
    populate()
    assert (os.environ["BOTH"], os.environ["FILE"]) == ("process", "é\n")
    populate(override=True)
    assert os.environ["BOTH"] == "file"


@pytest.mark.parametrize("pair", [r"NAME=\u0000", r"NAME=\ud800", r"NAME=\udc80"])
def test_populate_names_the_variable_it_cannot_set(file: Path, pair: str) -> None:
    """A value that no process environment can hold is an error without it, and nothing is set."""
    file.write_text(f"FIRST=1\n{pair}{SECRET}")
    with pytest.raises(InvalidVariableError, match=r"^NAME ") as raised:
        populate()
    assert "FIRST" not in os.environ
    shown = [str(raised.value), *(repr(link.tb_frame.f_locals) for link in frames(raised.tb))]
    assert SECRET not in "".join(shown)


@pytest.mark.parametrize("name", [r"A\=B", r"A\u0000", r"A\ud800", ""])
def test_populate_refuses_impossible_names(file: Path, name: str) -> None:
    """A name that no process environment can hold is an error."""
    file.write_text(f"{name}={SECRET}")
    with pytest.raises(InvalidVariableError, match="cannot be the name"):
        populate()


def test_names_that_only_the_file_can_hold_are_found(env: Mapping[str, str], file: Path) -> None:
    """`env` finds names in the file that the process environment cannot hold."""
    file.write_bytes(b"A\\=B=1\n\\ud800=2\nA\\u0000=3\n=4")
    assert [env["A=B"], env["\ud800"], env["A\0"], env[""]] == ["1", "2", "3", "4"]


def test_mappings_show_names_only(env: Mapping[str, str], file: Path) -> None:
    """repr, str and format show names, never values."""
    file.write_text(f"NAME={SECRET}")
    for mapping in (load(), env):
        shown = f"{mapping!r} {mapping} {mapping:} %s" % mapping
        assert "NAME" in shown
        assert SECRET not in shown


def test_a_loaded_mapping_is_read_only(env: Mapping[str, str], file: Path) -> None:
    """There is no way to set or delete a variable."""
    file.write_bytes(b"A=1")
    for mapping in (load(), env):
        for change in ("__setitem__", "__delitem__", "update", "pop", "clear", "setdefault"):
            assert not hasattr(mapping, change)
        with pytest.raises(AttributeError):
            mapping.A = "2"  # type: ignore[attr-defined]


def test_loaded_values_can_be_copied_and_pickled(file: Path) -> None:
    """`load` returns what can be copied and pickled; `env` stays itself, its pickle empty."""
    file.write_text(f"NAME={SECRET}")
    properties = load()
    assert copy.deepcopy(properties) == copy.copy(properties) == properties
    assert pickle.loads(pickle.dumps(properties)) == properties
    assert copy.deepcopy(env_properties.env) is env_properties.env
    assert pickle.loads(pickle.dumps(env_properties.env)) is env_properties.env
    assert SECRET.encode() not in pickle.dumps(env_properties.env)


def test_every_error_is_of_one_root() -> None:
    """One class catches all errors of the reader."""
    for name in env_properties.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(env_properties, name), EnvPropertiesError)


def test_a_cold_start_is_light_and_silent(file: Path) -> None:
    """The reader imports only modules that a bare interpreter has, and prints nothing."""
    file.write_bytes(b"A=\\u00e9\\ud83d\\ude00\\n")
    program = (
        "import sys; before = set(sys.modules); import env_properties as e;"
        "e.env['A']; e.populate(); repr(e.env); list(e.env);"
        "sys.exit(','.join(sorted(set(sys.modules) - before - {'env_properties', '__future__'})))"
    )
    folder = str(Path(env_properties.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": folder},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr.strip()) == ("", "")
