"""Record which parts of an uploaded package may be in the bucket, and remove them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.exceptions

_AWS_ERRORS = (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError)

# Statuses of a request that S3 may have carried out all the same.
_UNCERTAIN = (500, 502, 504)


@dataclass(frozen=True)
class S3Object:
    """An object in S3."""

    bucket: str
    key: str

    def __str__(self) -> str:
        """Return the URI in the format of S3's tools."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def place(self) -> dict[str, str]:
        """Return the parameters of a request that name it."""
        return {"Bucket": self.bucket, "Key": self.key}


class Upload:
    """Records an upload of a package as `target`, and removes whatever may be in the bucket."""

    def __init__(self, client: Any, target: S3Object) -> None:
        """Prepare to record the upload; send nothing yet."""
        self.target = target
        self._client = client
        # The multipart uploads that are not completed, and the number of those that may have been
        # started although their id was not received. They have no parts, which need the id.
        self._ids: list[str] = []
        self._without_id = 0
        # Requests that may have stored the object, and those that are known to have.
        self._stores = self._stored = 0
        self._version: str | None = None

    @contextlib.contextmanager
    def recorded(self) -> Iterator[None]:
        """Record the client's requests in the block that may leave something in the bucket."""
        events = self._client.meta.events
        handlers = {
            "before-send.s3.CreateMultipartUpload": self._starts,
            "response-received.s3.CreateMultipartUpload": self._started_or_refused,
            "after-call.s3.AbortMultipartUpload": self._ended,
            "before-send.s3.CompleteMultipartUpload": self._stores_it,
            "after-call.s3.CompleteMultipartUpload": self._completed,
            "before-send.s3.PutObject": self._stores_it,
            "after-call.s3.PutObject": self._stored_or_refused,
        }
        for name, handler in handlers.items():
            events.register(name, handler)
        try:
            yield
        finally:
            for name, handler in handlers.items():
                events.unregister(name, handler)

    def leftovers(self) -> str | None:
        """Return a sentence about what may be left in the bucket if the process ends now."""
        if self._stores > 0 or self._ids:
            return f"The package or parts of it may be left in the bucket: {self.target}."
        if self._without_id > 0:
            return f"An upload without parts may be left in the bucket: {self.target}."
        return None

    def abort(self) -> None:
        """Try to abort the multipart uploads that are not completed and whose ids are known."""
        with contextlib.suppress(*_AWS_ERRORS):
            for upload_id in self._ids:
                self._abort(upload_id)
                self._ids = [other for other in self._ids if other != upload_id]

    def _abort(self, upload_id: str) -> None:
        try:
            self._client.abort_multipart_upload(**self.target.place, UploadId=upload_id)
        except botocore.exceptions.ClientError as error:
            # S3 completed the upload, though its response was lost or unreadable.
            if error.response.get("Error", {}).get("Code") != "NoSuchUpload":
                raise

    def remove(self) -> str | None:
        """Remove the package from the bucket; return a sentence if some of it may be left."""
        self.abort()
        left = self._delete() if self._stores > 0 else None
        return left or self.leftovers()

    def _delete(self) -> str | None:
        """Delete the object (`s3:DeleteObject`), and its version (`s3:DeleteObjectVersion`)."""
        try:
            response = self._delete_version()
            if response is None:
                response = self._client.delete_object(**self.target.place)
        except _AWS_ERRORS:
            return (
                f"The package was not deleted, and may be left in the bucket: {self.target} (it"
                " holds the config). Allow s3:DeleteObject on it."
            )
        lost = self._version is not None and self._stores > self._stored
        self._stores = self._stored = 0
        if response.get("DeleteMarker") or lost:
            return (
                "The bucket keeps versions, and one with the package may be left in the bucket:"
                f" {self.target} (it holds the config). Allow s3:DeleteObjectVersion on it, or let"
                " a lifecycle rule delete noncurrent versions."
            )
        return None

    def _delete_version(self) -> dict[str, Any] | None:
        if self._version is None:
            return None
        try:
            self._client.delete_object(**self.target.place, VersionId=self._version)
        except botocore.exceptions.ClientError:
            return None
        return {}

    def _starts(self, **_: object) -> None:
        self._without_id += 1

    def _started_or_refused(
        self, response_dict: Any, parsed_response: dict[str, Any] | None, **_: object
    ) -> None:
        upload_id = (parsed_response or {}).get("UploadId")
        if upload_id:
            self._ids.append(upload_id)
        status = response_dict["status_code"] if response_dict else 0
        if upload_id or (status >= 300 and status not in _UNCERTAIN):
            self._without_id -= 1

    def _ended(self, http_response: Any, **_: object) -> None:
        if http_response.status_code < 300:
            self._ids = []

    def _stores_it(self, **_: object) -> None:
        self._stores += 1

    def _completed(self, http_response: Any, parsed: dict[str, Any], **_: object) -> None:
        self._ended(http_response)
        self._stored_or_refused(http_response, parsed)

    def _stored_or_refused(self, http_response: Any, parsed: dict[str, Any], **_: object) -> None:
        self._stores -= 400 <= http_response.status_code < 500
        self._stored += http_response.status_code < 300
        version = parsed.get("VersionId")
        # In a bucket whose versioning was suspended, the object is deleted without its version.
        self._version = version if version != "null" else None
