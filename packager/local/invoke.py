"""Runs a handler on this machine, by the language's own runtime."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
import uuid
from pathlib import Path

from packager import subprocesses, workspace
from packager.errors import DeployError
from packager.local.handlers import Handler, Language
from packager.local.service import ACCOUNT, CREDENTIALS, REGION

_BOOTSTRAP = Path(__file__).with_name("bootstrap")
_STDERR = 2

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_LARGEST_RESPONSE = 6 << 20

# The status by which the bootstraps say that the handler failed: its error is in the answer's file.
_FAILED = 1


def invoke(
    handler: Handler, task: Path, event: bytes, *, timeout: float, function: str = "function"
) -> bytes:
    """Run `handler` of the package unpacked in `task` for `event`; give its answer, which is JSON.

    What the handler writes goes to our stderr. It has the environment that Lambda gives, none of
    ours, and what it starts does not outlive it. Raises DeployError for a handler that fails, or
    takes more than `timeout` seconds.
    """
    task = task.resolve()
    command = _command(handler.language, task)
    environment = _environment(handler, task, function)
    environment["PATH"] = os.pathsep.join([str(Path(command[0]).parent), os.defpath])
    with workspace.private_folder() as folder:
        answer = folder / "answer"
        command += [str(answer), str(int((time.time() + timeout) * 1000))]
        if handler.language == "python":
            command += sys.path
        status = _run(command, event, task, environment, timeout)
        text = _read(answer)
    if len(text) > _LARGEST_RESPONSE:
        raise DeployError(
            f"The handler {handler.name} returned more than 6 MB, which Lambda refuses.",
            "Return less, or a link to it.",
        )
    if status == 0 and text:
        return text
    raise _error(handler, status, text, timeout)


def _read(answer: Path) -> bytes:
    """Read what the handler returned, if it is a file: no link, and no pipe to wait for."""
    try:
        opened = os.open(answer, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return b""
    with os.fdopen(opened, "rb") as file:
        return file.read(_LARGEST_RESPONSE + 1)


def _command(language: Language, task: Path) -> list[str]:
    match language:
        case "node":
            return [_program("node"), str(_BOOTSTRAP / "invoke.mjs")]
        case "python":
            # Isolated, so that only the package's own modules and the runtime's are there.
            options = ["-I", "-S", "-B", "-u", "-X", "utf8"]
            return [sys.executable, *options, str(_BOOTSTRAP / "invoke.py")]
        case "java":
            classes = os.pathsep.join([str(task), str(task / "lib" / "*")])
            # As in Lambda itself: compiling further does not pay for one invocation.
            options = ["-cp", classes, "-XX:TieredStopAtLevel=1"]
            utf8 = [f"-D{of}.encoding=UTF-8" for of in ("file", "stdout", "stderr")]
            return [_program("java"), *options, *utf8, str(_BOOTSTRAP / "InvokeHandler.java")]


def _program(name: str) -> str:
    home = os.environ.get("JAVA_HOME") if name == "java" else None
    program = (home and shutil.which(name, path=Path(home, "bin"))) or shutil.which(name)
    if program is None:
        raise DeployError(
            f"There is no program {name} on this machine.",
            "The package is deployed; to run its handler, install one and put it on the PATH.",
        )
    return program


def _environment(handler: Handler, task: Path, function: str) -> dict[str, str]:
    """Give the variables of a handler in Lambda.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html; the last three keep a
    library from the credentials of whoever runs this.
    """
    return {
        "_HANDLER": handler.name,
        "LAMBDA_TASK_ROOT": str(task),
        "LAMBDA_RUNTIME_DIR": str(_BOOTSTRAP),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{handler.language}",
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
        "AWS_SESSION_TOKEN": CREDENTIALS.session_token or "",
        "PACKAGER_FUNCTION_ARN": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}",
        "PACKAGER_REQUEST_ID": str(uuid.uuid4()),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _run(
    command: list[str], event: bytes, task: Path, environment: dict[str, str], timeout: float
) -> int | None:
    """Run a bootstrap, and leave nothing running; give its exit status, None for no end in time."""
    with subprocesses.running_with_descendants(
        command, cwd=task, env=environment, stdin=subprocess.PIPE, stdout=_STDERR
    ) as process:
        try:
            process.communicate(event, timeout)
        except subprocess.TimeoutExpired:
            return None
    return process.returncode


def _error(handler: Handler, status: int | None, text: bytes, timeout: float) -> DeployError:
    name = handler.name
    if status is None:
        return DeployError(
            f"The handler {name} has not answered after {timeout:g} s.",
            "It was stopped. Give it longer by --timeout.",
        )
    if status == _FAILED and text:
        error = text.decode("utf-8", "replace")
        return DeployError(f"The handler {name} failed: {error}.", "What it wrote stands above.")
    return DeployError(
        f"The handler {name} ended its process (exit status {status}) and did not answer.",
        "What it wrote stands above.",
    )
