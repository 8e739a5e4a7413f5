"""Packaging a Node.js app of 11,700 files."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.benchmarks import inputs, peers
from tests.benchmarks.commands import PACKAGER
from tests.benchmarks.measure import Contender, alternately, missing
from tests.benchmarks.report import MB, Goal, Table

_SERVERLESS = """\
service: benchmark
frameworkVersion: '3'
provider:
  name: aws
  runtime: nodejs20.x
package:
  excludeDevDependencies: false
functions:
  hello:
    handler: index.handler
"""


def whole_commands(folder: Path, quick: bool) -> Table:
    """Measure programs that make a zip of the app."""
    app = inputs.node_app()
    output = folder / "package.zip"
    ours = Contender(
        "packager build",
        [*PACKAGER, "build", app, "-o", output],
        env=inputs.variables(),
        output=output,
    )
    zip_command: list[str | Path] = ["zip", "-rqX", output, "."]
    contenders = [ours, Contender("zip -rqX", zip_command, cwd=app, output=output)]
    left_out = missing("zip")
    contenders = [each for each in contenders if str(each.command[0]) not in left_out]
    measured = alternately(contenders, 3 if quick else 7)
    goals = [Goal("peak memory, MB", measured[ours.name].peak / MB, 150)]
    if zipped := measured.get("zip -rqX"):
        size = measured[ours.name].size or 0
        goals = [
            Goal("half of zip's time", measured[ours.name].seconds, zipped.seconds / 2),
            Goal("smaller than zip's, MB", size / MB, (zipped.size or 0) / MB),
            *goals,
        ]
    theirs = None if quick else peers.of_node("packagers")
    if theirs:
        # A separate run, because with these slow tools the others would wait a minute between
        # turns.
        slow = [peer(theirs, app, folder) for peer in (_serverless, _node_lambda, _claudia)]
        measured |= alternately(slow, 3)
    else:
        left_out += ["serverless 3 package", "node-lambda package", "claudia pack"]
    return Table(
        "zip of the Node.js app (11,700 files, 54 MB)",
        list(measured.values()),
        ours=ours.name,
        goals=goals,
        left_out=left_out,
    )


def _serverless(programs: Path, app: Path, folder: Path) -> Contender:
    copy = folder / "serverless"
    shutil.copytree(app, copy, symlinks=True)
    (copy / "serverless.yml").write_text(_SERVERLESS)
    return Contender(
        "serverless 3 package",
        [programs / ".bin" / "serverless", "package"],
        env={"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "CI": "1"},
        cwd=copy,
        output=copy / ".serverless" / "benchmark.zip",
    )


def _node_lambda(programs: Path, app: Path, folder: Path) -> Contender:
    packages = folder / "node-lambda"
    packages.mkdir()
    options: list[str | Path] = ["-D", app, "-A", packages, "-n", "benchmark", "-e", "test"]
    return Contender(
        "node-lambda package",
        [programs / ".bin" / "node-lambda", "package", *options],
        cwd=packages,
        output=packages / "benchmark-test.zip",
    )


def _claudia(programs: Path, app: Path, folder: Path) -> Contender:
    copy = folder / "claudia"
    shutil.copytree(app, copy, symlinks=True)
    output = folder / "claudia.zip"
    options: list[str | Path] = ["--use-local-dependencies", "--output", output]
    return Contender(
        "claudia pack",
        [programs / ".bin" / "claudia", "pack", *options],
        cwd=copy,
        output=output,
    )
