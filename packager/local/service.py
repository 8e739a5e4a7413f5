"""The embedded Lambda service: moto's server on the loopback interface, in this process."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import http.client
import io
import json
import logging
import os
import shutil
import tempfile
import threading
import urllib.parse
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.config.settings import Credentials, Settings
from packager.errors import DeployError, PackagerError
from packager.local.task import unpack

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.serving import BaseWSGIServer

_HOST = "127.0.0.1"

REGION, ACCOUNT = "us-east-1", "123456789012"

# Nobody checks them; boto3 signs with them, and so looks for no others on this machine.
CREDENTIALS = Credentials("local", "local", "local")

_AWS_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")

# How often the server looks whether it is to stop, and how long an answer may take, in seconds.
_POLL_INTERVAL, _TIMEOUT = 0.05, 60


class LocalLambda:
    """Lambda's API at `endpoint_url`, as long as the `with` block lasts.

    What is deployed to it stays until the process ends.
    """

    endpoint_url: str

    def __enter__(self) -> LocalLambda:
        """Start to serve. Raises PackagerError where the extra `local` is not installed."""
        self._server = _new_server()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_INTERVAL,), daemon=True
        )
        self._thread.start()
        self.endpoint_url = f"http://{_HOST}:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        """Stop to serve, and close the port."""
        self._server.shutdown()
        self._thread.join()

    def settings_for(self, settings: Settings) -> Settings:
        """Make of the user's settings those that deploy to this service, and not to AWS."""
        return dataclasses.replace(
            settings,
            function=settings.function_name,
            region=REGION,
            credentials=CREDENTIALS,
            profile=None,
            endpoint_url=self.endpoint_url,
        )

    def ensure_function(
        self, name: str, *, runtime: str = "provided.al2023", architecture: str = "x86_64"
    ) -> None:
        """Create the function, with an empty package, unless it is there."""
        with self._request("lambda", "GET", f"/2015-03-31/functions/{name}") as answer:
            if answer.status == http.client.OK:
                return
        description = {
            "FunctionName": name,
            "Runtime": runtime,
            "Role": self._ensure_role(),
            "Handler": "chosen.later",
            "Architectures": [architecture],
            "Code": {"ZipFile": base64.b64encode(_empty_zip()).decode("ascii")},
        }
        body = json.dumps(description)
        with self._request("lambda", "POST", "/2015-03-31/functions", body) as answer:
            _check(answer, "CreateFunction", http.client.CREATED)

    def ensure_bucket(self, name: str) -> None:
        """Create the S3 bucket by which large packages go, unless it is there."""
        with self._request("s3", "PUT", f"/{name}") as answer:
            _check(answer, "CreateBucket", http.client.OK, http.client.CONFLICT)

    def take_back(self, name: str, folder: Path) -> None:
        """Fetch the package that the service has of the function, and unpack it into `folder`.

        Raises DeployError, and ArchiveError for a package that Lambda would not unpack.
        """
        with self._request("lambda", "GET", f"/2015-03-31/functions/{name}") as answer:
            _check(answer, "GetFunction", http.client.OK)
            location: str = json.load(answer)["Code"]["Location"]
        host, _, key = location.partition("://")[2].partition("/")
        path = f"/{urllib.parse.quote(key)}"
        with tempfile.TemporaryFile() as package:
            with self._request("s3", "GET", path, host=host) as answer:
                _check(answer, "GetObject", http.client.OK)
                shutil.copyfileobj(answer, package)
            unpack(package, folder)

    def _ensure_role(self) -> str:
        """Create the role that a function has to have, unless it is there; give its ARN."""
        query = {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "local"}
        body = urllib.parse.urlencode(query | {"AssumeRolePolicyDocument": "{}"})
        with self._request("iam", "POST", "/", body) as answer:
            _check(answer, "CreateRole", http.client.OK, http.client.CONFLICT)
        return f"arn:aws:iam::{ACCOUNT}:role/local"

    @contextlib.contextmanager
    def _request(
        self, service: str, method: str, path: str, body: str = "", *, host: str = _HOST
    ) -> Iterator[http.client.HTTPResponse]:
        # Without boto3, which takes half a second to learn what IAM and S3 are. moto looks in the
        # Authorization for the service that is meant, and checks no signature.
        scope = f"{CREDENTIALS.access_key_id}/20000101/{REGION}/{service}/aws4_request"
        headers = {
            "Host": host,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=",
        }
        if service == "iam":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(_HOST, self._server.server_port, timeout=_TIMEOUT)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            yield connection.getresponse()


def _check(answer: http.client.HTTPResponse, action: str, *expected: int) -> None:
    if answer.status not in expected:
        raise DeployError(
            f"The embedded Lambda service answers {answer.status} to {action}.",
            "Its version of moto may be too new or too old: install the extra `local` again.",
        )


def _empty_zip() -> bytes:
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    return empty.getvalue()


def _new_server() -> BaseWSGIServer:
    try:
        with _without_aws_settings():
            from moto.awslambda.models import lambda_backends
            from moto.moto_server.werkzeug_app import (
                DomainDispatcherApplication,
                create_backend_app,
            )
            from werkzeug.serving import make_server

            lambda_backends[ACCOUNT]
    except ImportError as error:
        raise PackagerError(
            f"--local needs the module {error.name}, which is not installed.",
            "pip install 'heroku-lambda-packager[local]'",
        ) from error
    # They would write a line for every request.
    for name in ("werkzeug", "moto"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    moto = DomainDispatcherApplication(create_backend_app)
    return make_server(_HOST, 0, _with_packages(moto), threaded=True)


@contextlib.contextmanager
def _without_aws_settings() -> Iterator[None]:
    """Hide the user's own: moto asks boto3 for all regions, which fails for a profile not found."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    os.environ |= dict.fromkeys(_AWS_FILES, os.devnull)
    try:
        yield
    finally:
        for name in _AWS_FILES:
            del os.environ[name]
        os.environ |= hidden


def _with_packages(moto: WSGIApplication) -> WSGIApplication:
    """Serve what is missing in moto: the packages, where its GetFunction says that they are."""

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").startswith("awslambda-"):
            # WSGI gives the bytes of the path as if they were ISO-8859-1 (PEP 3333).
            path = environ["PATH_INFO"].encode("iso-8859-1").decode("utf-8")
            return _package(path.removeprefix("/"), start)
        return moto(environ, start)

    return application


def _package(key: str, start: StartResponse) -> list[bytes]:
    from moto.awslambda.models import lambda_backends

    functions: Iterable[Any] = lambda_backends[ACCOUNT][REGION].list_functions()
    for function in functions:
        if key == function.code["S3Key"]:
            start("200 OK", [("Content-Length", str(len(function.code_bytes)))])
            return [function.code_bytes]
    start("404 Not Found", [])
    return []
