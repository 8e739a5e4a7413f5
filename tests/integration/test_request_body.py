"""The request that sends a package directly to Lambda."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from packager.aws import request_body
from packager.aws.client import Clients
from packager.aws.lambda_function import LambdaFunction
from packager.config.setting_values import functions
from packager.config.settings import Credentials, Settings
from packager.function import Package
from packager.progress import BytesSent, Event, Progress
from tests import s3_stub
from tests.service import KEY_ID, REGION, SECRET_KEY


@pytest.mark.parametrize("size", [1, 2, 3 << 14, 5_000_000])
def test_a_package_is_read_once_for_its_hash_and_its_base64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """The hash that botocore signs is computed while the body is written: it is read to be sent."""
    content = os.urandom(size)
    (tmp_path / "package.zip").write_bytes(content)
    package = Package(tmp_path / "package.zip", size, hashlib.sha256(content).hexdigest(), 1)
    requests: list[s3_stub.Request] = []
    events: list[Event] = []
    read: list[int] = []

    def count(file: request_body.ShownFile, amount: int) -> bytes:
        data = original(file, amount)
        read.append(len(data))
        return data

    original = request_body.ShownFile.read
    monkeypatch.setattr(request_body.ShownFile, "read", count)
    with s3_stub.running() as stub:
        stub.before = requests.append
        settings = Settings(
            functions=functions("hello"),
            region=REGION,
            endpoint_url=stub.url,
            credentials=Credentials(KEY_ID, SECRET_KEY, None),
        )
        function = LambdaFunction(settings, Clients(settings, timeout=3, hide=str))
        state = function.send(package, Progress(sink=events.append))
    [request] = requests
    assert json.loads(request.body) == {"ZipFile": base64.b64encode(content).decode()}
    assert request.headers["x-amz-content-sha256"] == hashlib.sha256(request.body).hexdigest()
    assert ";x-amz-content-sha256" in request.headers["authorization"]
    assert sum(read) == len(request.body)
    assert state.code_sha256 == package.code_sha256
    assert events[-1] == BytesSent(size, size)
