"""A handler on this machine runs as its function is configured in AWS, where that may be read."""

from __future__ import annotations

import dataclasses
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from packager.config.inputs import Config
from packager.config.setting_values import FunctionReference
from packager.config.settings import Credentials, Settings
from packager.errors import DeployError
from packager.progress import Event, Note, Progress
from packager.release import configuration_in_aws
from packager.release.deploy import deploy
from packager.release.function_release import Options
from packager.release.target import LocalRun, on_this_machine
from tests import lambda_stub
from tests.service import KEY_ID, REGION, SECRET_KEY, Service
from tests.trees import plant

MODULE = """
import os, time

def lambda_handler(event, context):
    time.sleep(event.get("sleep", 0))
    seconds = context.get_remaining_time_in_millis() / 1000
    return ["lambda_handler", context.memory_limit_in_mb, os.environ["AWS_REGION"], round(seconds)]

def other(event, context):
    return ["other", *lambda_handler(event, context)[1:]]
"""


@pytest.fixture
def reporting_app(tmp_path: Path) -> Path:
    """An app whose handlers return the configuration with which they run."""
    return plant(tmp_path / "app", {"lambda_function.py": MODULE})


def settings(url: str, function: str) -> Settings:
    reference = FunctionReference(function, function, REGION)
    key = Credentials(KEY_ID, SECRET_KEY)
    return Settings(functions=(reference,), region=REGION, credentials=key, endpoint_url=url)


def response_and_notes(
    app: Path, settings: Settings, how: LocalRun | None = None, times: int = 1
) -> tuple[list[Any], list[str]]:
    """Run the handler; return its last response, and the notes of all runs."""
    events: list[Event] = []
    progress = Progress(events.append)
    config = Config(settings, {"OURS": "canary"})
    response = ""
    with on_this_machine(config, app, how or LocalRun(), 60) as target:
        for number in range(times):
            folder = plant(app.parent / f"run{number}", {})
            release = deploy(app, target, folder, progress, Options())
            assert target.run
            response = target.run(folder, release.package.code_sha256, progress)
    notes = [event.text for event in events if isinstance(event, Note) and not event.detail]
    return json.loads(response), notes


@pytest.fixture
def configured(service: Service, function: str) -> Settings:
    service.client("lambda").update_function_configuration(
        FunctionName=function,
        Handler="lambda_function.other",
        Timeout=7,
        MemorySize=512,
        Environment={"Variables": {"OURS": "x", "THEIRS": "canary", "SECRET": "canary"}},
    )
    return settings(service.url, function)


def test_the_functions_handler_memory_time_out_and_region_are_used(
    reporting_app: Path, configured: Settings
) -> None:
    """Variables that it has and the run lacks are named once; their values are not shown."""
    response, notes = response_and_notes(reporting_app, configured, times=2)
    assert response[:3] == ["other", "512", REGION]
    assert 5 <= response[3] <= 7
    assert notes == ["In AWS the function also has these variables of its own: SECRET, THEIRS."]


def test_settings_and_options_come_before_the_functions_configuration(
    reporting_app: Path, configured: Settings
) -> None:
    own = dataclasses.replace(configured, handler="lambda_function.lambda_handler")
    response, _ = response_and_notes(reporting_app, own, LocalRun(seconds=40))
    assert response[0] == "lambda_handler"
    assert response[3] > 30


def test_a_handler_that_runs_longer_than_the_function_may_is_stopped(
    reporting_app: Path, service: Service, function: str, configured: Settings
) -> None:
    service.client("lambda").update_function_configuration(FunctionName=function, Timeout=1)
    with pytest.raises(DeployError, match="did not return within 1 s"):
        response_and_notes(reporting_app, configured, LocalRun('{"sleep": 30}'))


@pytest.mark.parametrize("how", ["denied", "unreachable", "silent", "unknown"])
def test_without_the_functions_configuration_the_handler_runs_with_defaults(
    how: str, reporting_app: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One short note says why, and nothing is waited for."""
    monkeypatch.setattr(configuration_in_aws, "_SECONDS", 0.5 if how == "silent" else 30.0)
    with lambda_stub.running() as stub, socket.socket() as other:
        stub.create_function("hello")
        stub.statements = []
        other.bind(("127.0.0.1", 0))
        if how == "silent":
            other.listen()
        port = other.getsockname()[1]
        urls = {"denied": stub.url, "unknown": service.url}
        url = urls.get(how, f"http://127.0.0.1:{port}")
        response, notes = response_and_notes(reporting_app, settings(url, "hello"))
    assert response[:3] == ["lambda_handler", "1024", REGION]
    (note,) = notes
    assert "time-out, memory and handler are unknown: " in note
    assert len(note) < 250
    if how == "denied":
        assert "lambda:GetFunctionConfiguration is denied" in note


def test_without_credentials_nothing_is_asked(reporting_app: Path, service: Service) -> None:
    """Those of the machine are not used unless an option or setting names them."""
    own = dataclasses.replace(settings(service.url, "hello"), credentials=None)
    assert response_and_notes(reporting_app, own)[1] == []
