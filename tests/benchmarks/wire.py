"""What a deploy sends, and how long that takes on a line of 10 Mbit/s with a delay of 50 ms."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests import s3_stub
from tests.benchmarks import inputs, line
from tests.benchmarks.commands import PACKAGER
from tests.benchmarks.measure import Contender, Measured, median, run
from tests.benchmarks.report import MB, Goal, Table

_RATE = 10e6 / 8
_DELAY = 0.05 / 2  # Either way.

_CONFIG = "config var changed, by S3"


@dataclass(frozen=True)
class _Step:
    """A change, and how it is deployed."""

    name: str
    change: Callable[[], object]
    by_s3: bool = True


def node_app(folder: Path, quick: bool) -> Table:
    """Measure deploys of the Node.js app after different changes."""
    app = folder / "app"
    shutil.copytree(inputs.node_app(), app, symlinks=True)
    config = folder / "config.json"
    numbers = itertools.count()

    def append(path: Path) -> Callable[[], None]:
        def change() -> None:
            with path.open("a") as file:
                file.write(f"\n// {next(numbers)}\n")

        return change

    def change_config() -> None:
        inputs.json_file(config)
        config.write_text(config.read_text().replace("sslmode", f"changed={next(numbers)}&sslmode"))

    own = min(path for path in app.glob("*.*js"))
    dependency = app / "node_modules" / "lodash" / "lodash.js"
    change_config()
    with s3_stub.running() as stub, line.to(stub.url, rate=_RATE, delay=_DELAY) as slow:
        steps = [
            _Step("first deploy, by S3", stub.objects.clear),
            _Step(_CONFIG, change_config),
            _Step("file of the app changed, by S3", append(own)),
            _Step("lodash changed, by S3", append(dependency)),
            _Step("nothing changed, by S3", lambda: None),
            _Step("config var changed, sent directly", change_config, by_s3=False),
        ]
        runs: dict[str, list[Measured]] = {step.name: [] for step in steps}
        for _ in range(1 if quick else 3):
            for step in steps:
                step.change()
                env = stub.settings() | {"_AWS_ENDPOINT_URL": slow.url}
                if not step.by_s3:
                    del env["_LAMBDA_S3_BUCKET"]
                command: list[str | Path] = [*PACKAGER, "deploy", app, "--env-file", config]
                before = slow.sent
                measured = run(Contender(step.name, command, env=env))
                runs[step.name].append(replace(measured, size=slow.sent - before))
    rows = {name: median(measured) for name, measured in runs.items()}
    return Table(
        "deploy of the Node.js app on a line of 10 Mbit/s, 50 ms; output: what was sent",
        list(rows.values()),
        ours=_CONFIG,
        goals=[
            Goal("config var: sent, MB", (rows[_CONFIG].size or 0) / MB, 1.3),
            Goal(
                "file of the app: sent, MB",
                (rows["file of the app changed, by S3"].size or 0) / MB,
                1.3,
            ),
        ],
    )
