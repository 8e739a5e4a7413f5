"""Packages assembled in S3 from a prefix that the bucket has already, and a tail that is sent.

The prefix is kept as an object whose key is its hash. Proof that the assembled object is the local
file: S3 compares the hash of the kept object when it is stored, its ETag when it is copied, and the
size and CRC-32 of the whole when the upload is completed.
"""

from __future__ import annotations

import base64
import contextlib
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from packager.aws.upload import S3Object
from packager.function import Package
from packager.lazy import lazy

if TYPE_CHECKING:
    from s3transfer import utils as s3_utils
else:
    s3_utils = lazy("s3transfer.utils")

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: "5 MiB to 5 GiB. There is no
# minimum size limit on the last part".
SMALLEST_PART = 5 << 20

_CHUNK = 1 << 20


class NotComposedError(Exception):
    """S3 refuses a request of the composition; the package may still be sent as a whole."""


class Composition:
    """Assembles a package from its prefix, which the bucket keeps as `kept`, and a tail."""

    def __init__(
        self, client: Any, kept: S3Object, package: Package, on_sent: Callable[[int, int], None]
    ) -> None:
        """Prepare the composition; send nothing yet."""
        _report_what_is_sent(client)
        self._client = client
        self._kept = kept
        self._package = package
        self._on_sent = on_sent
        self._etag = ""
        self._done, self._total = 0, package.size

    def keep_prefix(self) -> None:
        """Put the prefix into the bucket if it is not there (`s3:PutObject`, `s3:GetObject`).

        Raises NotComposedError if S3 refuses, and what botocore raises for all other errors.
        """
        with _refusals():
            found = self._look()
            self._etag = found or self._put_prefix()
        if found:
            self._total -= self._package.prefix_size
        else:
            self._done = self._package.prefix_size

    def assemble(self, target: S3Object) -> None:
        """Assemble the package as `target`. Raises as `keep_prefix` does."""
        with _refusals():
            self._assemble(target)

    def _look(self) -> str | None:
        """Return the ETag of the kept prefix; None if it does not exist or has other content.

        Without `s3:ListBucket`, S3 responds with 403 if an object does not exist.
        """
        try:
            found = self._client.head_object(**self._kept.place, ChecksumMode="ENABLED")
        except botocore.exceptions.ClientError as error:
            if _is_refusal(error):
                return None
            raise
        is_ours = found.get("ChecksumSHA256") == self._prefix_checksum
        return str(found["ETag"]) if is_ours else None

    def _put_prefix(self) -> str:
        with self._section(0, self._package.prefix_size) as body:
            response = self._client.put_object(
                **self._kept.place,
                Body=body,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=self._prefix_checksum,
            )
        return str(response["ETag"])

    def _assemble(self, target: S3Object) -> None:
        package = self._package
        tail_crc, crc = _crcs(package)
        upload = self._client.create_multipart_upload(
            **target.place, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
        )
        place = {**target.place, "UploadId": upload["UploadId"]}
        copied = self._client.upload_part_copy(
            **place, PartNumber=1, CopySource=self._kept.place, CopySourceIfMatch=self._etag
        )
        with self._section(package.prefix_size, package.size - package.prefix_size) as body:
            sent = self._client.upload_part(
                **place, PartNumber=2, Body=body, ChecksumAlgorithm="CRC32", ChecksumCRC32=tail_crc
            )
        parts = [copied["CopyPartResult"]["ETag"], sent["ETag"]]
        self._client.complete_multipart_upload(
            **place,
            MultipartUpload={
                "Parts": [
                    {"PartNumber": number, "ETag": etag} for number, etag in enumerate(parts, 1)
                ]
            },
            ChecksumType="FULL_OBJECT",
            ChecksumCRC32=crc,
            MpuObjectSize=package.size,
        )

    @property
    def _prefix_checksum(self) -> str:
        return base64.b64encode(bytes.fromhex(self._package.prefix_sha256)).decode("ascii")

    def _section(self, start: int, size: int) -> contextlib.AbstractContextManager[Any]:
        """Open a part of the package as the body of a request."""
        done = self._done

        def add(bytes_transferred: int) -> None:
            nonlocal done
            done += bytes_transferred
            self._on_sent(done, self._total)

        section: contextlib.AbstractContextManager[Any] = s3_utils.ReadFileChunk.from_filename(
            str(self._package.path), start, size, callbacks=[add], enable_callbacks=False
        )
        return section


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except botocore.exceptions.ClientError as error:
        if _is_refusal(error):
            raise NotComposedError from None
        raise


def _is_refusal(error: botocore.exceptions.ClientError) -> bool:
    """Return whether S3 may accept another request: not if it fails or throttles."""
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return (400 <= status < 500 and status != 429) or status == 501


def _crcs(package: Package) -> tuple[str, str]:
    """Return the CRC-32 of the bytes after the prefix, and of the whole package, in S3's format."""
    tail = whole = 0
    with package.path.open("rb") as file:
        left = package.prefix_size
        while left and (chunk := file.read(min(_CHUNK, left))):
            whole = zlib.crc32(chunk, whole)
            left -= len(chunk)
        while chunk := file.read(_CHUNK):
            whole, tail = zlib.crc32(chunk, whole), zlib.crc32(chunk, tail)
    return _written(tail), _written(whole)


def _written(crc: int) -> str:
    return base64.b64encode(crc.to_bytes(4, "big")).decode("ascii")


def _report_what_is_sent(client: Any) -> None:
    """Notify bodies when they are sent: before that, botocore reads them to sign them.

    s3transfer does the same for the clients that it uses, under the same ids.
    """
    events = client.meta.events
    name = "request-created.s3"
    before, after = s3_utils.signal_not_transferring, s3_utils.signal_transferring
    events.register_first(name, before, unique_id="s3upload-not-transferring")
    events.register_last(name, after, unique_id="s3upload-transferring")
