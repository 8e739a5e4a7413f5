"""A real Lambda and S3 API over HTTP for the tests, and functions that run commands against it."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import io
import logging
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from tests import forks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REGION = "eu-west-1"
ACCOUNT = "123456789012"
KEY_ID, SECRET_KEY = "invented-key-id", "invented-secret-key"

# Neither boto3's default session nor a client's classes of exceptions are made for several threads.
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class Service:
    """moto's server in this process."""

    url: str

    @functools.cache  # noqa: B019 - a service lasts as long as the tests
    def client(self, name: str) -> Any:
        """Return a client for the service's Lambda, S3 or IAM."""
        with _ONE_AT_A_TIME:
            return boto3.client(
                name,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=KEY_ID,
                aws_secret_access_key=SECRET_KEY,
            )

    def create_function(
        self, name: str, runtime: str = "provided.al2023", handler: str = "index.handler"
    ) -> None:
        """Create a function with an empty package; the default runtime and handler suit any app."""
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime=runtime,
            Handler=handler,
            Role=self._role(),
            Code={"ZipFile": _EMPTY_PACKAGE},
        )

    def stored(self, name: str) -> bytes:
        """Return a function's deployment package as the service stores it."""
        from moto.awslambda.models import lambda_backends

        return bytes(lambda_backends[ACCOUNT][REGION].get_function(name).code_bytes)

    @contextlib.contextmanager
    def dropping(self) -> Iterator[None]:
        """Delete the functions and buckets that are created in the block, with their contents."""
        from moto.awslambda.models import lambda_backends
        from moto.s3.models import s3_backends

        functions = lambda_backends[ACCOUNT][REGION]
        buckets = s3_backends[ACCOUNT]["aws"].buckets
        old_functions = {function.function_name for function in functions.list_functions()}
        old_buckets = set(buckets)
        yield
        new = {function.function_name for function in functions.list_functions()} - old_functions
        for name in new | (set(buckets) - old_buckets):
            self.delete(name)

    def delete(self, name: str) -> None:
        """Delete the function and the bucket with this name, if they exist, and free the memory."""
        from moto.awslambda.models import lambda_backends
        from moto.s3.models import s3_backends

        functions = lambda_backends[ACCOUNT][REGION]
        size = 0
        for function in functions.list_functions():
            if function.function_name == name:
                size = len(function.code_bytes)
                functions.delete_function(name)
        bucket = s3_backends[ACCOUNT]["aws"].buckets.pop(name, None)
        # Reference cycles keep packages in memory until the garbage collector runs.
        if bucket or size > 1 << 20:
            gc.collect()

    def settings(self, function: str) -> dict[str, str]:
        """Return the packager's settings for deploys to `function` of this service."""
        return {
            "_LAMBDA_FUNCTION_ARN": function,
            "_AWS_ACCESS_KEY_ID": KEY_ID,
            "_AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "_AWS_DEFAULT_REGION": REGION,
            "_AWS_ENDPOINT_URL": self.url,
        }

    @functools.cache  # noqa: B019
    def _role(self) -> str:
        iam = self.client("iam")
        with _ONE_AT_A_TIME, contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")
        return str(iam.get_role(RoleName="role")["Role"]["Arn"])


def _zip_of(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


_EMPTY_PACKAGE = _zip_of("index.js", b"")


@contextlib.contextmanager
def running() -> Iterator[Service]:
    """Run the service on a free loopback port."""
    from moto.awslambda.models import LambdaFunction
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from moto.s3.models import FakeKey, FakeMultipart
    from werkzeug.serving import make_server

    # moto keeps every object ever created in these lists, including deleted packages.
    models: list[Any] = [LambdaFunction, FakeKey, FakeMultipart]
    for model in models:
        model.instances_tracked = deque(maxlen=0)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = _closed_to_web_pages(DomainDispatcherApplication(create_backend_app))
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Service(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()


def _closed_to_web_pages(moto: WSGIApplication) -> WSGIApplication:
    """Refuse requests from web pages, unsigned requests, and requests to moto's own API."""

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        is_signed = "HTTP_AUTHORIZATION" in environ
        if (
            not is_signed
            or "HTTP_ORIGIN" in environ
            or environ["PATH_INFO"].startswith("/moto-api")
        ):
            start("403 Forbidden", [("Content-Length", "0")])
            return []
        return moto(environ, start)

    return application


def command(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    temporary: Path | None = None,
    timeout: float = 120,
    stdin: int | None = None,
    preexec: Callable[[], None] | None = None,
    on_dyno: bool = True,
    piped: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `packager` as a process whose environment is `env` plus the minimum it needs to start.

    `on_dyno` selects the environment of a dyno or of a laptop.
    """
    environment = bare_environment(temporary) | dict(env or {})
    if not on_dyno:
        del environment["DYNO"]
    if forks.can_run(environment) and (preexec, stdin) == (None, None):
        return _forked([*map(str, arguments)], environment, cwd, piped, timeout)
    return subprocess.run(
        [sys.executable, "-m", "packager", *map(str, arguments)],
        env=environment,
        input=piped,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=stdin,
        check=False,
        preexec_fn=preexec,
    )


def _forked(
    arguments: list[str], env: dict[str, str], cwd: Path | None, piped: str | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    with (
        tempfile.TemporaryFile("w+") as stdin,
        tempfile.TemporaryFile("w+") as stdout,
        tempfile.TemporaryFile("w+") as stderr,
    ):
        stdin.write(piped or "")
        stdin.seek(0)
        files = stdin.fileno(), stdout.fileno(), stderr.fileno()
        process = forks.Process(arguments, env=env, files=files, cwd=cwd)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(arguments, status, stdout.read(), stderr.read())


# Looked up before the fork: a thread of the service that runs in this process may hold the dynamic
# linker's lock, and after the fork nothing releases it. Only Linux has prctl.
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)


def bound_by_permissions() -> None:
    """Give root the rights of an ordinary user, before an exec (prctl(2), PR_CAPBSET_DROP)."""
    for capability in (*range(8), *range(9, 41), 8):  # CAP_SETPCAP (8) allows this: last
        assert _PRCTL
        _PRCTL(24, capability, 0, 0, 0)


def bare_environment(temporary: Path | None = None) -> dict[str, str]:
    """Return the minimum that a process needs to start; its temporary files go to `temporary`.

    It is the environment of a dyno: the process's variables are its config.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DYNO": "run.1"} | ({"TMPDIR": str(temporary)} if temporary else {})
