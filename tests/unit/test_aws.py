"""The client for Lambda, without a service."""

from __future__ import annotations

import pytest

from packager.aws.client import Clients
from packager.aws.lambda_function import LambdaFunction
from packager.config.setting_values import functions
from packager.config.settings import Credentials, Settings
from packager.errors import UncertainError


def test_all_attempts_to_connect_together_take_no_longer_than_the_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If a firewall drops the packets, each attempt waits until its own timeout."""
    waits: list[float] = []

    def wait_in_vain(address: object, timeout: float, **_: object) -> None:
        waits.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("urllib3.util.connection.create_connection", wait_in_vain)
    settings = Settings(
        functions=functions("hello"),
        region="eu-west-1",
        credentials=Credentials("the-key", "the-secret"),
        endpoint_url="http://127.0.0.1:1",
    )
    with pytest.raises(UncertainError):
        LambdaFunction(settings, Clients(settings, timeout=6, hide=str)).state()
    assert len(waits) == 3
    assert sum(waits) <= 6
