"""Reading an `env.properties` of 60 variables, as a function does at a cold start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import inputs, peers
from tests.benchmarks.commands import ROOT
from tests.benchmarks.measure import Contender, alternately, missing
from tests.benchmarks.report import Goal, Table

_READER = "env-properties"


def python(folder: Path, quick: bool) -> Table:
    """Measure import and load in Python."""
    file = inputs.properties_file(folder / "env.properties")
    json_file = inputs.json_file(folder / "env.json")
    theirs = peers.of_python()
    path = os.pathsep.join(map(str, filter(None, [ROOT / "sdk_python", theirs])))

    def contender(name: str, program: str, read: Path | None = None) -> Contender:
        arguments = [] if read is None else [read]
        command: list[str | Path] = [sys.executable, "-c", f"import sys; {program}", *arguments]
        return Contender(name, command, env={"PYTHONPATH": path})

    contenders = [
        contender("python, bare", "pass"),
        contender(_READER, "import env_properties; env_properties.load(sys.argv[1])", file),
        contender("json", "import json; json.load(open(sys.argv[1]))", json_file),
    ]
    others = [
        contender("python-dotenv", "import dotenv; dotenv.dotenv_values(sys.argv[1])", file),
        contender(
            "javaproperties",
            "import javaproperties; javaproperties.load(open(sys.argv[1], 'rb'))",
            file,
        ),
    ]
    return _over_bare(
        "Python reader, import and load", contenders, others, theirs, 0.003, 15 if quick else 51
    )


def node(folder: Path, quick: bool) -> Table:
    """Measure require and load in Node.js, in a program in a file, like a function."""
    if left_out := missing("node"):
        return _not_measured("Node.js reader", left_out)
    file = inputs.properties_file(folder / "env.properties")
    theirs = peers.of_node("readers")
    reader = ROOT / "sdk_node"

    def contender(name: str, program: str) -> Contender:
        script = folder / f"{name}.js"
        script.write_text(program)
        return Contender(name, ["node", script, file], env={"NODE_PATH": str(theirs or "")})

    (folder / "empty.js").touch()
    contenders = [
        contender("node, bare", ""),
        contender("empty module", f"require({str(folder / 'empty.js')!r})"),
        contender(_READER, f"require({str(reader)!r}).load(process.argv[2])"),
    ]
    others = [
        contender("dotenv", "require('dotenv').config({path: process.argv[2], quiet: true})"),
        contender("properties-reader", "require('properties-reader')(process.argv[2])"),
    ]
    return _over_bare(
        "Node.js reader, require and load", contenders, others, theirs, 0.0015, 51 if quick else 151
    )


def java_class_path(folder: Path, quick: bool) -> Table:
    """Measure the first load in a new JVM from the class path, where Lambda has the file."""
    return _java(folder, "the class path", "class path", {}, quick)


def java_path(folder: Path, quick: bool) -> Table:
    """Measure the first load in a new JVM from the path in ENV_PROPERTIES_FILE."""
    file = str(folder / "env.properties")
    return _java(folder, "a path", "path", {"ENV_PROPERTIES_FILE": file}, quick)


def _java(folder: Path, place: str, way: str, named: dict[str, str], quick: bool) -> Table:
    """Measure with the JVM's own clock, without its start."""
    if left_out := missing("java", "javac"):
        return _not_measured(f"Java reader, {place}", left_out)
    file = inputs.properties_file(folder / "env.properties")
    sources = (ROOT / "sdk_java" / "src" / "main" / "java").rglob("*.java")
    program = Path(__file__).with_name("FirstLoad.java")
    # The reader is released for Java 8. For newer targets, javac joins strings with code that is
    # generated at run time.
    compile_command: list[str | Path] = ["javac", "--release", "8", "-Xlint:-options", "-d", folder]
    subprocess.run([*compile_command, program, *sources], check=True)

    def contender(name: str, way: str) -> Contender:
        command: list[str | Path] = ["java", "-cp", folder, "FirstLoad", way, file]
        return Contender(name, command, env=named, prints_seconds=True)

    jdk = "Properties.load"
    contenders = [contender(_READER, "reader"), contender(jdk, way)]
    measured = alternately(contenders, 51 if quick else 101)
    limit = 1.2 * measured[jdk].seconds
    return Table(
        f"Java reader, first load from {place}, within a process",
        list(measured.values()),
        ours=_READER,
        goals=[Goal(f"1.2 times {jdk}", measured[_READER].seconds, limit)],
    )


def _over_bare(
    title: str,
    contenders: list[Contender],
    others: list[Contender],
    theirs: Path | None,
    limit: float,
    rounds: int,
) -> Table:
    """Measure `contenders`, and the `others` if the folder `theirs` with their packages exists."""
    measured = alternately([*contenders, *others] if theirs else contenders, rounds)
    bare = contenders[0].name
    over = measured[_READER].seconds - measured[bare].seconds
    return Table(
        f"{title}: over the bare process",
        list(measured.values()),
        ours=_READER,
        over=bare,
        goals=[Goal("seconds over the bare process", over, limit)],
        left_out=[] if theirs else [other.name for other in others],
    )


def _not_measured(title: str, left_out: list[str]) -> Table:
    return Table(title, [], ours="", left_out=left_out)
