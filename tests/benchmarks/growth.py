"""How the cost of `packager build` grows with the package, its files and the variables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import inputs
from tests.benchmarks.commands import PACKAGER
from tests.benchmarks.measure import Contender, Measured, alternately

_SHARES = (1 / 16, 1 / 4, 1.0)
_COUNTS = (60, 600, 6000)


@dataclass(frozen=True)
class Series:
    """Measurements at several sizes, in the unit that the title names."""

    title: str
    points: list[tuple[float, Measured]]


def series(folder: Path, quick: bool) -> Iterable[Series]:
    """Measure each of three inputs at three sizes."""
    rounds = 3 if quick else 7
    jar, app = inputs.fat_jar(), inputs.node_app()
    jars = [inputs.part_of_jar(jar, folder / f"{n}.jar", n) for n in _SHARES]
    sizes = [path.stat().st_size / 1e6 for path in jars]
    yield _measured("size of the jar, MB", sizes, [_of_jar(each) for each in jars], rounds)
    apps = [inputs.part_of_app(app, folder / f"app-{n}", n) for n in _SHARES]
    files = [float(sum(path.is_file() for path in each.rglob("*"))) for each in apps]
    builds = [_build(each.name, each, "-o", folder / "app.zip") for each in apps]
    yield _measured("files of the Node.js app", files, builds, rounds)
    configs = [inputs.json_file(folder / f"{n}.json", n) for n in _COUNTS]
    with_config = [_of_jar(jars[0], "--env-file", each) for each in configs]
    yield _measured("variables", list(map(float, _COUNTS)), with_config, rounds)


def _of_jar(jar: Path, *options: str | Path) -> Contender:
    output = jar.with_suffix(".out")
    name = f"{jar.name} {' '.join(map(str, options))}"
    return _build(name, jar.parent, "--jar", jar.name, *options, "-o", output)


def _build(name: str, app: Path, *options: str | Path) -> Contender:
    command: list[str | Path] = [*PACKAGER, "build", app, *options]
    return Contender(name, command, env=inputs.variables(), output=Path(options[-1]))


def _measured(title: str, sizes: list[float], contenders: list[Contender], rounds: int) -> Series:
    measured = alternately(contenders, rounds)
    return Series(title, list(zip(sizes, measured.values(), strict=True)))


def as_json(lines: Iterable[Series]) -> list[dict[str, object]]:
    """Return all measurements as JSON values."""
    return [
        {
            "by": line.title,
            "points": [
                {"at": size, "seconds": measured.seconds, "peak": measured.peak}
                for size, measured in line.points
            ],
        }
        for line in lines
    ]


def as_text(line: Series) -> str:
    """Format a series as columns."""
    rows = [f"  {size:12.0f}  {m.seconds:7.3f}  {m.peak / 1e6:7.0f}" for size, m in line.points]
    head = f"packager build, by {line.title}"
    return "\n".join([head, f"  {'':12}  seconds  peak MB", *rows])
