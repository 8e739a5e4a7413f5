"""Run a handler on this machine, with the language's own runtime."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from packager import subprocesses, workspace
from packager.errors import DeployError
from packager.local import interpreters
from packager.local.environment import BOOTSTRAP, LocalFunction
from packager.local.handlers import Handler, Language
from packager.local.relay import Relay
from packager.package import exec_wrapper
from packager.progress import Progress

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_LARGEST_RESPONSE = 6 << 20

_INSTALL_SDK = {
    "node": "npm install --save-dev with the package named above",
    "python": "pip install boto3",
    "java": "add the SDK to the jar, because Lambda's Java runtimes do not have it",
}

# How long a handler runs between two looks at whether to stop it, in seconds.
_PAUSE = 0.1

# The exit status of the bootstraps if the handler failed; the response file then holds its error.
_FAILED = 1


def invoke(
    handler: Handler,
    task: Path,
    event: bytes,
    *,
    timeout: float,
    function: LocalFunction | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Run `handler` of the package unpacked in `task` for `event`; return its response.

    The response is JSON, unless the handler streams it. The handler's output goes to stderr. The
    handler has the environment that Lambda sets, not that of this process. When it ends, the
    processes that it has started are killed.

    Raises DeployError for a handler that fails, or takes more than `timeout` seconds, and any
    exception that `progress` raises to stop it.
    """
    function, progress = function or LocalFunction(), progress or Progress()
    task = task.resolve()
    interpreter = interpreters.find(handler.language, function.runtime, function.architecture)
    if interpreter.difference:
        progress.note(f"the handler runs on this machine: {interpreter.difference}")
    command = _command(handler.language, interpreter.path, task)
    environment = function.environment(handler, task)
    environment["PATH"] = os.pathsep.join([str(Path(command[0]).parent), os.defpath])
    if function.has_exec_wrapper:
        command.insert(0, str(task / exec_wrapper.NAME))
    with workspace.private_folder() as folder:
        response = folder / "response"
        command += [str(response), str(int((time.time() + timeout) * 1000))]
        if handler.language == "python":
            command += sys.path
        output = Relay({str(task): str(function.app.resolve())} if function.app else {})
        wait = partial(_wait, event=event, timeout=timeout, progress=progress)
        status = _run(command, task, environment, output, wait)
        text = _read(response)
    if len(text) > _LARGEST_RESPONSE:
        raise DeployError(
            f"The handler {handler.name} returned more than 6 MB, which Lambda refuses.",
            "Return less data, or a link to it.",
        )
    if status == 0 and text:
        return text
    raise _error(handler, status, text, timeout, output)


def _read(response: Path) -> bytes:
    """Read the response file; without following a link, or waiting for a pipe in its place."""
    try:
        opened = os.open(response, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return b""
    with os.fdopen(opened, "rb") as file:
        return file.read(_LARGEST_RESPONSE + 1)


def _command(language: Language, program: str, task: Path) -> list[str]:
    match language:
        case "node":
            return [program, str(BOOTSTRAP / "invoke.mjs")]
        case "python":
            # Isolated, so that it can import only modules of the package and of the runtime.
            options = ["-I", "-S", "-B", "-u", "-X", "utf8"]
            return [program, *options, str(BOOTSTRAP / "invoke.py")]
        case "java":
            classes = os.pathsep.join([str(task), str(task / "lib" / "*")])
            # As in Lambda: for one invocation, further compilation takes longer than it saves.
            options = ["-cp", classes, "-XX:TieredStopAtLevel=1"]
            utf8 = [f"-D{of}.encoding=UTF-8" for of in ("file", "stdout", "stderr")]
            return [program, *options, *utf8, str(BOOTSTRAP / "InvokeHandler.java")]


def _run(
    command: list[str],
    task: Path,
    environment: dict[str, str],
    output: Relay,
    wait: Callable[[subprocess.Popen[bytes]], int | None],
) -> int | None:
    """Run a bootstrap, and kill all its processes at the end; return the result of `wait`."""
    with (
        output.opened() as pipe,
        subprocesses.running_with_descendants(
            command, cwd=task, env=environment, stdin=subprocess.PIPE, stdout=pipe, stderr=pipe
        ) as process,
    ):
        return wait(process)


def _wait(
    process: subprocess.Popen[bytes], event: bytes, timeout: float, progress: Progress
) -> int | None:
    """Send the event and wait for the end; return the exit status, None for a time-out."""
    end = time.monotonic() + timeout
    data: bytes | None = event  # It is sent only once, though the loop waits many times.
    while (left := end - time.monotonic()) > 0:
        try:
            process.communicate(data, min(left, _PAUSE))
        except subprocess.TimeoutExpired:
            data = None
            progress.meanwhile()
        else:
            return process.returncode
    return None


def _error(
    handler: Handler, status: int | None, text: bytes, timeout: float, output: Relay
) -> DeployError:
    name = handler.name
    if status is None:
        return DeployError(
            f"The handler {name} did not return within {timeout:g} s.",
            "Allow more time with --timeout. The handler was stopped.",
        )
    if status == _FAILED and text:
        error = text.decode("utf-8", "replace")
        hint = "Its output is above."
        if output.lacks_sdk:
            hint = (
                "Lambda's runtime has the AWS SDK, but this machine does not. Install it here:"
                f" {_INSTALL_SDK[handler.language]}."
            )
        return DeployError(f"The handler {name} failed: {error}.", hint)
    return DeployError(
        f"The handler {name} ended its process (exit status {status}) and returned nothing.",
        "Its output is above.",
    )
