"""Deploys of a fat jar to an endpoint on this machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks import endpoint, inputs, peers
from tests.benchmarks.commands import PACKAGER
from tests.benchmarks.measure import Contender, Measured, alternately
from tests.benchmarks.report import MB, Goal, Table

_OURS, _UNCHANGED = "packager deploy", "packager deploy, unchanged"
_THEIRS = "aws lambda update-function-code"
_BOTO3 = "import boto3"


def fat_jar(_: Path, quick: bool) -> Table:
    """Measure a deploy of the fat jar; the packager adds the config, the AWS CLI does not."""
    jar = inputs.fat_jar()
    rounds = 3 if quick else 7
    with endpoint.running() as api:
        sending = [*_aws_cli(api, jar), _packager(api, jar, "--force")]
        boto3 = Contender(_BOTO3, [sys.executable, "-c", _BOTO3])
        measured = alternately([*sending, _packager(api, jar, name=_UNCHANGED), boto3], rounds)
        # Each command runs once more, before the rounds that count.
        by_unchanged = api.updates() - len(sending) * (rounds + 1)
    return Table(
        "deploy of the fat jar (40 MB) to a local endpoint",
        list(measured.values()),
        ours=_OURS,
        goals=[
            *_goals_beside_the_aws_cli(measured),
            Goal("three times import boto3", measured[_OURS].seconds, 3 * measured[_BOTO3].seconds),
            Goal(
                "unchanged: five thirds of import boto3",
                measured[_UNCHANGED].seconds,
                measured[_BOTO3].seconds * 5 / 3,
            ),
            Goal("peak memory, MB", measured[_OURS].peak / MB, 60),
            Goal("unchanged: packages sent", by_unchanged, 0),
        ],
        left_out=_left_out(measured),
    )


def largest(folder: Path, quick: bool) -> Table:
    """Measure a deploy of the largest package that Lambda accepts without S3."""
    package = inputs.incompressible_zip(folder / "largest.zip", 49 << 20)
    with endpoint.running() as api:
        contenders = [*_aws_cli(api, package), _packager(api, package, "--force")]
        measured = alternately(contenders, 3 if quick else 5)
    return Table(
        "deploy of a zip of 49 MB to a local endpoint",
        list(measured.values()),
        ours=_OURS,
        goals=[Goal("peak memory, MB", measured[_OURS].peak / MB, 350)],
        left_out=_left_out(measured),
    )


def _goals_beside_the_aws_cli(measured: Mapping[str, Measured]) -> list[Goal]:
    if _THEIRS not in measured:
        return []
    ours, theirs = measured[_OURS], measured[_THEIRS]
    return [
        Goal("faster than the AWS CLI", ours.seconds, theirs.seconds),
        Goal("no more peak memory than the AWS CLI, MB", ours.peak / MB, theirs.peak / MB),
    ]


def _left_out(measured: Mapping[str, Measured]) -> list[str]:
    return [] if _THEIRS in measured else [_THEIRS]


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


def _aws_cli(api: endpoint.Endpoint, archive: Path) -> list[Contender]:
    """Return the AWS CLI's deploy, or nothing if it cannot be installed."""
    if not (folder := peers.of_python()):
        return []
    update = ["lambda", "update-function-code", "--function-name", "benchmark"]
    command = [sys.executable, "-m", "awscli", *update, "--zip-file", f"fileb://{archive}"]
    return [
        Contender(
            _THEIRS, command, env=endpoint.aws_settings(api.url) | {"PYTHONPATH": str(folder)}
        )
    ]
