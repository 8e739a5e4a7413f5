"""A Lambda API over HTTP that is accurate where moto is not.

It implements the conditions of PublishVersion and UpdateAlias, versions that are Pending, slow
updates, weights, refused deletes, throttling and IAM. It keeps only the hash of each package.
"""

from __future__ import annotations

import base64
import contextlib
import fnmatch
import hashlib
import itertools
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.http_server import serving
from tests.service import ACCOUNT, REGION, settings_for

_ROUTES = [
    ("GET", r"configuration", "GetFunctionConfiguration"),
    ("PUT", r"code", "UpdateFunctionCode"),
    ("POST", r"versions", "PublishVersion"),
    ("GET", r"versions", "ListVersionsByFunction"),
    ("POST", r"aliases", "CreateAlias"),
    ("GET", r"aliases", "ListAliases"),
    ("GET", r"aliases/(?P<alias>[^/]+)", "GetAlias"),
    ("PUT", r"aliases/(?P<alias>[^/]+)", "UpdateAlias"),
    ("POST", r"invocations", "InvokeFunction"),
    ("DELETE", r"", "DeleteFunction"),
]

# Receives an event and the version; an exception is the handler's error.
Handler = Callable[[Any, str], Any]


class HandlerError(Exception):
    """An error of this type that a handler raises."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class Refusal(Exception):  # noqa: N818
    """A response that is an error of AWS."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@dataclass
class Code:
    """The code and configuration that a version consists of."""

    sha256: str = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    size: int = 0
    timeout: int = 3
    description: str = ""
    active_at: float = 0.0
    failed: bool = False
    kms_key: str | None = None


@dataclass
class Alias:
    """An alias; AWS removes its own weights at `weights_until`."""

    version: str
    description: str = ""
    revision: str = field(default_factory=lambda: str(uuid.uuid4()))
    weights: dict[str, float] = field(default_factory=dict)
    weights_until: float = float("inf")


@dataclass
class StubFunction:
    """A function: `$LATEST`, its versions, and its aliases."""

    latest: Code = field(default_factory=Code)
    revision: str = field(default_factory=lambda: str(uuid.uuid4()))
    updated_at: float = 0.0
    versions: dict[str, Code] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    published: str | None = None  # the version equal to $LATEST, if any
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    configuration: dict[str, Any] = field(default_factory=dict)  # fields that are not the default

    def configure(self, *, timeout: int) -> None:
        """Change the configuration, as UpdateFunctionConfiguration does."""
        self.latest = Code(**vars(self.latest) | {"timeout": timeout})
        self.changed()

    def changed(self) -> None:
        """Give `$LATEST` another revision."""
        self.revision = str(uuid.uuid4())
        self.published = None


@dataclass
class Stub:
    """The running service and its behaviour."""

    url: str = ""
    functions: dict[tuple[str, str], StubFunction] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)  # action and resource
    update_seconds: float = 0.0
    pending_seconds: float = 0.0
    weights_seconds: float = 0.0  # how long AWS shares the traffic after a switch
    requests_per_second: float = float("inf")
    page: int = 50
    handler: Handler = lambda event, _: event
    statements: Sequence[Mapping[str, Any]] | None = None  # of an IAM policy; None: no policy
    refuse: Callable[[str, str, str], Refusal | None] = lambda *_: None  # action, region, name
    updating_at_once: int = 0  # the maximum number of simultaneous updates
    at_once: int = 0  # the maximum number of simultaneous requests
    _tokens: float = 1.0
    _refilled: float = field(default_factory=time.monotonic)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create_function(self, name: str, region: str = REGION) -> StubFunction:
        """Create a function with an empty package."""
        return self.functions.setdefault((region, name), StubFunction())

    def settings(self, *functions: str) -> dict[str, str]:
        """Return the packager's settings for deploys to these functions."""
        return settings_for(" ".join(functions), self.url)

    def respond(self, request: _Request) -> Any:
        """Carry out a request and return the result. Raises Refusal."""
        with self._lock:
            self._check_rate()
            self.calls.append(request.action)
            self.requests.append((request.action, request.resource))
            self._check_policy(request)
            if refusal := self.refuse(request.action, request.region, request.name):
                raise refusal
            function = self.functions.get((request.region, request.name))
            if function is None:
                raise _not_found(request.name)
            if request.action != "InvokeFunction":
                return getattr(_Api(self, function, request), request.action)()
        return _Api(self, function, request).InvokeFunction()

    def _check_rate(self) -> None:
        now = time.monotonic()
        rate = self.requests_per_second
        if rate == float("inf"):
            return
        self._tokens = min(rate, self._tokens + (now - self._refilled) * rate)
        self._refilled = now
        if self._tokens < 1:
            raise Refusal(429, "TooManyRequestsException", "Rate exceeded")
        self._tokens -= 1

    def _check_policy(self, request: _Request) -> None:
        if self.statements is None:
            return
        for statement in self.statements:
            actions, resources = statement["Action"], statement["Resource"]
            if f"lambda:{request.action}" in actions and any(
                fnmatch.fnmatchcase(request.resource, pattern) for pattern in resources
            ):
                return
        raise Refusal(403, "AccessDeniedException", "User is not authorized")


@dataclass
class _Request:
    action: str
    region: str
    name: str
    qualifier: str | None
    alias: str | None
    marker: str | None
    body: dict[str, Any]

    @property
    def resource(self) -> str:
        """Return the resource that IAM checks."""
        qualifier = f":{self.qualifier}" if self.qualifier else ""
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}{qualifier}"


@dataclass
class _Api:
    """One request to one function; each method has the name of its action."""

    stub: Stub
    function: StubFunction
    request: _Request

    def GetFunctionConfiguration(self) -> dict[str, Any]:  # noqa: N802
        return self._configuration(self._version(self.request.qualifier))

    def UpdateFunctionCode(self) -> dict[str, Any]:  # noqa: N802
        self._check_settled()
        package = base64.b64decode(self.request.body["ZipFile"])
        digest = base64.b64encode(hashlib.sha256(package).digest()).decode()
        changes = {"sha256": digest, "size": len(package)}
        kms_key = self.request.body.get("SourceKMSKeyArn")
        self.function.latest = Code(**vars(self.function.latest) | changes | {"kms_key": kms_key})
        self.function.changed()
        now = time.monotonic()
        self.function.updated_at = now + self.stub.update_seconds
        updating = sum(one.updated_at > now for one in self.stub.functions.values())
        self.stub.updating_at_once = max(self.stub.updating_at_once, updating)
        return self._configuration("$LATEST")

    def PublishVersion(self) -> dict[str, Any]:  # noqa: N802
        self._check_settled()
        function, body = self.function, self.request.body
        if body.get("CodeSha256", function.latest.sha256) != function.latest.sha256:
            raise Refusal(
                400,
                "InvalidParameterValueException",
                f"CodeSHA256 ({body['CodeSha256']}) is different from current CodeSHA256 in $LATEST"
                f" ({function.latest.sha256}). Please try again with the CodeSHA256 in $LATEST.",
            )
        self._check_revision(function.revision)
        if function.published is None:
            number = str(next(function.numbers))
            active_at = time.monotonic() + self.stub.pending_seconds
            changes = {"description": body.get("Description", ""), "active_at": active_at}
            function.versions[number] = Code(**vars(function.latest) | changes)
            function.published = number
        return self._configuration(function.published)

    def ListVersionsByFunction(self) -> dict[str, Any]:  # noqa: N802
        names = ["$LATEST", *self.function.versions]
        return self._page("Versions", [self._configuration(name) for name in names])

    def CreateAlias(self) -> dict[str, Any]:  # noqa: N802
        name, version = self.request.body["Name"], self.request.body["FunctionVersion"]
        if name in self.function.aliases:
            raise Refusal(409, "ResourceConflictException", "Alias already exists")
        self._code(version)
        description = self.request.body.get("Description", "")
        self.function.aliases[name] = Alias(version, description)
        return self._alias(name)

    def ListAliases(self) -> dict[str, Any]:  # noqa: N802
        return self._page("Aliases", [self._alias(name) for name in self.function.aliases])

    def GetAlias(self) -> dict[str, Any]:  # noqa: N802
        return self._alias(self.request.alias or "")

    def UpdateAlias(self) -> dict[str, Any]:  # noqa: N802
        name, body = self.request.alias or "", self.request.body
        self._alias(name)
        alias = self.function.aliases[name]
        self._check_revision(alias.revision)
        version = body.get("FunctionVersion", alias.version)
        self._code(version)
        if self.stub.weights_seconds:
            alias.weights = {alias.version: 0.5}
            alias.weights_until = time.monotonic() + self.stub.weights_seconds
        alias.version = version
        alias.description = body.get("Description", alias.description)
        if "RoutingConfig" in body:
            alias.weights = body["RoutingConfig"]["AdditionalVersionWeights"]
        alias.revision = str(uuid.uuid4())
        return self._alias(name)

    def DeleteFunction(self) -> None:  # noqa: N802
        version = self.request.qualifier
        if version is None:
            raise AssertionError("The whole function would be deleted.")
        self._code(version)
        for alias in self.function.aliases.values():
            if version == alias.version or version in alias.weights:
                raise Refusal(409, "ResourceConflictException", "An alias references the version")
        del self.function.versions[version]
        if self.function.published == version:
            self.function.published = None

    def InvokeFunction(self) -> _Invoked:  # noqa: N802
        version = self._version(self.request.qualifier)
        if version != "$LATEST" and self._configuration(version)["State"] == "Pending":
            raise Refusal(409, "ResourceConflictException", "The function is Pending")
        try:
            result = self.stub.handler(self.request.body, version)
        except HandlerError as error:
            return _Invoked(
                {"errorType": error.error_type, "errorMessage": str(error)}, True, version
            )
        return _Invoked(result, False, version)

    def _version(self, qualifier: str | None) -> str:
        if qualifier in (None, "$LATEST"):
            return "$LATEST"
        if qualifier in self.function.aliases:
            return self.function.aliases[qualifier].version
        return qualifier or ""

    def _code(self, version: str) -> Code:
        if version == "$LATEST":
            return self.function.latest
        if version not in self.function.versions:
            raise _not_found(f"{self.request.name}:{version}")
        return self.function.versions[version]

    def _configuration(self, version: str) -> dict[str, Any]:
        code = self._code(version)
        now = time.monotonic()
        is_latest = version == "$LATEST"
        state = "Pending" if now < code.active_at else "Failed" if code.failed else "Active"
        updating = is_latest and now < self.function.updated_at
        return {
            "FunctionName": self.request.name,
            "CodeSha256": code.sha256,
            "CodeSize": code.size,
            "Version": version,
            "Description": code.description,
            "Timeout": code.timeout,
            "Runtime": "nodejs22.x",
            "Handler": "index.handler",
            "Architectures": ["x86_64"],
            "PackageType": "Zip",
            "State": state,
            "LastUpdateStatus": "InProgress" if updating else "Successful",
            "RevisionId": self.function.revision if is_latest else f"revision-{version}",
            "LastModified": "2026-11-27T00:00:00.000+0000",
            "Environment": {"Variables": {"SECRET": "canary of the function's own environment"}},
            **self.function.configuration,
        }

    def _alias(self, name: str) -> dict[str, Any]:
        alias = self.function.aliases.get(name)
        if alias is None:
            raise _not_found(f"{self.request.name}:{name}")
        if time.monotonic() > alias.weights_until:
            alias.weights, alias.weights_until = {}, float("inf")
            alias.revision = str(uuid.uuid4())
        arn = f"arn:aws:lambda:{self.request.region}:{ACCOUNT}:function:{self.request.name}:{name}"
        routing = {"AdditionalVersionWeights": alias.weights}
        return {
            "AliasArn": arn,
            "Name": name,
            "FunctionVersion": alias.version,
            "Description": alias.description,
            "RevisionId": alias.revision,
            **({"RoutingConfig": routing} if alias.weights else {}),
        }

    def _check_settled(self) -> None:
        if time.monotonic() < self.function.updated_at:
            raise Refusal(409, "ResourceConflictException", "An update is in progress")

    def _check_revision(self, revision: str) -> None:
        if self.request.body.get("RevisionId", revision) != revision:
            raise Refusal(412, "PreconditionFailedException", "The RevisionId does not match")

    def _page(self, key: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        start = int(self.request.marker or 0)
        end = start + self.stub.page
        following = {"NextMarker": str(end)} if end < len(items) else {}
        return {key: items[start:end], **following}


@dataclass
class _Invoked:
    result: Any
    failed: bool
    version: str


def _not_found(name: str) -> Refusal:
    return Refusal(404, "ResourceNotFoundException", f"Function not found: {name}")


@contextlib.contextmanager
def running() -> Iterator[Stub]:
    """Run the service on a free loopback port."""
    stub = Stub()
    busy = itertools.count()
    working: set[int] = set()

    class RequestHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one(self) -> None:
            number = next(busy)
            working.add(number)
            stub.at_once = max(stub.at_once, len(working))
            try:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._reply(stub.respond(self._request(body)))
            except Refusal as refusal:
                headers = {"x-amzn-ErrorType": refusal.code}
                self._send(refusal.status, {"message": refusal.message}, headers)
            finally:
                working.discard(number)

        def _request(self, body: bytes) -> _Request:
            url = urlsplit(self.path)
            _, _, _, function, *rest = url.path.split("/")
            path = "/".join(map(unquote, rest))
            query = parse_qs(url.query)
            scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", self.headers["Authorization"])
            assert scope
            parts = unquote(function).split(":")
            for method, pattern, action in _ROUTES:
                match = re.fullmatch(pattern, path)
                if method == self.command and match:
                    return _Request(
                        action,
                        scope[1],
                        parts[-1],
                        query.get("Qualifier", [None])[0],
                        match.groupdict().get("alias"),
                        query.get("Marker", [None])[0],
                        json.loads(body or b"{}"),
                    )
            raise AssertionError(self.path)

        def _reply(self, result: Any) -> None:
            if isinstance(result, _Invoked):
                log = base64.b64encode(b"START\nwhat the handler wrote\nEND\n").decode()
                headers = {"X-Amz-Log-Result": log, "x-amzn-RequestId": "request-1"}
                headers["X-Amz-Executed-Version"] = result.version
                if result.failed:
                    headers["X-Amz-Function-Error"] = "Unhandled"
                self._send(200, result.result, headers)
            else:
                self._send(204 if result is None else 200, result, {})

        def _send(self, status: int, content: Any, headers: dict[str, str]) -> None:
            body = b"" if status == 204 else json.dumps(content).encode()
            self.send_response_only(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = handle_one  # noqa: N815

    with serving(RequestHandler) as stub.url:
        yield stub
