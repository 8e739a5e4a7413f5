"""Typed values by the table that all readers share, required variables, and overrides."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

import env_properties
from env_properties import (
    EnvPropertiesError,
    InvalidVariableError,
    MalformedFileError,
    MissingVariableError,
    WrongTypeError,
    env,
    load,
    override,
    populate,
    require,
)

SECRET = "correct horse battery staple"
TABLE = Path(__file__).parents[2] / "tests" / "conformance" / "typed.json"
CASES: dict[str, dict[str, Any]] = json.loads(TABLE.read_bytes()) if TABLE.is_file() else {}
GETTERS: dict[str, Callable[..., Any]] = {
    "integer": env.int,
    "number": env.float,
    "boolean": env.bool,
    "list": env.list,
    "json": env.json,
}
GOOD = [(kind, text, value) for kind, cases in CASES.items() for text, value in cases["good"]]
BAD = [(kind, text) for kind, cases in CASES.items() for text in cases["bad"]]

needs_table = pytest.mark.skipif(not CASES, reason="the table of types is not in this sdist")


@pytest.fixture(autouse=True)
def process_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process environment that names no file."""
    for name in ("ENV_PROPERTIES_FILE", "LAMBDA_TASK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    with override():  # forgets what other tests have read
        yield


def write(path: Path, content: str) -> str:
    """Write a file; return its path as a variable holds it."""
    path.write_text(content, "ascii")
    return str(path)


def shown(error: BaseException) -> str:
    """Return what tools show of an error: its text, and the variables in its traceback's frames."""
    assert error.__cause__ is None
    assert error.__context__ is None
    texts = [str(error), repr(error)]
    traceback: TracebackType | None = error.__traceback__
    while traceback:
        if traceback.tb_frame.f_code.co_filename != __file__:
            texts.append(repr(traceback.tb_frame.f_locals))
        traceback = traceback.tb_next
    return "\n".join(texts)


@needs_table
def test_the_table_has_cases_of_every_type() -> None:
    """Each getter is tested by values that are right and values that are wrong."""
    assert CASES.keys() == GETTERS.keys()
    assert {kind for kind, _, _ in GOOD} == GETTERS.keys()
    assert {kind for kind, _ in BAD} == GETTERS.keys() - {"list"}  # every text is a list


@needs_table
@pytest.mark.parametrize(("kind", "text", "value"), GOOD)
def test_a_getter_returns_the_value(kind: str, text: str, value: object) -> None:
    """The value is the one in the table and of its type."""
    with override(VALUE=text):
        result = GETTERS[kind]("VALUE")
    assert result == value
    if kind != "json":
        types = {"integer": int, "number": float, "boolean": bool, "list": list}
        assert type(result) is types[kind]


@needs_table
@pytest.mark.parametrize(("kind", "text"), BAD)
def test_a_getter_refuses_a_bad_value(kind: str, text: str) -> None:
    """The error names the variable and the type; neither it nor its traceback holds the value."""
    with override(VALUE=text), pytest.raises(WrongTypeError) as raised:
        GETTERS[kind]("VALUE", None)
    assert str(raised.value) == f"VALUE {CASES[kind]['error']}"
    assert isinstance(raised.value, ValueError)
    assert SECRET not in shown(raised.value)


@pytest.mark.parametrize("kind", ["integer", "number", "boolean", "json"])
def test_a_bad_value_does_not_leak(kind: str, tmp_path: Path) -> None:
    """Not from the file either."""
    file = write(tmp_path / "file", f"VALUE=[{SECRET}\n")
    with override(ENV_PROPERTIES_FILE=file), pytest.raises(WrongTypeError) as raised:
        GETTERS[kind]("VALUE")
    assert SECRET not in shown(raised.value)


def test_an_integer_may_be_long() -> None:
    """As long as Python converts it; a longer one is an error of the reader."""
    with override(VALUE="1" + "0" * 400):
        assert env.int("VALUE") == 10**400
    with override(VALUE="9" * 5000):
        try:
            assert env.int("VALUE") == 10**5000 - 1
        except WrongTypeError as error:
            assert str(error) == "VALUE is not an integer (example: 8080)"


def test_json_may_be_too_deep() -> None:
    """JSON that is nested deeper than Python can read is an error of the reader."""
    with override(VALUE="[" * 1_000_000), pytest.raises(WrongTypeError, match="VALUE is not valid"):
        env.json("VALUE")


def test_values_are_read_from_the_process_environment_and_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed values are found where text is found."""
    file = write(tmp_path / "file", "PORT=1\nHOSTS=a,b\nLIMITS={\\\n\\u0022a\\u0022: 1}\n")
    monkeypatch.setenv("ENV_PROPERTIES_FILE", file)
    monkeypatch.setenv("PORT", "2")
    with override():
        assert (env.int("PORT"), env.list("HOSTS"), env.json("LIMITS")) == (2, ["a", "b"], {"a": 1})


@pytest.mark.parametrize("kind", GETTERS)
def test_a_default_is_for_a_variable_that_is_not_set(kind: str) -> None:
    """Any value may be the default; without one a missing variable is an error that names it."""
    default = object()
    assert GETTERS[kind]("ABSENT", default) is default
    assert GETTERS[kind]("ABSENT", default=None) is None
    with pytest.raises(KeyError) as raised:
        GETTERS[kind]("ABSENT")
    assert isinstance(raised.value, MissingVariableError)
    assert str(raised.value).startswith("ABSENT is not set in ")


def test_an_empty_value_does_not_get_the_default() -> None:
    """It is set: an empty list, and an error as any other type."""
    with override(EMPTY=""):
        assert env.list("EMPTY", ["default"]) == []
        for kind in GETTERS.keys() - {"list"}:
            with pytest.raises(WrongTypeError):
                GETTERS[kind]("EMPTY", "default")


def test_require_returns_the_values() -> None:
    """In the order of the names; an empty value is set."""
    with override(A="1", B="", C="3"):
        assert require("C", "A", "B", "A") == ("3", "1", "", "1")
        assert require() == ()


def test_require_names_every_missing_variable() -> None:
    """In one error, each once, with the places searched, and without a value."""
    with override(A=SECRET):
        with pytest.raises(MissingVariableError) as raised:
            require("NONE", "A", "OTHER", "NONE")
        with pytest.raises(MissingVariableError, match=r"^NONE is not set in "):
            require("A", "NONE")
    text = str(raised.value)
    assert text.startswith("NONE, OTHER are not set in env.properties (not found: ")
    assert text.endswith(", nor in the process environment")
    assert SECRET not in shown(raised.value)


def test_an_override_comes_first_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """`env` has the other values in the `with` statement alone; `os.environ` never has them."""
    monkeypatch.setenv("BOTH", "process")
    with override(BOTH="override", NEW="override"):
        assert (env["BOTH"], env["NEW"]) == ("override", "override")
        assert dict(env) == {**os.environ, "BOTH": "override", "NEW": "override"}
        assert len(env) == len(os.environ) + 1
        assert (os.environ["BOTH"], "NEW" in os.environ) == ("process", False)
    assert env["BOTH"] == "process"
    assert "NEW" not in env


def test_an_override_ends_after_an_error() -> None:
    """An exception in the `with` statement passes, and the values are gone."""
    with pytest.raises(ZeroDivisionError), override(NEW="1"):
        1 / 0  # noqa: B018
    assert "NEW" not in env


def test_an_override_with_none_hides_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the process environment and in the file."""
    monkeypatch.setenv("PROCESS", "1")
    with override(ENV_PROPERTIES_FILE=write(tmp_path / "file", "FILE=1\n")):
        assert {"PROCESS", "FILE"} <= set(env)
        with override(PROCESS=None, FILE=None):
            assert not {"PROCESS", "FILE"} & set(env)
            assert (env.get("PROCESS"), env.int("FILE", 7)) == (None, 7)
            with pytest.raises(MissingVariableError, match="PROCESS, FILE are not set"):
                require("PROCESS", "FILE")
        assert {"PROCESS", "FILE"} <= set(env)


def test_overrides_can_be_nested() -> None:
    """The inner one counts; the outer one counts again after it, and in any order of their ends."""
    outer, inner = override(A="outer", B="outer"), override(A="inner")
    outer.__enter__()
    inner.__enter__()
    assert (env["A"], env["B"]) == ("inner", "outer")
    outer.__exit__(None, None, None)
    assert (env["A"], env.get("B")) == ("inner", None)
    inner.__exit__(None, None, None)
    assert env.get("A") is None


def test_an_override_reads_the_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the override and after it, so that a later test can name another file."""
    first = write(tmp_path / "first", "A=first\nFIRST=1\n")
    second = write(tmp_path / "second", "A=second\n")
    monkeypatch.setenv("ENV_PROPERTIES_FILE", first)
    with override():
        assert env["A"] == "first"
    monkeypatch.setenv("ENV_PROPERTIES_FILE", second)
    assert env["A"] == "second"
    assert "FIRST" not in env
    with override(ENV_PROPERTIES_FILE=first):
        assert (env["A"], dict(load())) == ("first", {"A": "first", "FIRST": "1"})
    assert env["A"] == "second"
    with override(ENV_PROPERTIES_FILE=None):
        assert dict(load()) == {}


def test_an_error_in_the_file_is_not_kept(tmp_path: Path) -> None:
    """A malformed file in one test does not spoil the next."""
    file = write(tmp_path / "file", "A=\\u12\n")
    with override(ENV_PROPERTIES_FILE=file), pytest.raises(MalformedFileError):
        env.int("A", 1)
    assert env.int("A", 1) == 1


def test_populate_uses_the_file_of_an_override(tmp_path: Path) -> None:
    """`populate` copies from the file that the override names."""
    with override(ENV_PROPERTIES_FILE=write(tmp_path / "file", "POPULATED_BY_A_TEST=1\n")):
        try:
            populate()
            assert os.environ["POPULATED_BY_A_TEST"] == "1"
        finally:
            os.environ.pop("POPULATED_BY_A_TEST", None)


def test_all_threads_see_an_override() -> None:
    """A handler may start threads."""
    values: list[str] = []
    with override(A="1"):
        thread = threading.Thread(target=lambda: values.append(env["A"]))
        thread.start()
        thread.join()
    assert values == ["1"]


def test_names_that_are_not_identifiers_can_be_overridden() -> None:
    """Names of any kind, also those of parameters, and those that only the file can hold."""
    values = {"a.b": "1", "self": "2", "values": "3", "": "4", "A=B": "5"}
    with override(**values):
        assert {name: env[name] for name in values} == values


@pytest.mark.parametrize("value", [8080, True, b"8080", ["8080"]])
def test_a_value_of_an_override_is_text(value: Any) -> None:
    """As variables are; the error names the variable and the type."""
    with pytest.raises(
        InvalidVariableError, match=r"^PORT cannot be overridden .* type "
    ) as raised:
        override(PORT=value)
    assert "8080" not in str(raised.value)


def test_an_override_shows_no_value() -> None:
    """Neither the object nor `env`."""
    overridden = override(A=SECRET)
    with overridden:
        assert "'A'" in repr(env)
        assert SECRET not in f"{overridden!r} {env!r} {copy.copy(env)!r}"
        assert SECRET.encode() not in pickle.dumps(env)


def test_errors_have_one_root_and_can_be_pickled() -> None:
    """One class catches what the typed part raises, also in another process."""
    assert issubclass(WrongTypeError, EnvPropertiesError)
    with override(A="x"), pytest.raises(WrongTypeError) as raised:
        env.int("A")
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


def test_an_unknown_attribute_is_an_ordinary_error() -> None:
    """`env` and the package have the attributes that they document and no others."""
    name = "string"
    for owner in (env, env_properties):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
            getattr(owner, name)
    assert not hasattr(env, "__name__")


PROGRAM = """
import sys
before = set(sys.modules)
import env_properties as e
e.env.get("A")
e.load()
first = set(sys.modules) - before
e.env.int("B"), e.env.float("B"), e.env.bool("B"), e.env.list("B"), e.require("B")
with e.override(B="2"):
    e.env.int("B")
second = set(sys.modules) - before - first
e.env.json("B")
print(sorted(first), sorted(second))
"""


def test_the_typed_part_is_imported_when_it_is_used() -> None:
    """The first use imports this one module; only JSON needs the library's json."""
    folder = str(Path(env_properties.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": folder, "B": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "['__future__', 'env_properties'] ['env_properties._typed']\n"


def test_the_package_may_be_inside_another_package(tmp_path: Path) -> None:
    """A copy in a folder of the app finds its own second file."""
    vendored = tmp_path / "app" / "env_properties"
    vendored.mkdir(parents=True)
    for name in ("__init__.py", "_typed.py"):
        (vendored / name).write_bytes(Path(env_properties.__file__).with_name(name).read_bytes())
    program = (
        "import sys; from app.env_properties import *; assert 'env_properties' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; print(env.int('B'), require('B'))"],
        cwd=tmp_path,
        env={**os.environ, "B": "1", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1 ('1',)\n", "")
