"""Signals during an upload to S3 in parts: no part stays in the bucket unreported."""

from __future__ import annotations

import random
import signal
import time
from concurrent.futures import Future
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults import kills
from tests.faults.conftest import ALL
from tests.proxy import Exchange, Fault, Proxy, error, lose_response, proxying, silence
from tests.service import Service

RUNS = 20 if ALL else 1
LATER = 0.3  # maximum seconds between a request or its response and the signal

# A part is any of the seven: their order is random.
REQUESTS = ["start upload", "part", "end upload", "update"]


@pytest.mark.parametrize("number", kills.SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_any_request_of_an_upload_leaves_no_part_and_no_file(
    number: signal.Signals, service: Service, jars: Path, tmp_path: Path
) -> None:
    """Only SIGKILL may leave parts in the bucket; the function's package is complete."""
    moments = kills.moments("upload", number)
    s3 = service.client("s3")

    def attempt(run: int, moment: tuple[str, int, float, bool]) -> None:
        request, skip, later, after_response = moment
        folder = tmp_path / str(run)
        temporary = folder / "temporary"
        temporary.mkdir(parents=True)
        name = f"upload-{number.name.lower()}-{run}"
        service.create_function(name)
        service.create_bucket(name)
        before = service.stored(name)
        started: Future[kills.Command] = Future()
        fault = kills.signal_at_a_request(started, number, later, after_response=after_response)
        with proxying(service.url) as proxy:
            proxy.on(request, fault, times=1, skip=skip)
            process = kills.upload(jars, proxy.url, name, bucket=name, temporary=temporary)
            started.set_result(process)
            shown = process.end()
            if number == signal.SIGKILL:
                kills.age(temporary)
                again = kills.upload(jars, proxy.url, name, bucket=name, temporary=temporary)
                again.end()
                assert again.returncode == 0
                assert kills.is_complete(service.stored(name))
            else:
                left = s3.list_multipart_uploads(Bucket=name).get("Uploads", [])
                assert not left or "An upload without parts may be left" in shown
                for upload in left:
                    place = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
                    assert "Parts" not in s3.list_parts(Bucket=name, **place)
                # While Python exits, signals have their default effect again.
                assert process.returncode in (0, 128 + number, -number)
        assert [*temporary.iterdir()] == []
        if service.stored(name) != before:
            assert kills.is_complete(service.stored(name))
        service.delete(name)

    kills.attempt_at_each(
        attempt, [chosen(moments, request) for request in REQUESTS for _ in range(RUNS)]
    )


def chosen(moments: random.Random, request: str) -> tuple[str, int, float, bool]:
    """Choose the request, the delay, and whether the signal comes before or after the response."""
    skip = moments.randrange(7) if request == "part" else 0
    return request, skip, moments.uniform(0, LATER), moments.random() < 0.5


@pytest.mark.parametrize(
    ("number", "functions"),
    [*((number, 1) for number in kills.SIGNALS[:3]), (signal.SIGTERM, 2)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_parts_that_a_signal_leaves_are_reported(
    number: signal.Signals,
    functions: int,
    service: Service,
    proxy: Proxy,
    jars: Path,
    tmp_path: Path,
) -> None:
    """If parts cannot be removed, the output names the bucket, also for several functions."""
    name = f"reported-{number.name.lower()}-{functions}"
    names = [f"{name}-{count}" for count in range(functions)]
    for function in names:
        service.create_function(function)
    service.create_bucket(name)
    started: Future[kills.Command] = Future()
    proxy.on("part", kills.signal_at_a_request(started, number), times=1)
    proxy.on("abort upload", error(403, "AccessDenied"))
    process = kills.upload(jars, proxy.url, " ".join(names), bucket=name, temporary=tmp_path)
    started.set_result(process)
    shown = process.end()
    assert process.returncode == 128 + number
    assert f"may be left in the bucket: s3://{name}/" in shown


def test_parts_that_watching_leaves_are_reported(
    service: Service, proxy: Proxy, jars: Path, tmp_path: Path
) -> None:
    """It ends even while a part is being sent, and reports any parts that remain in the bucket."""
    name = "reported-watch"
    service.create_function(name)
    service.create_bucket(name)
    proxy.on("part", silence(kills.PATIENCE))
    process = kills.upload(jars, proxy.url, name, bucket=name, temporary=tmp_path, command="watch")
    while "part" not in proxy.calls and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    shown = process.end()
    assert process.returncode == 128 + signal.SIGTERM
    parts_left = "Uploads" in service.client("s3").list_multipart_uploads(Bucket=name)
    assert not parts_left or "may be left in the bucket" in shown
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("request_that_fails", "fault"),
    [("start upload", lose_response), ("part", error(403, "AccessDenied"))],
)
def test_an_upload_that_fails_leaves_the_uploads_of_others_under_its_key(
    request_that_fails: str,
    fault: Fault,
    service: Service,
    proxy: Proxy,
    jars: Path,
    tmp_path: Path,
) -> None:
    """Whether or not the id of the own upload was received."""
    name = f"others-{request_that_fails.replace(' ', '-')}"
    service.create_function(name)
    service.create_bucket(name)
    s3 = service.client("s3")
    others: set[str] = set()

    def start_another_and_fail(exchange: Exchange) -> None:
        key = urlsplit(exchange.handler.path).path.removeprefix(f"/{name}/")
        others.add(s3.create_multipart_upload(Bucket=name, Key=key)["UploadId"])
        fault(exchange)

    proxy.on(request_that_fails, start_another_and_fail)
    upload = kills.upload(jars, proxy.url, name, bucket=name, temporary=tmp_path)
    shown = upload.end()
    assert upload.returncode, shown
    left = {one["UploadId"] for one in s3.list_multipart_uploads(Bucket=name)["Uploads"]}
    assert others
    assert others <= left
    assert ("An upload without parts may be left" in shown) == (left != others)
