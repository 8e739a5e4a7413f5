"""`env.properties` for functions that read it with the npm package `properties-reader`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from packager.config.properties import Dialect, changed_by_properties_reader, dumps
from packager.config.properties_reader import inexact
from tests.conftest import requires
from tests.npm import installed

READ = """
const module_ = require('properties-reader');
const file = process.argv[1];
const open = module_.propertiesReader;
const reader = open ? open({sourceFile: file}) : module_(file);
const each = {};
reader.each((name, value) => { each[name] = value });
const at = (object, part) => object === undefined ? undefined : object[part];
const path = name => name.split('.').reduce(at, reader.path());
const is = (got, value) => got !== null && String(got) === value;
const agree = (name, value) => is(reader.get(name), value) && reader.getRaw(name) === value
  && each[name] === value && path(name) === value;
const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(Object.keys(given).filter(name => agree(name, given[name]))));
"""

EXACT = [
    *("plain", "postgres://u:p@host:5432/db?a=b#c!", "# ! = :", "=x", "#x", "!x", ":x", "[x]"),
    *('"quoted"', "'quoted'", "it's", "$HOME ${A}", r"^\d+$", r"\\host\share", r"C:\x", "\\"),
    *("Grüße", "日本", "😀", "a\tb", '{"a": 1}', "true", "false", "1", "-7", "1.5", "0", "12345"),
    *("NaN", "Infinity", "-Infinity", "1_000", "TRUE", "a b", "key=value=x", "0x", "1.2.3"),
    "+49 30",
]
INEXACT = [
    *("", " lead", "trail ", "\u00a0x", "x\ufeff", "two\nlines", "a\rb", "a\r\nb", "a\u2028b"),
    *(r"a\nb", r"C:\temp", r"\r", "007", "1.0", "1e3", "0x10", "+5", ".5", "5.", "-0", "1e400"),
    *("12345678901234567890", "0.0000001", "null", "undefined", "0b1", "+Infinity", "1.50"),
]
VERSIONS = ["0.0.13", "0.0.15", "2.3.0", "3.0.1"]


def read_exactly(
    version: str, variables: dict[str, str], folder: Path, dialect: Dialect = "properties-reader"
) -> list[str]:
    """Run the package; return the names of the variables on which all ways to read agree."""
    file = folder / "env.properties"
    file.write_bytes(dumps(variables, dialect))
    run = subprocess.run(
        ["node", "-e", READ, file],
        cwd=installed(f"properties-reader-{version}"),
        input=json.dumps(variables),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)  # type: ignore[no-any-return]


@requires("node", "npm")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("dialect", ["properties-reader", "java"])
def test_each_value_arrives_exactly_or_is_named(
    dialect: Dialect, version: str, tmp_path: Path
) -> None:
    """Also in a file in Java's format, which an app with both readers gets."""
    variables = {f"V{number}": value for number, value in enumerate([*EXACT, *INEXACT])}
    variables |= {"__proto__": "x", "a.b": "x", "#a": "x", "a b ": "x"}
    exact = read_exactly(version, variables, tmp_path, dialect)
    missing = {name: value for name, value in variables.items() if name not in exact}
    assert set(missing) <= set(changed_by_properties_reader(variables, dialect)), missing
    assert sorted(missing) == changed_by_properties_reader(variables, dialect, version)


# Lines with these names would change the variables `a` and `b`, or all of them.
MISLEADING = {
    **dict.fromkeys(["a.x", "a.y.z", "a=b", "a#b", "a;b", "b ", " b", "\ufeffb"], "x"),
    **dict.fromkeys(["hasOwnProperty", "__proto__", "b.__proto__.c", "toString.a", "[b"], "x"),
    "constructor.prototype.each": "x",
}


@requires("node", "npm")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_name_that_the_package_misreads_changes_no_other_variable(
    version: str, tmp_path: Path
) -> None:
    """A name with dots is read exactly, unless its first part is a variable, too."""
    variables = {"a": "1", "b": "2", "c.d.e": "3", "c.d.f": "4", "c.1": "5"} | MISLEADING
    exact = read_exactly(version, variables, tmp_path)
    assert exact == ["a", "b", "c.d.e", "c.d.f", "c.1"]
    assert inexact(variables, version) == sorted(MISLEADING)


@pytest.mark.parametrize("value", EXACT)
def test_a_value_that_all_versions_read_exactly_is_not_named(value: str) -> None:
    assert inexact({"A": value}, "") == []


@pytest.mark.parametrize("value", INEXACT)
def test_a_value_that_some_version_changes_is_named(value: str) -> None:
    assert inexact({"A": value}, "") == ["A"]
