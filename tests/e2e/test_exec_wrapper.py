"""Handlers that read real environment variables, in AWS's runtimes behind AWS's emulator."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.package import exec_wrapper
from tests.conftest import requires
from tests.e2e.runtimes import tools
from tests.e2e.test_real_runtimes import runtime

SOURCES = Path(__file__).parent / "environment"

LANGUAGES = {
    "python": (requires("go"), "handler.main"),
    "node": (requires("go", "node", "npm"), "index.main"),
    "java": (requires("go", "java", "javac", "mvn"), "Environment::main"),
}

PATIENCE = 60


def config() -> dict[str, str]:
    """600 variables of 60 KB in all, beyond what Lambda's own environment takes."""
    texts = ["plain", "Grüße 🎈", "two\nlines\r\n", "it's $HOME `id` \\\\", '"quoted"', " blanks "]
    return {
        f"CONFIG_{number:03}": f"{texts[number % len(texts)]}{number}".ljust(90, ".")
        for number in range(600)
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def emulated(language: str, task: Path, log: Path) -> Iterator[str]:
    """Run AWS's emulator with the runtime; give the URL that invokes the function."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "en_US.UTF-8",  # as AWS's images say, where that locale is not installed
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(task),
        "AWS_LAMBDA_EXEC_WRAPPER": str(task / exec_wrapper.NAME),
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "CONFIG_000": "set by the platform",
    }
    handler = LANGUAGES[language][1]
    command = [
        *(str(tools.emulator()), "--log-level", "warn"),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
        *(str(SOURCES / "bootstrap"), *runtime(language, task), handler),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=task, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()


def invoke(url: str, event: object) -> dict[str, str]:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, json.dumps(event).encode(), timeout=PATIENCE) as found:
                answer: dict[str, str] = json.load(found)
                return answer
        except (ConnectionError, urllib.error.URLError):
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.mark.parametrize(
    "language", [pytest.param(name, marks=marks[0]) for name, marks in LANGUAGES.items()]
)
def test_a_handler_that_knows_nothing_of_the_packager_has_every_config_var(
    language: str, tmp_path: Path
) -> None:
    """600 of them, 60 KB in all; what the platform has set takes precedence."""
    task = shutil.copytree(SOURCES, tmp_path / "task")
    if language == "java":
        subprocess.run(["javac", "-d", task, task / "Environment.java"], check=True)
    script = task / exec_wrapper.NAME
    script.write_bytes(exec_wrapper.write(config()).content)
    script.chmod(exec_wrapper.MODE)
    log = tmp_path / "log"
    with emulated(language, task, log) as url:
        found = invoke(url, {"prefix": "CONFIG_"})
    assert found == config() | {"CONFIG_000": "set by the platform"}, log.read_text()[-2000:]
