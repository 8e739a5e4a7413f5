"""The bytes and the time of a deploy on a line of 10 Mbit/s with 50 ms there and back."""

from __future__ import annotations

import contextlib
import itertools
import queue
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests import s3_stub
from tests.benchmarks import inputs, line, peers, sam
from tests.benchmarks.commands import PACKAGER
from tests.benchmarks.endpoint import aws_settings
from tests.benchmarks.measure import Contender, Measured, bare_environment, median, run
from tests.benchmarks.report import MB, Goal, Table

_ON_THE_LINE = "10 Mbit/s, 50 ms"
_CONFIG, _APP, _NOTHING = "a config var", "a file of the app", "nothing changed"
_SAVED = "packager watch, save to Lambda has it"

_Change = Callable[[], object]


@dataclass
class _Bench:
    """A service at the far end of a slow line, and the app that is deployed to it."""

    folder: Path
    app: Path
    stub: s3_stub.Stub
    line: line.Line
    options: Sequence[str] = ()
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def config(self) -> Path:
        """Return the file with the variables."""
        return self.folder / "config.json"

    def change_config(self) -> None:
        """Change the value of one variable."""
        text = inputs.json_file(self.config).read_text()
        self.config.write_text(text.replace("sslmode", f"changed={next(self.numbers)}&sslmode", 1))

    def forget(self) -> None:
        """Empty the bucket and the function."""
        self.stub.objects.clear()
        self.stub.code = b""

    def append_to(self, path: Path) -> _Change:
        """Return a function that changes a JavaScript file."""

        def change() -> None:
            with path.open("a") as file:
                file.write(f"\n// {next(self.numbers)}\n")

        return change

    def deploy(self, name: str, *, by_s3: bool = True) -> Contender:
        """Return the packager's deploy."""
        command: list[str | Path] = [
            *PACKAGER,
            "deploy",
            self.app,
            "--env-file",
            self.config,
            *self.options,
        ]
        return Contender(name, command, env=self._settings(by_s3))

    def aws_cli(self, package: Path) -> list[tuple[Contender, _Change]]:
        """Return the AWS CLI's two ways to send a package that is already built."""
        theirs = peers.of_python()
        if theirs is None:
            return []
        aws = f"{sys.executable} -m awscli"
        update = f"{aws} lambda update-function-code --function-name benchmark"
        key = "--s3-bucket bucket --s3-key package.zip"
        copy = f"{aws} s3 cp {package} s3://bucket/package.zip"
        commands = {
            "aws lambda update-function-code": f"{update} --zip-file fileb://{package}",
            "aws s3 cp, update-function-code": f"{copy} && {update} {key}",
        }
        env = aws_settings(self.line.url) | {"PYTHONPATH": str(theirs)}
        return [
            (Contender(name, ["sh", "-c", command], env=env), _no_change)
            for name, command in commands.items()
        ]

    def prepare(self) -> None:
        """Deploy at full speed, so that the bucket contains everything that will not change."""
        with self.line.fast():
            run(self.deploy("prepare"))

    def build(self) -> Path:
        """Build the package for tools that only send it."""
        package = self.folder / "package.zip"
        options: list[str | Path] = [*self.options, "--env-file", self.config, "-o", package]
        run(Contender("build", [*PACKAGER, "build", self.app, *options]))
        return package

    def measure(self, contender: Contender, change: _Change, rounds: int = 1) -> Measured:
        """Run a contender after each change; the size is the number of bytes sent."""
        runs = []
        for _ in range(rounds):
            change()
            before = self.line.sent
            done = run(contender)
            runs.append(replace(done, size=self.line.sent - before))
        return median(runs)

    @contextlib.contextmanager
    def watching(self) -> Iterator[queue.SimpleQueue[float]]:
        """Watch the app; yield the times when Lambda has received a package."""
        times: queue.SimpleQueue[float] = queue.SimpleQueue()

        def record(request: s3_stub.Request) -> None:
            if request.call == "UpdateFunctionCode":
                times.put(time.monotonic())

        self.stub.after = record
        process = subprocess.Popen(
            [*PACKAGER, "watch", self.app, "--env-file", self.config],
            env=bare_environment() | self._settings(by_s3=True),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield times
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()

    def _settings(self, by_s3: bool) -> dict[str, str]:
        settings = self.stub.settings() | {"_AWS_ENDPOINT_URL": self.line.url}
        return settings if by_s3 else settings | {"_LAMBDA_S3_BUCKET": ""}


@contextlib.contextmanager
def _bench(folder: Path, app: Path, *options: str) -> Iterator[_Bench]:
    with s3_stub.running() as stub, line.to(stub.url) as slow:
        bench = _Bench(folder, app, stub, slow, options)
        bench.change_config()
        yield bench


def _no_change() -> None:
    """Change nothing."""


def node_app(folder: Path, quick: bool) -> Table:
    """Measure deploys of the Node.js app after different changes; `quick` skips the large ones."""
    app = folder / "app"
    shutil.copytree(inputs.node_app(), app, symlinks=True)
    with _bench(folder, app) as bench:
        own = bench.append_to(app / "index.js")
        dependency = bench.append_to(app / "node_modules" / "lodash" / "lodash.js")
        bench.prepare()
        rows = [
            bench.measure(bench.deploy(_CONFIG), bench.change_config, 3),
            bench.measure(bench.deploy(_APP), own, 3),
            bench.measure(bench.deploy(_NOTHING), _no_change, 3),
        ]
        if not quick:
            rows += [
                bench.measure(bench.deploy("a dependency (lodash)"), dependency),
                bench.measure(bench.deploy("first deploy"), bench.forget),
                bench.measure(bench.deploy("directly", by_s3=False), bench.change_config),
                *(bench.measure(*peer) for peer in bench.aws_cli(bench.build())),
            ]
            rows += filter(None, [sam.sync(folder, app)])
    return _table(f"bytes on the wire: the Node.js app ({_ON_THE_LINE})", rows, 1.3)


def fat_jar(folder: Path, quick: bool) -> Table:
    """Measure deploys of the fat jar."""
    jar = inputs.fat_jar()
    with _bench(folder, jar.parent, "--jar", jar.name) as bench:
        bench.prepare()
        rows = [
            bench.measure(bench.deploy(_CONFIG), bench.change_config, 3),
            bench.measure(bench.deploy(_NOTHING), _no_change, 3),
        ]
        if not quick:
            rows += [
                bench.measure(bench.deploy("first deploy"), bench.forget),
                bench.measure(bench.deploy("directly", by_s3=False), bench.change_config),
                *(bench.measure(*peer) for peer in bench.aws_cli(bench.build())),
            ]
    return _table(f"bytes on the wire: the fat jar ({_ON_THE_LINE})", rows, 3.0)


def saved(folder: Path, quick: bool) -> Table:
    """Measure the time from a save until Lambda has the package, with `packager watch`."""
    app = folder / "app"
    shutil.copytree(inputs.node_app(), app, symlinks=True)
    with _bench(folder, app) as bench:
        save = bench.append_to(app / "index.js")
        bench.prepare()
        save()
        seconds, sizes = [], []
        with bench.watching() as times:
            times.get()
            for _ in range(3 if quick else 7):
                time.sleep(3)
                before, start = bench.line.sent, time.monotonic()
                save()
                seconds.append(times.get() - start)
                sizes.append(bench.line.sent - before)
    row = Measured(_SAVED, sorted(seconds)[len(seconds) // 2], 0, max(sizes))
    goals = [
        Goal("save to Lambda has it, seconds", row.seconds, 2.0),
        Goal("sent, MB", (row.size or 0) / MB, 1.3),
    ]
    title = f"a file of the Node.js app saved ({_ON_THE_LINE})"
    return Table(title, [row], ours=_SAVED, goals=goals, sizes="sent")


def _table(title: str, rows: list[Measured], limit: float) -> Table:
    sent = {row.name: (row.size or 0) / MB for row in rows}
    goals = [
        Goal(f"{name}: sent, MB", sent[name], limit) for name in (_CONFIG, _APP) if name in sent
    ]
    goals.append(Goal(f"{_NOTHING}: sent, MB", sent[_NOTHING], 0.01))
    return Table(title, rows, ours=_CONFIG, goals=goals, sizes="sent")
