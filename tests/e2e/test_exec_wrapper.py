"""Handlers that read real environment variables, in AWS's runtimes behind AWS's emulator."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from packager.package import exec_wrapper
from tests.commands import run
from tests.conftest import requires
from tests.e2e.runtimes.emulator import emulated, runtime

SOURCES = Path(__file__).parent / "environment"

LANGUAGES = {
    "python": (requires("go"), "handler.main"),
    "node": (requires("go", "node", "npm"), "index.main"),
    "java": (requires("go", "java", "javac", "mvn"), "Environment::main"),
}


def config() -> dict[str, str]:
    """Return 600 variables of 60 KB in total, more than Lambda's own environment can hold."""
    texts = ["plain", "Grüße 🎈", "two\nlines\r\n", "it's $HOME `id` \\\\", '"quoted"', " blanks "]
    return {
        f"CONFIG_{number:03}": f"{texts[number % len(texts)]}{number}".ljust(90, ".")
        for number in range(600)
    }


@pytest.mark.parametrize(
    "language", [pytest.param(name, marks=marks[0]) for name, marks in LANGUAGES.items()]
)
def test_a_handler_that_does_not_know_the_packager_finds_every_config_var(
    language: str, tmp_path: Path
) -> None:
    """600 config vars of 60 KB arrive; platform variables take precedence."""
    task = shutil.copytree(SOURCES, tmp_path / "task")
    if language == "java":
        run("javac", "-d", task, task / "Environment.java")
    script = task / exec_wrapper.NAME
    script.write_bytes(exec_wrapper.write(config()).content)
    script.chmod(exec_wrapper.MODE)
    environment = {
        "LANG": "en_US.UTF-8",  # set in AWS's images, which lack this locale
        "TZ": ":UTC",
        "AWS_LAMBDA_EXEC_WRAPPER": str(script),
        "CONFIG_000": "set by the platform",
    }
    start = [str(SOURCES / "bootstrap"), *runtime(language, task)]
    handler = LANGUAGES[language][1]
    with emulated(start, handler, task, environment, tmp_path / "log") as emulator:
        found = emulator.invoke({"prefix": "CONFIG_"})
    assert found == config() | {"CONFIG_000": "set by the platform"}
