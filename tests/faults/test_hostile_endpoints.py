"""Endpoints whose responses never end or cannot be parsed."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import time
import tracemalloc
from pathlib import Path

import pytest

from packager.aws.bounded_http import SIZE_LIMIT
from packager.aws.client import Clients
from packager.aws.lambda_function import LambdaFunction
from packager.config import settings
from packager.errors import DeployError, UncertainError, UnparseableResponseError
from packager.function import Package
from packager.progress import Progress
from packager.release.settle import Clock, Deadline
from packager.release.update import Update
from tests.proxy import Proxy, dripping, endless, replying
from tests.service import Service

_numbers = itertools.count()
_JSON = {"Content-Type": "application/json"}
_NOISE = b"\x1f\x8b\x08\x00" + random.Random(1).randbytes(2000)

NESTED = b'{"CodeSha256": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
UNPARSEABLE = {
    "nested JSON": replying(200, _JSON, NESTED),
    "nested JSON in an error": replying(400, _JSON, NESTED),
    "gzip noise": replying(200, {**_JSON, "Content-Encoding": "gzip"}, _NOISE),
    "gzip noise in an error": replying(400, {**_JSON, "Content-Encoding": "gzip"}, _NOISE),
    "a number instead of text": replying(200, _JSON, b'{"CodeSha256": 7, "Version": "1"}'),
    "text instead of a number": replying(200, _JSON, b'{"CodeSha256": "x", "CodeSize": "large"}'),
    "a list": replying(200, _JSON, b"[]"),
    "a list of environments": replying(200, _JSON, b'{"CodeSha256": "x", "Environment": [1]}'),
    "a number in an error": replying(400, _JSON, b'{"code": 7, "message": {"a": 1}}'),
    "a web page": replying(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html>\n<p>Log in"),
    "a refusing web page": replying(403, {"Content-Type": "text/html"}, b"\n<html>Blocked"),
}
DRIPS = {
    "body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{"),
    "chunks": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFF\r\n{"),
    "header": dripping(b"HTTP/1.1 200 OK\r\nX-Header: "),
    "status": dripping(b"HTTP/1.1 200 O"),
}


@pytest.fixture
def package(tmp_path: Path) -> Package:
    path = tmp_path / "package.zip"
    path.write_bytes(random.Random(2).randbytes(1000))
    return Package(path, 1000, hashlib.sha256(path.read_bytes()).hexdigest(), 1)


def function(service: Service, proxy: Proxy, timeout: float = 30) -> LambdaFunction:
    name = f"hostile-{next(_numbers)}"
    service.create_function(name)
    given = settings.read(service.settings(name, through=proxy.url))
    return LambdaFunction(given, Clients(given, timeout=timeout, hide=str))


@pytest.mark.parametrize("kind", UNPARSEABLE)
def test_every_unparseable_response_is_the_same_class_of_error(
    kind: str, service: Service, proxy: Proxy
) -> None:
    lambda_function = function(service, proxy)
    proxy.on("state", UNPARSEABLE[kind])
    with pytest.raises(UnparseableResponseError) as raised:
        lambda_function.state()
    assert "(eu-west-1)" in raised.value.message
    assert ("web page" in raised.value.message) == ("web page" in kind)


@pytest.mark.parametrize("kind", [*UNPARSEABLE, "endless"])
def test_after_an_unparseable_response_to_an_update_the_functions_state_decides(
    kind: str, service: Service, proxy: Proxy, package: Package
) -> None:
    """If the function has the package, the deploy succeeds, as after a lost response."""
    lambda_function = function(service, proxy)
    proxy.on("update", UNPARSEABLE.get(kind, endless))
    update = Update(package, lambda_function, Progress(), Deadline(Clock(), 30))
    assert update.run(None).code_sha256 == package.code_sha256


@pytest.mark.parametrize("kind", ["nested JSON", "a refusing web page"])
def test_if_the_state_cannot_be_parsed_either_the_error_reports_it(
    kind: str, service: Service, proxy: Proxy, package: Package
) -> None:
    lambda_function = function(service, proxy)
    proxy.on("update", UNPARSEABLE[kind])
    proxy.on("state", UNPARSEABLE[kind])
    update = Update(package, lambda_function, Progress(), Deadline(Clock(), 30))
    with pytest.raises(DeployError, match="It is not known whether the function was updated"):
        update.run(None)


@pytest.mark.parametrize("part", DRIPS)
def test_a_response_that_drips_ends_with_the_timeout(
    part: str, service: Service, proxy: Proxy
) -> None:
    """Each byte arrives in time, but the response never ends."""
    lambda_function = function(service, proxy, 6)
    proxy.on("state", DRIPS[part])
    begin = time.monotonic()
    with pytest.raises(UncertainError, match="no response"):
        lambda_function.state()
    assert time.monotonic() - begin < 60  # dripping would take a day
    assert proxy.calls == ["state"] * 3


def test_an_endless_response_is_not_read_completely(service: Service, proxy: Proxy) -> None:
    lambda_function = function(service, proxy)
    lambda_function.state()
    proxy.on("state", endless)
    tracemalloc.start()
    try:
        with pytest.raises(UnparseableResponseError, match="larger than any of AWS's"):
            lambda_function.state()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * SIZE_LIMIT


def test_an_invocation_that_drips_ends_with_its_own_timeout(service: Service, proxy: Proxy) -> None:
    lambda_function = function(service, proxy)
    head = b"HTTP/1.1 200 OK\r\nX-Amz-Executed-Version: 1\r\nContent-Length: 1000000\r\n\r\n{"
    proxy.on("invoke", dripping(head))
    with pytest.raises(UncertainError, match="no response"):
        lambda_function.invoke(json.dumps({}).encode(), None, timeout=2)
