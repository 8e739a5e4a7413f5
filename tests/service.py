"""A real Lambda and S3 API over HTTP for the tests."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import logging
import threading
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import javaproperties

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

    def create_bucket(self, name: str) -> None:
        """Create an empty bucket."""
        place = {"LocationConstraint": REGION}
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)

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

    def package(self, name: str) -> zipfile.ZipFile:
        """Return a function's deployment package."""
        return zipfile.ZipFile(io.BytesIO(self.stored(name)))

    def config(self, name: str) -> dict[str, str]:
        """Return the config in a function's deployment package."""
        text = self.package(name).read("env.properties").decode("ascii")
        return dict(javaproperties.loads(text))

    def settings(self, function: str, through: str | None = None) -> dict[str, str]:
        """Return the packager's settings for deploys to `function`, through a proxy's URL."""
        return settings_for(function, through or self.url)

    @functools.cache  # noqa: B019
    def _role(self) -> str:
        iam = self.client("iam")
        with _ONE_AT_A_TIME, contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")
        return str(iam.get_role(RoleName="role")["Role"]["Arn"])


def settings_for(functions: str, url: str) -> dict[str, str]:
    """Return the packager's settings for deploys to `functions` of the API at `url`."""
    return {
        "_LAMBDA_FUNCTION_ARN": functions,
        "_AWS_ACCESS_KEY_ID": KEY_ID,
        "_AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "_AWS_DEFAULT_REGION": REGION,
        "_AWS_ENDPOINT_URL": url,
    }


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
    function: Any = LambdaFunction
    function.update_function_code = _refusing_missing_objects(function.update_function_code)
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


def _refusing_missing_objects(update: Callable[..., Any]) -> Callable[..., Any]:
    """Respond as Lambda does if the package is not in S3: moto would empty the function."""
    from moto.awslambda.exceptions import LambdaClientError

    @functools.wraps(update)
    def update_or_refuse(function: Any, specification: dict[str, Any]) -> Any:
        package = {name: value for name, value in vars(function).items() if "code_" in name}
        configuration = update(function, specification)
        if not function.code_bytes:
            vars(function).update(package)
            raise LambdaClientError("InvalidParameterValueException", "S3 Error Code: NoSuchKey.")
        return configuration

    return update_or_refuse


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
