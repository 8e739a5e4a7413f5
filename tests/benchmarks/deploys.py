"""Deploying a fat jar to an endpoint on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks import endpoint, inputs, peers
from tests.benchmarks.commands import PACKAGER
from tests.benchmarks.measure import Contender, alternately
from tests.benchmarks.report import MB, Goal, Table

_OURS, _THEIRS = "packager deploy", "aws lambda update-function-code"


def fat_jar(_: Path, quick: bool) -> Table:
    """Measure a deploy of the fat jar; ours puts the config in, the AWS CLI sends what is there."""
    jar = inputs.fat_jar()
    with endpoint.running() as api:
        contenders = [_packager(api, jar, "--force"), _aws_cli(api, jar)]
        measured = alternately(contenders, 3 if quick else 7)
        unchanged = alternately([_packager(api, jar, name="packager deploy, unchanged")], 3)
    ours, theirs = measured[_OURS], measured[_THEIRS]
    return Table(
        "deploy of the fat jar (40 MB) to a local endpoint",
        [*measured.values(), *unchanged.values()],
        ours=_OURS,
        goals=[
            Goal("faster than the AWS CLI", ours.seconds, theirs.seconds),
            Goal("no more peak memory than the AWS CLI, MB", ours.peak / MB, theirs.peak / MB),
            *(Goal("unchanged: seconds", row.seconds, 1.0) for row in unchanged.values()),
        ],
    )


def largest(folder: Path, quick: bool) -> Table:
    """Measure a deploy of the largest package that Lambda takes without S3."""
    package = inputs.incompressible_zip(folder / "largest.zip", 49 << 20)
    with endpoint.running() as api:
        contenders = [_packager(api, package, "--force"), _aws_cli(api, package)]
        measured = alternately(contenders, 1 if quick else 3)
    return Table(
        "deploy of a zip of 49 MB to a local endpoint",
        list(measured.values()),
        ours=_OURS,
        goals=[Goal("peak memory, MB", measured[_OURS].peak / MB, 350)],
    )


def _packager(api: endpoint.Endpoint, archive: Path, *options: str, name: str = _OURS) -> Contender:
    option = "--jar" if archive.suffix == ".jar" else "--zip"
    command: list[str | Path] = [
        *PACKAGER,
        "deploy",
        archive.parent,
        option,
        archive.name,
        *options,
    ]
    return Contender(name, command, env=inputs.variables() | api.settings())


def _aws_cli(api: endpoint.Endpoint, archive: Path) -> Contender:
    update = ["lambda", "update-function-code", "--function-name", "benchmark"]
    command = [sys.executable, "-m", "awscli", *update, "--zip-file", f"fileb://{archive}"]
    return Contender(
        _THEIRS, command, env=api.aws_settings() | {"PYTHONPATH": str(peers.of_python())}
    )
