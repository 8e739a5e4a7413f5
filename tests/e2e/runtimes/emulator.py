"""AWS's own runtimes behind AWS's runtime interface emulator, which replaces Lambda."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.runtimes import tools

# Maximum seconds that a runtime may take to start on a busy machine.
PATIENCE = 120


def runtime(language: str, task: Path) -> list[str]:
    """Return the command that starts a runtime; the handler is its last argument."""
    if language == "node":
        return ["node", str(tools.node_client())]
    if language == "java":
        classes = os.pathsep.join([str(task), str(tools.java_client() / "*")])
        main = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"
        return ["java", "-cp", classes, main]
    folders = [str(task), str(tools.python_client())]
    start = f"import sys; sys.path[:0] = {folders}"
    main = "from awslambdaric.__main__ import main; main(sys.argv)"
    # Isolated, so that only the package and the runtime can be imported.
    return [sys.executable, "-I", "-S", "-c", f"{start}; {main}"]


@dataclass(frozen=True)
class Emulator:
    """A running emulator, and the file with its and the runtime's output."""

    url: str
    log: Path

    def invoke(self, event: object) -> object:
        """Invoke the function; return the handler's response."""
        end = time.monotonic() + PATIENCE
        body = json.dumps(event).encode()
        while True:
            try:
                with urllib.request.urlopen(self.url, body, timeout=PATIENCE) as response:
                    return json.load(response)
            except (ConnectionError, urllib.error.URLError):
                # The emulator does not listen yet.
                assert time.monotonic() < end, self.log.read_text()[-2000:]
                time.sleep(0.1)


@contextlib.contextmanager
def emulated(
    command: Sequence[str], handler: str, task: Path, environment: Mapping[str, str], log: Path
) -> Iterator[Emulator]:
    """Run `command` as the runtime of a function, in an environment that equals Lambda's."""
    port, api_port = _free_ports(2)
    lambda_environment = {
        "PATH": os.environ["PATH"],
        "LAMBDA_TASK_ROOT": str(task),
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_REGION": "eu-west-1",
    }
    arguments = [
        *(str(tools.emulator()), "--log-level", "warn"),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{api_port}"),
        *(*command, handler),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments,
            cwd=task,
            env=lambda_environment | dict(environment),
            stdout=output,
            stderr=output,
        )
        try:
            yield Emulator(
                f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", log
            )
        finally:
            process.terminate()  # the emulator ends the runtime, which has its own process group
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()


def _free_ports(count: int) -> list[int]:
    """Return free loopback ports; they are found at the same time, so that they differ."""
    with contextlib.ExitStack() as probes:
        found = []
        for _ in range(count):
            probe = probes.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            found.append(int(probe.getsockname()[1]))
        return found
