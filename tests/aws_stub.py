"""AWS's STS, SSO and Lambda over HTTP, with the responses that a test chooses."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

from tests.http_server import serving

Reply = tuple[int, Mapping[str, str], bytes]


@dataclass
class Request:
    """A request as received: its method and path, and the parameters of its form if it has one."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """Return the parameters of a request to STS."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Stub:
    """The running service; `respond` makes each response."""

    url: str = ""
    respond: Callable[[Request], Reply] = lambda _: (500, {}, b"")
    requests: list[Request] = field(default_factory=list)

    def forms(self, action: str) -> list[dict[str, str]]:
        """Return the forms received for an action of STS."""
        forms = [one.form for one in self.requests if one.method == "POST"]
        return [form for form in forms if form.get("Action") == action]


def json_reply(value: Any, status: int = 200, error: str = "") -> Reply:
    """Return a response in the format of Lambda and SSO."""
    headers = {"Content-Type": "application/json"}
    if error:
        headers["x-amzn-ErrorType"] = error
    return status, headers, json.dumps(value).encode()


def sts_role(expiration: str) -> Reply:
    """Return STS's response with the credentials of a role."""
    text = (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
        "<AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId>"
        "<Arn>arn:aws:sts::123456789012:assumed-role/deploy/b</Arn></AssumedRoleUser>"
        "<Credentials><AccessKeyId>role-key</AccessKeyId><SecretAccessKey>role-secret"
        "</SecretAccessKey><SessionToken>role-token</SessionToken>"
        f"<Expiration>{expiration}</Expiration></Credentials></AssumeRoleResult>"
        "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"
    )
    return 200, {"Content-Type": "text/xml"}, text.encode()


def sts_error(code: str, message: str, status: int = 403) -> Reply:
    """Return an error response in the format of STS."""
    text = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        "<RequestId>1</RequestId></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml"}, text.encode()


@contextlib.contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[Stub]:
    """Run the service on a free loopback port, with TLS if a context is given."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, self.path, dict(self.headers.items()), body)
            stub.requests.append(request)
            status, headers, reply = stub.respond(request)
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_GET = do_PUT = do_POST = do_DELETE = do_CONNECT = handle_one  # noqa: N815

    with serving(Handler, context) as stub.url:
        yield stub
