"""Measurements as tables for people and as JSON for programs."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.benchmarks.measure import Measured

MB = 1e6


@dataclass(frozen=True)
class Goal:
    """A goal: a measured value of at most `limit`."""

    text: str
    measured: float
    limit: float

    @property
    def reached(self) -> bool:
        """Return whether the goal was reached."""
        return self.measured <= self.limit


@dataclass(frozen=True)
class Table:
    """Commands that took turns in one run; ratios refer to the row called `ours`.

    `over` names the row of a process that does nothing, whose seconds are subtracted from the
    others. `sizes` names what the rows' sizes are: of an output, or of what was sent.
    """

    title: str
    rows: list[Measured]
    ours: str
    over: str | None = None
    goals: list[Goal] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    sizes: str = "output"

    def seconds(self, name: str) -> float:
        """Return a row's seconds as shown."""
        found = {row.name: row.seconds for row in self.rows}
        return found[name] - (found[self.over] if self.over and name != self.over else 0.0)

    def ratio(self, name: str) -> float | None:
        """Return a row's seconds as a multiple of ours; None for the process that does nothing."""
        return None if name == self.over else self.seconds(name) / self.seconds(self.ours)


def machine() -> dict[str, str | int | None]:
    """Describe this machine."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def as_json(tables: Iterable[Table]) -> list[dict[str, object]]:
    """Return all tables as JSON values."""
    return [
        {
            "title": table.title,
            "over": table.over,
            "rows": [
                dataclasses.asdict(row) | {"ratio": table.ratio(row.name)} for row in table.rows
            ],
            "goals": [dataclasses.asdict(goal) | {"reached": goal.reached} for goal in table.goals],
            "left_out": table.left_out,
        }
        for table in tables
    ]


def as_text(table: Table) -> str:
    """Format a table as columns."""
    width = max((len(row.name) for row in table.rows), default=0)
    unit = "seconds" if table.over is None else "seconds over"
    lines = [table.title, f"  {'':{width}}  {unit:>12}  x ours  peak MB  {table.sizes:>6} MB"]
    for row in table.rows:
        ratio = table.ratio(row.name)
        seconds = f"{table.seconds(row.name):.4f}"
        lines.append(
            f"  {row.name:{width}}  {f'({seconds})' if ratio is None else seconds:>12}"
            f"  {'' if ratio is None else f'{ratio:.2f}':>6}"
            f"  {row.peak / MB:7.0f}  {f'{row.size / MB:.2f}' if row.size else '':>9}".rstrip()
        )
    for goal in table.goals:
        mark = "reached" if goal.reached else "MISSED"
        lines.append(f"  {mark}: {goal.text}: {goal.measured:.4g} of {goal.limit:.4g}")
    lines += [f"  left out: {name}" for name in table.left_out]
    return "\n".join(lines)
