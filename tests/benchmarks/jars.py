"""Adding `env.properties` to a fat jar."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.benchmarks import inputs
from tests.benchmarks.commands import PACKAGER, ROOT
from tests.benchmarks.measure import Contender, alternately, missing
from tests.benchmarks.report import Goal, Table


def within_a_process(folder: Path, quick: bool) -> Table:
    """Measure the work inside a process, without the start of a program."""
    jar = inputs.fat_jar()
    config = inputs.properties_file(folder / "env.properties")
    output = folder / "package.jar"

    def contender(name: str, way: str) -> Contender:
        program = [sys.executable, "-m", "tests.benchmarks.in_process", way]
        command: list[str | Path] = [*program, jar, output, config]
        return Contender(name, command, cwd=ROOT, output=output, prints_seconds=True)

    contenders = [
        contender("copy of the file", "copy"),
        contender("packager's archive", "inject"),
        contender("Python zipfile, append", "append"),
    ]
    measured = alternately(contenders, 7 if quick else 21)
    over = measured["packager's archive"].seconds - measured["copy of the file"].seconds
    return Table(
        "env.properties into the fat jar, within a process",
        list(measured.values()),
        ours="packager's archive",
        goals=[Goal("seconds over the copy of the file", over, 0.015)],
    )


def whole_commands(folder: Path, quick: bool) -> Table:
    """Measure whole commands. `jar` and `zip` change a copy in place; copying is not timed."""
    jar = inputs.fat_jar()
    config = inputs.properties_file(folder / "env.properties")
    output = folder / "package.jar"
    changed = folder / "changed.jar"

    def copy() -> None:
        shutil.copyfile(jar, changed)

    contenders = [
        Contender("cp", ["cp", jar, output], output=output),
        Contender(
            "packager build",
            [*PACKAGER, "build", jar.parent, "--jar", jar.name, "-o", output],
            env=inputs.variables(),
            output=output,
        ),
        Contender("zip", ["zip", "-q", changed, config.name], cwd=folder, before=copy),
        Contender("jar uf", ["jar", "uf", changed, config.name], cwd=folder, before=copy),
    ]
    left_out = missing("zip", "jar")
    contenders = [each for each in contenders if str(each.command[0]) not in left_out]
    measured = alternately(contenders, 3 if quick else 7)
    goals = []
    if "jar uf" in measured:
        limit = measured["jar uf"].seconds / 10
        goals = [Goal("a tenth of jar uf", measured["packager build"].seconds, limit)]
    return Table(
        "env.properties into the fat jar (40 MB, 22,947 entries), whole commands",
        list(measured.values()),
        ours="packager build",
        goals=goals,
        left_out=left_out,
    )
