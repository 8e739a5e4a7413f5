"""Signals while uv installs a Python app's dependencies: no part of the installation remains."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults import kills
from tests.faults.conftest import ALL
from tests.faults.wheels import wheel
from tests.trees import plant

RUNS = 30 if ALL else 2
MODULES = 300
LONGEST = 1.5  # seconds; about as long as a run takes


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of a package `dep`, large enough to take a while to install."""
    return wheel(tmp_path_factory.mktemp("wheels"), modules=MODULES).parent


def installing(cache: Path, wheels: Path) -> Mapping[str, str]:
    """Return settings for uv to install only from `wheels`, and for the packager's `cache`."""
    return {"XDG_CACHE_HOME": str(cache), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}


@pytest.mark.parametrize("number", kills.SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_any_moment_of_an_installation_leaves_nothing_half_done(
    number: signal.Signals, wheels: Path, tmp_path: Path
) -> None:
    """After SIGKILL, the next run removes files; no entry of the cache is ever incomplete."""
    moments = kills.moments("python", number)
    app = plant(tmp_path / "app", {"requirements.txt": b"dep\n", "lambda_function.py": b""})

    def attempt(run: int, after: float) -> None:
        folder = tmp_path / str(run)
        temporary, cache, output = folder / "temporary", folder / "cache", folder / "out.zip"
        made = cache / "heroku-lambda-packager" / "wheels"
        temporary.mkdir(parents=True)
        arguments = ("build", app, "-o", output, "--runtime", "python3.13")
        env = installing(cache, wheels)
        process = kills.Command(*arguments, env=env, temporary=temporary)
        process.signal_after(after, number)
        if number == signal.SIGKILL:
            kills.end_orphans(folder)
            kills.age(temporary, made)
            again = kills.Command(*arguments, env=env, temporary=temporary)
            shown = again.end()
            assert again.returncode == 0, shown
        kills.assert_none_running(folder)
        assert [*temporary.iterdir()] == []
        assert {path.name for path in folder.iterdir()} <= {"temporary", "cache", "out.zip"}
        entries = [kept for kept in made.glob("*") if kept.is_dir()]
        assert all(len([*kept.glob("dep/module_*.py")]) == MODULES for kept in entries)
        if output.exists():
            assert kills.is_complete(output.read_bytes())

    kills.attempt_at_each(attempt, [moments.uniform(0, LONGEST) for _ in range(RUNS)])
