"""Run a Python handler once, as Lambda's own runtime would.

python -I -S -u invoke.py RESPONSE DEADLINE SITE_PACKAGES… < event

RESPONSE is the file for the handler's response (exit status 0) or the name of its error (exit
status 1); DEADLINE is in milliseconds since 1970. _HANDLER and LAMBDA_TASK_ROOT name the handler;
https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html describes how to find it.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

# https://docs.aws.amazon.com/lambda/latest/dg/python-package.html: the runtime includes boto3 and
# its dependencies. Everything else must be in the package.
_IN_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


class HandlerNotFound(Exception):  # noqa: N818 - as Lambda's own runtimes name it.
    """The package does not contain the handler."""


class _RuntimeModules:
    """Finds modules of the runtime, unless the package has its own."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None and name in _IN_THE_RUNTIME:
            return PathFinder.find_spec(name, self._folders, target)
        return None


class _Context:
    """The second argument: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
    memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
    log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
    invoked_function_arn = os.environ["PACKAGER_FUNCTION_ARN"]
    aws_request_id = os.environ["PACKAGER_REQUEST_ID"]
    identity = None
    client_context = None

    def __init__(self, deadline: int) -> None:
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self._deadline - int(time.time() * 1000))


def _find_handler(string: str) -> Callable[[object, _Context], Any]:
    name, _, function = string.rpartition(".")
    if not name or not function:
        raise HandlerNotFound(f"{string} is not of the form module.function")
    name = name.replace("/", ".")
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise HandlerNotFound(f"The package has no module {name}") from None
    if not hasattr(module, function):
        raise HandlerNotFound(f"{name} has no function {function}")
    handler: Callable[[object, _Context], Any] = getattr(module, function)
    return handler


def _main(response_file: str, deadline: str, *site_packages: str) -> int:
    sys.meta_path.append(_RuntimeModules(site_packages))
    try:
        handler = _find_handler(os.environ["_HANDLER"])
        response = handler(json.load(sys.stdin), _Context(int(deadline)))
        Path(response_file).write_bytes(json.dumps(response, ensure_ascii=False).encode())
    except Exception as error:
        if isinstance(error, HandlerNotFound):
            # The location in this file does not help the user.
            error = error.with_traceback(None)
        traceback.print_exception(error)
        Path(response_file).write_text(type(error).__name__)
        return 1
    return 0


# Lambda stops at the response, too, whatever threads the handler has left running.
os._exit(_main(*sys.argv[1:]))
