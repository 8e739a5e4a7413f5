"""Signals while S3 assembles a package: the output reports any config that stays in the bucket."""

from __future__ import annotations

import os
import signal
import threading
import time
import zipfile
from pathlib import Path

import pytest

from tests.faults import canaries, kills
from tests.faults.conftest import ALL
from tests.s3_stub import FIRST_DEPLOY, Request, Stub


@pytest.fixture(scope="module")
def app_with_a_jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a jar whose entries S3 can copy."""
    folder = tmp_path_factory.mktemp("app")
    with zipfile.ZipFile(folder / "some.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        jar.writestr("Some.class", os.urandom(6 << 20))
    return folder


# SIGKILL leaves a package only at the calls where it is complete.
MOMENTS = [
    (number, call)
    for number in (kills.SIGNALS if ALL else [signal.SIGTERM, signal.SIGKILL])
    for call in FIRST_DEPLOY
    if ALL or (number == signal.SIGKILL) == (call in FIRST_DEPLOY[-2:])
]


@pytest.mark.parametrize("after_response", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("number", "call"), MOMENTS, ids=str)
def test_a_signal_between_two_requests_leaves_no_unreported_config(
    number: signal.Signals,
    call: str,
    after_response: bool,
    s3: Stub,
    app_with_a_jar: Path,
    tmp_path: Path,
) -> None:
    """SIGKILL leaves no time for a message, so earlier output names the folder in the bucket."""
    started = threading.Event()

    def send_signal(request: Request) -> None:
        if request.call == call and not process_ended():
            started.wait(kills.PATIENCE)
            process.send_signal(number)
            if number == signal.SIGKILL:
                process.wait(kills.PATIENCE)
            else:
                time.sleep(0.2)  # lets the signal arrive before the response

    def process_ended() -> bool:
        return started.is_set() and process.poll() is not None

    if after_response:
        s3.after = send_signal
    else:
        s3.before = send_signal
    process = kills.Command(
        *("deploy", app_with_a_jar, "--jar", "some.jar", "--s3-bucket", "bucket"),
        env=canaries.settings(s3.url, "stubbed"),
        temporary=tmp_path,
    )
    started.set()
    shown = process.end()
    assert process.returncode in (0, 128 + number, -number)
    left = {*s3.holding(b"env.properties"), *(one.key for one in s3.uploads.values())}
    if number == signal.SIGKILL:
        assert all(key.startswith("stubbed/") for key in left)
        assert "s3://bucket/stubbed/" in shown
    else:
        assert not left or all(f"s3://bucket/{key}" in shown for key in left)
        assert not left or "may be left" in shown
        assert [*tmp_path.iterdir()] == []
