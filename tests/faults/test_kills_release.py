"""Signals at random moments of a release: every alias is the old or the new one."""

from __future__ import annotations

import random
import signal
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests import lambda_stub
from tests.faults import canaries, kills
from tests.faults.conftest import ALL
from tests.lambda_stub import Stub
from tests.proxy import proxying
from tests.service import REGION

RUNS = 12 if ALL else 1
LATER = 0.2  # maximum seconds between a request or its response and the signal
REQUESTS = ["update", "publish", "invoke", "move alias", "list aliases"]
NAMES = ("a", "b")


@pytest.mark.parametrize("number", kills.SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_any_request_of_a_release_leaves_each_alias_old_or_new(
    number: signal.Signals, jars: Path, tmp_path: Path
) -> None:
    """Two functions are released side by side; the next release makes both new."""
    moments = kills.moments("release", number)

    def attempt(run: int, moment: tuple[str, int, float, bool]) -> None:
        request, skip, later, after_response = moment
        temporary = tmp_path / str(run) / "temporary"
        temporary.mkdir(parents=True)
        started: Future[kills.Command] = Future()
        fault = kills.signal_at_a_request(started, number, later, after_response=after_response)
        with lambda_stub.running() as stub:
            for name in NAMES:
                stub.create_function(name)
            release(jars, stub, stub.url, temporary, "1").end()
            assert live(stub) == {"1"}
            with proxying(stub.url) as proxy:
                proxy.on(request, fault, times=1, skip=skip)
                process = release(jars, stub, proxy.url, temporary, "2")
                started.set_result(process)
                process.end()
            assert live(stub) <= {"1", "2"}
            if number == signal.SIGKILL:
                kills.age(temporary)
            else:
                # While Python exits, signals have their default effect again.
                assert process.returncode in (0, 128 + number, -number)
                assert [*temporary.iterdir()] == []
            again = release(jars, stub, stub.url, temporary, "2")
            again.end()
            assert again.returncode == 0
            assert [*temporary.iterdir()] == []
            assert live(stub) == {max(stub.functions[REGION, "a"].versions)}

    kills.attempt_at_each(
        attempt, [chosen(moments, request) for request in REQUESTS for _ in range(RUNS)]
    )


def chosen(moments: random.Random, request: str) -> tuple[str, int, float, bool]:
    """Choose the function, the delay, and whether the signal comes before or after the response."""
    return request, moments.randrange(2), moments.uniform(0, LATER), moments.random() < 0.5


def live(stub: Stub) -> set[str]:
    """Return the versions that the aliases point to."""
    return {stub.functions[REGION, name].aliases["live"].version for name in NAMES}


def release(jars: Path, stub: Stub, url: str, temporary: Path, value: str) -> kills.Command:
    """Start a release to both functions, with a config var of this value."""
    env = canaries.settings(url, " ".join(NAMES)) | {
        "A": value,
        "_LAMBDA_ALIAS": "live",
        "_LAMBDA_SMOKE_EVENT": "{}",
        "_LAMBDA_KEEP_VERSIONS": "2",
        "_LAMBDA_CHECKS": "off",  # the stub's functions are for Node.js, not for a jar
    }
    return kills.Command("deploy", jars, "--jar", "small.jar", env=env, temporary=temporary)
