"""The embedded Lambda service: moto's backends, called in this process, without any port."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import io
import json
import logging
import os
import threading
import urllib.parse
import zipfile
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.config.setting_values import FunctionReference
from packager.config.settings import Credentials, Settings
from packager.errors import DeployError, PackagerError
from packager.local.task import unpack

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

REGION, ACCOUNT = "us-east-1", "123456789012"

# moto does not check these. boto3 signs with them, so it does not look for the user's own.
CREDENTIALS = Credentials("local", "local", "local")

# Names under .invalid never resolve (RFC 6761), so a request can never leave this process.
_HOST = "local.invalid"

# moto selects the service by the host of a request.
_HOSTS = {
    "lambda": f"lambda.{REGION}.amazonaws.com",
    "s3": f"s3.{REGION}.amazonaws.com",
    "iam": "iam.amazonaws.com",
}

_AWS_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


class LocalLambda:
    """Lambda's API for boto3 clients of this process that `respond` is registered with.

    Its functions exist until the process ends.
    """

    def __init__(self) -> None:
        """Load moto. Raises PackagerError if the extra `local` is not installed."""
        self._stubber, self._functions = _moto()
        self._lock = threading.Lock()  # S3 uploads send parts from several threads.

    def settings_for(self, settings: Settings) -> Settings:
        """Return the user's settings, changed to deploy to this service instead of AWS."""
        name = settings.function_name
        ours = dataclasses.replace(
            settings, credentials=CREDENTIALS, profile=None, endpoint_url=f"https://{_HOST}"
        )
        return ours.for_function(FunctionReference(name, name, REGION))

    def respond(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Respond to a request of a boto3 client, in place of the network.

        This is a handler of botocore's event `before-send`, which returns the response.
        """
        service = event_name.split(".")[1]
        request.url = request.url.replace(_HOST, _HOSTS[service], 1)
        if hasattr(request.body, "read"):
            request.body = request.body.read()
        with self._lock:
            response: AWSResponse | None = self._stubber(event_name, request)
        if response is None:  # botocore would then send the request.
            raise DeployError(
                f"The embedded Lambda service does not know the request {event_name}.", _REINSTALL
            )
        return response

    def ensure_function(
        self, name: str, *, runtime: str = "provided.al2023", architecture: str = "x86_64"
    ) -> None:
        """Create the function, with an empty package, unless it exists."""
        self._ensure_role()
        description = {
            "FunctionName": name,
            "Runtime": runtime,
            "Role": _ROLE,
            "Handler": "chosen.later",
            "Architectures": [architecture],
            "Code": {"ZipFile": base64.b64encode(_empty_zip()).decode("ascii")},
        }
        self._create("lambda.CreateFunction", "POST", "/2015-03-31/functions", description)

    def ensure_bucket(self, name: str) -> None:
        """Create the S3 bucket for large packages, unless it exists."""
        self._create("s3.CreateBucket", "PUT", f"/{name}")

    def download(self, name: str, folder: Path, code_sha256: str) -> None:
        """Unpack the function's package, which must have this CodeSha256, into `folder`.

        Raises DeployError for another package or none, and ArchiveError for a package that Lambda
        could not unpack.
        """
        functions = self._functions.list_functions()
        packages = [one.code_bytes for one in functions if one.function_name == name]
        if not packages:
            raise DeployError(
                f"The embedded Lambda service has no function {name}.", "Deploy it first."
            )
        found = base64.b64encode(hashlib.sha256(packages[0]).digest()).decode("ascii")
        if found != code_sha256:
            raise DeployError(
                f"The embedded Lambda service has another package of {name} than the one sent:"
                f" its CodeSha256 is {found}, not {code_sha256}.",
                "Deploy again. The handler was not run.",
            )
        unpack(io.BytesIO(packages[0]), folder)

    def _ensure_role(self) -> None:
        """Create the role that every function must have, unless it exists."""
        query = {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "local"}
        body = urllib.parse.urlencode(query | {"AssumeRolePolicyDocument": "{}"})
        self._create("iam.CreateRole", "POST", "/", body)

    def _create(
        self, action: str, method: str, path: str, body: str | Mapping[str, object] = ""
    ) -> None:
        """Create something with a request; it may exist already."""
        # Without boto3's clients, which take half a second to load the models of IAM and S3.
        from botocore.awsrequest import AWSRequest

        service, operation = action.split(".")
        scope = f"{CREDENTIALS.access_key_id}/20000101/{REGION}/{service}/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if not isinstance(body, str):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        url = f"https://{_HOST}{path}"
        request = AWSRequest(method, url, headers, data=body.encode()).prepare()
        status = self.respond(f"before-send.{action}", request).status_code
        if status not in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.CONFLICT):
            raise DeployError(
                f"The embedded Lambda service responds to {operation} with status {status}.",
                _REINSTALL,
            )


_ROLE = f"arn:aws:iam::{ACCOUNT}:role/local"
_REINSTALL = "Its version of moto may be too new or too old: install the extra `local` again."


def _empty_zip() -> bytes:
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    return empty.getvalue()


def _moto() -> tuple[Any, Any]:
    """Return moto's stubber, which responds to botocore's requests, and the functions' backend."""
    try:
        with _without_the_users_settings():
            from moto.awslambda.models import lambda_backends
            from moto.core.botocore_stubber import BotocoreStubber
            from moto.moto_api import recorder

            functions = lambda_backends[ACCOUNT][REGION]
    except ImportError as error:
        raise PackagerError(
            f"--local needs the module {error.name}, which is not installed.",
            "pip install 'heroku-lambda-packager[local]'",
        ) from error
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    stubber = BotocoreStubber()
    stubber.enabled = True
    recorder.stop_recording()
    return stubber, functions


@contextlib.contextmanager
def _without_the_users_settings() -> Iterator[None]:
    """Hide the user's settings for AWS and moto from moto.

    moto asks boto3 for all regions, which fails if the profile does not exist. It might also record
    all requests in a file.
    """
    hidden = {
        name: os.environ.pop(name)
        for name in list(os.environ)
        if name.startswith(("AWS_", "MOTO_"))
    }
    os.environ |= dict.fromkeys(_AWS_FILES, os.devnull)
    try:
        yield
    finally:
        for name in _AWS_FILES:
            del os.environ[name]
        os.environ |= hidden
