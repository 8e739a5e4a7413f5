"""An S3 API over HTTP that is accurate where moto is not, with the part of Lambda's API it needs.

It implements checksums of objects and of whole multipart uploads, conditions of copies, sizes of
parts, versions and refusals. It has one bucket and one function, whatever their names.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import itertools
import json
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from tests.http_server import serving
from tests.service import settings_for

SMALLEST_PART = 5 << 20

# The requests of a first deploy; each ends before the next begins.
FIRST_DEPLOY = [
    *("HeadObject", "PutObject", "CreateMultipartUpload", "UploadPart"),
    *("CompleteMultipartUpload", "UpdateFunctionCode", "DeleteObject"),
]

_CALLS = [
    ("GetFunctionConfiguration", re.compile(r"GET /2015-03-31/functions/[^/]+/configuration")),
    ("UpdateFunctionCode", re.compile(r"PUT /2015-03-31/functions/[^/]+/code")),
    ("HeadObject", re.compile(r"HEAD /")),
    ("CreateMultipartUpload", re.compile(r"POST /[^?]+\?uploads")),
    ("UploadPart", re.compile(r"PUT /[^?]+\?.*partNumber=")),
    ("CompleteMultipartUpload", re.compile(r"POST /[^?]+\?.*uploadId=")),
    ("AbortMultipartUpload", re.compile(r"DELETE /[^?]+\?.*uploadId=")),
    ("DeleteObject", re.compile(r"DELETE /")),
    ("PutObject", re.compile(r"PUT /")),
]


class Refusal(Exception):  # noqa: N818
    """A response that is an error of AWS."""

    def __init__(self, status: int, code: str, message: str = "no") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class LostResponse(Exception):  # noqa: N818
    """The request is carried out, and the connection closes without a response."""


@dataclass
class Object:
    """An object as stored."""

    data: bytes
    version: str = "null"
    sha256: str | None = None

    @functools.cached_property
    def etag(self) -> str:
        """Return the entity tag, which depends on the content."""
        return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'


@dataclass
class Multipart:
    """A multipart upload that is not completed."""

    key: str
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Request:
    """A request as received."""

    call: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


Response = tuple[int, dict[str, str], bytes]


@dataclass
class Stub:
    """The running service, its contents and its behaviour."""

    url: str = ""
    versioned: bool = False
    objects: dict[str, Object] = field(default_factory=dict)
    noncurrent: list[tuple[str, Object]] = field(default_factory=list)
    uploads: dict[str, Multipart] = field(default_factory=dict)
    code: bytes = b""
    calls: list[str] = field(default_factory=list)
    bytes_sent: int = 0
    # Called before and after each request is carried out; may raise a Refusal.
    before: Callable[[Request], None] = lambda _: None
    after: Callable[[Request], None] = lambda _: None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def settings(self) -> dict[str, str]:
        """Return the packager's settings for deploys to the function through the bucket."""
        return settings_for("stubbed", self.url) | {"_LAMBDA_S3_BUCKET": "bucket"}

    def holding(self, trace: bytes) -> list[str]:
        """Return the keys of all objects, versions and uploads that contain `trace`."""
        held = [(key, one.data) for key, one in [*self.objects.items(), *self.noncurrent]]
        held += [(one.key, b"".join(one.parts.values())) for one in self.uploads.values()]
        return [key for key, data in held if trace in data]

    def respond(self, request: Request) -> Response:
        """Carry out a request and return the response."""
        self.calls.append(request.call)
        self.bytes_sent += len(request.body)
        signed = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        if len(signed) == 64 and signed != hashlib.sha256(request.body).hexdigest():
            raise Refusal(403, "SignatureDoesNotMatch")
        self.before(request)
        response: Response = getattr(self, f"_{request.call}")(request)
        self.after(request)
        return response

    def _GetFunctionConfiguration(self, _: Request) -> Response:  # noqa: N802
        return self._function()

    def _UpdateFunctionCode(self, request: Request) -> Response:  # noqa: N802
        parameters = json.loads(request.body)
        if "S3Key" in parameters:
            found = self.objects.get(parameters["S3Key"])
            if found is None:
                raise Refusal(
                    400,
                    "InvalidParameterValueException",
                    "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message:"
                    " The specified key does not exist.",
                )
            self.code = found.data
        else:
            self.code = base64.b64decode(parameters["ZipFile"])
        return self._function()

    def _function(self) -> Response:
        digest = hashlib.sha256(self.code).digest()
        state = {
            "FunctionName": "stubbed",
            "CodeSha256": base64.b64encode(digest).decode(),
            "Runtime": "provided.al2023",
            "Handler": "index.handler",
            "PackageType": "Zip",
            "Version": "$LATEST",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }
        return 200, {"Content-Type": "application/json"}, json.dumps(state).encode()

    def _HeadObject(self, request: Request) -> Response:  # noqa: N802
        found = self._object(request.key)
        checksum = {"x-amz-checksum-sha256": found.sha256} if found.sha256 else {}
        return 200, {"ETag": found.etag, **checksum}, found.data

    def _PutObject(self, request: Request) -> Response:  # noqa: N802
        sha256 = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
        if request.headers.get("x-amz-checksum-sha256", sha256) != sha256:
            raise Refusal(400, "BadDigest")
        kept = sha256 if "x-amz-checksum-sha256" in request.headers else None
        return self._store(request.key, request.body, kept)

    def _CreateMultipartUpload(self, request: Request) -> Response:  # noqa: N802
        upload_id = f"upload-{next(self.numbers)}"
        self.uploads[upload_id] = Multipart(request.key)
        return self._xml("InitiateMultipartUploadResult", UploadId=upload_id)

    def _UploadPart(self, request: Request) -> Response:  # noqa: N802
        upload, number = self._upload(request), int(request.query["partNumber"])
        source = request.headers.get("x-amz-copy-source")
        if source is None:
            crc = request.headers.get("x-amz-checksum-crc32")
            if crc and crc != _crc32(request.body):
                raise Refusal(400, "BadDigest")
            upload.parts[number] = request.body
            return 200, {"ETag": Object(request.body).etag}, b""
        found = self._object(unquote(source).partition("/")[2])
        if request.headers["x-amz-copy-source-if-match"] != found.etag:
            raise Refusal(412, "PreconditionFailed")
        upload.parts[number] = found.data
        return self._xml("CopyPartResult", ETag=found.etag.replace('"', "&quot;"))

    def _CompleteMultipartUpload(self, request: Request) -> Response:  # noqa: N802
        upload = self._upload(request)
        *firsts, last = [upload.parts[number] for number in sorted(upload.parts)]
        if any(len(part) < SMALLEST_PART for part in firsts):
            raise Refusal(400, "EntityTooSmall")
        data = b"".join([*firsts, last])
        if request.headers.get("x-amz-checksum-crc32", _crc32(data)) != _crc32(data):
            raise Refusal(400, "BadDigest")
        if int(request.headers.get("x-amz-mp-object-size", len(data))) != len(data):
            raise Refusal(400, "InvalidRequest")
        del self.uploads[request.query["uploadId"]]
        _, headers, _ = self._store(upload.key, data, None)
        status, more, body = self._xml("CompleteMultipartUploadResult", Key=upload.key)
        return status, headers | more, body

    def _AbortMultipartUpload(self, request: Request) -> Response:  # noqa: N802
        self._upload(request)
        del self.uploads[request.query["uploadId"]]
        return 204, {}, b""

    def _DeleteObject(self, request: Request) -> Response:  # noqa: N802
        version = request.query.get("versionId")
        current = self.objects.get(request.key)
        if version:
            if current and current.version == version:
                del self.objects[request.key]
            else:
                self.noncurrent = [one for one in self.noncurrent if one[1].version != version]
        elif current:
            del self.objects[request.key]
            if self.versioned:
                self.noncurrent.append((request.key, current))
        marker = {"x-amz-delete-marker": "true"} if self.versioned and not version else {}
        return 204, marker, b""

    def _object(self, key: str) -> Object:
        if key not in self.objects:
            raise Refusal(404, "NoSuchKey")
        return self.objects[key]

    def _upload(self, request: Request) -> Multipart:
        if request.query["uploadId"] not in self.uploads:
            raise Refusal(404, "NoSuchUpload")
        return self.uploads[request.query["uploadId"]]

    def _store(self, key: str, data: bytes, sha256: str | None) -> Response:
        version = f"version-{next(self.numbers)}" if self.versioned else "null"
        if self.versioned and key in self.objects:
            self.noncurrent.append((key, self.objects[key]))
        self.objects[key] = Object(data, version, sha256)
        headers = {"x-amz-version-id": version} if self.versioned else {}
        return 200, {"ETag": self.objects[key].etag, **headers}, b""

    @staticmethod
    def _xml(root: str, content: str = "", **elements: str) -> Response:
        content += "".join(f"<{name}>{value}</{name}>" for name, value in elements.items())
        return 200, {"Content-Type": "application/xml"}, f"<{root}>{content}</{root}>".encode()


def _crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


@contextlib.contextmanager
def running() -> Iterator[Stub]:
    """Run the service on a free loopback port."""
    stub = Stub()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one(self) -> None:
            request = self._request()
            with lock:
                try:
                    self._reply(*stub.respond(request))
                except Refusal as refusal:
                    self._reply(*self._refused(request, refusal))
                except LostResponse:
                    self.close_connection = True

        def _request(self) -> Request:
            url = urlsplit(self.path)
            query = {name: found[0] for name, found in parse_qs(url.query).items()}
            line = f"{self.command} {self.path}"
            headers = {name.lower(): value for name, value in self.headers.items()}
            if headers.get("expect", "").lower() == "100-continue":
                self.send_response_only(100)
                self.end_headers()
            return Request(
                next(name for name, form in _CALLS if form.match(line)),
                unquote(url.path).removeprefix("/").partition("/")[2],
                query,
                headers,
                self.rfile.read(int(headers.get("content-length", 0))),
            )

        def _refused(self, request: Request, refusal: Refusal) -> Response:
            if self.path.startswith("/2015-03-31/"):
                body = json.dumps({"message": refusal.message}).encode()
                return refusal.status, {"x-amzn-ErrorType": refusal.code}, body
            text = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
            body = b"" if request.call == "HeadObject" else text.encode()
            return refusal.status, {"Content-Type": "application/xml"}, body

        def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

    with serving(Handler) as stub.url:
        yield stub
