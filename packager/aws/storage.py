"""Where packages wait for Lambda that are too large to be sent to it: an S3 bucket."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3.s3.transfer
import botocore.exceptions

from packager.aws.client import Clients
from packager.errors import DeployError
from packager.function import Package
from packager.signals import at_forced_end

_PARTS_LEFT = "Parts of the package may be left in the bucket."


@dataclass(frozen=True)
class S3Object:
    """A deployment package in S3."""

    bucket: str
    key: str


class PackageStore:
    """Puts packages into a bucket, under keys that begin with `prefix`."""

    def __init__(self, clients: Clients, bucket: str, prefix: str) -> None:
        """Nothing is sent yet."""
        self._clients = clients
        self._bucket = bucket
        self._prefix = prefix

    def put(self, package: Package, on_sent: Callable[[int, int], None]) -> S3Object:
        """Put the package into the bucket in parts (`s3:PutObject`).

        A failed upload leaves no parts there, or the error says that some may be left.
        """
        target = S3Object(self._bucket, f"{self._prefix}{package.sha256}.zip")
        done = 0

        def add(count: int) -> None:
            nonlocal done
            done += count
            on_sent(done, package.size)

        client = self._clients.new("s3")
        with _no_parts_left(client, target), self._clients.errors("s3:PutObject"):
            client.upload_file(
                str(package.path),
                target.bucket,
                target.key,
                Callback=add,
                # Four parts under way at once of 8 MB each: more takes memory and gains little.
                Config=boto3.s3.transfer.TransferConfig(
                    max_concurrency=4, preferred_transfer_client="classic"
                ),
            )
        return target


@contextlib.contextmanager
def _no_parts_left(client: Any, target: S3Object) -> Iterator[None]:
    """Abort what s3transfer has not: an upload whose start was answered too late, or never."""
    begun = 0

    def begin(**_: object) -> None:
        nonlocal begun
        begun += 1

    def end(http_response: Any, **_: object) -> None:
        nonlocal begun
        begun -= http_response.status_code < 300

    def refused(http_response: Any, **_: object) -> None:
        nonlocal begun
        begun -= 400 <= http_response.status_code < 500

    events = client.meta.events
    events.register("before-send.s3.CreateMultipartUpload", begin)
    events.register("after-call.s3.CreateMultipartUpload", refused)
    events.register("after-call.s3.CompleteMultipartUpload", end)
    events.register("after-call.s3.AbortMultipartUpload", end)
    try:
        with at_forced_end(lambda: _PARTS_LEFT if begun > 0 else None):
            yield
    except DeployError as error:
        if begun > 0 and not _aborted(client, target):
            raise type(error)(error.message, f"{error.hint} {_PARTS_LEFT}") from None
        raise
    except KeyboardInterrupt as interrupt:
        if begun > 0 and not _aborted(client, target):
            interrupt.args = (_PARTS_LEFT,)
        raise
    else:
        if begun > 0:
            _aborted(client, target)


def _aborted(client: Any, target: S3Object) -> bool:
    """Abort all uploads of this package (`s3:ListBucketMultipartUploads`); tell if that worked."""
    place = {"Bucket": target.bucket}
    try:
        answer = client.list_multipart_uploads(**place, Prefix=target.key)
        for upload in answer.get("Uploads", []):
            client.abort_multipart_upload(**place, Key=upload["Key"], UploadId=upload["UploadId"])
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
        return False
    return True
