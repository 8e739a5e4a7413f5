"""What a command deploys to: a function in AWS, or one on this machine."""

from __future__ import annotations

import contextlib
import platform
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from packager import apps
from packager.aws.lambda_function import LambdaFunction
from packager.config.inputs import Config
from packager.config.setting_values import FunctionReference
from packager.errors import InputError
from packager.function import Function


@dataclass(frozen=True)
class Target:
    """The function; and, on this machine, a way to `run` its handler.

    `run` takes a new private folder and the CodeSha256 of the package that was deployed.
    """

    config: Config
    function: Function
    run: Callable[[Path, str], str] | None = None

    @property
    def name(self) -> str:
        """The function's bare name."""
        return self.config.settings.function_name


@contextlib.contextmanager
def in_aws(config: Config, timeout: float) -> Iterator[Target]:
    """Deploy to the function that the settings name."""
    yield Target(config, LambdaFunction(config.settings, timeout=timeout, hide=config.hide))


@contextlib.contextmanager
def on_this_machine(config: Config, app: Path, event: str, timeout: float) -> Iterator[Target]:
    """Deploy to an embedded Lambda service.

    The function is named by the settings, or else as the app's folder.
    """
    # Here, as deploys to AWS do without its service.
    from packager.local import LocalLambda, find_handler, invoke

    settings = config.settings
    resolved = apps.resolve(app, settings)
    runtime = settings.runtime or resolved.local_runtime
    architecture = settings.architecture or _architecture()
    if settings.function is None:
        name = re.sub(r"[^a-zA-Z0-9_-]+", "-", app.resolve().name)[:64] or "function"
        settings = replace(settings, functions=(FunctionReference(name, name),))
    service = LocalLambda()
    settings = service.settings_for(settings)
    service.ensure_function(settings.function_name, runtime=runtime, architecture=architecture)
    if settings.s3_bucket:
        service.ensure_bucket(settings.s3_bucket)

    def run(folder: Path, code_sha256: str) -> str:
        task = folder / "task"
        service.download(settings.function_name, task, code_sha256)
        found = find_handler(task, settings.handler, resolved.language)
        answer = invoke(
            found, task, event.encode(), timeout=timeout, function=settings.function_name
        )
        return answer.decode("utf-8", "replace")

    function = LambdaFunction(settings, timeout=timeout, hide=config.hide, respond=service.respond)
    yield Target(replace(config, settings=settings), function, run)


def open_target(
    config: Config,
    app: Path,
    *,
    local: bool,
    event: str | None,
    timeout: float,
) -> contextlib.AbstractContextManager[Target]:
    """Choose between the two as the options `--local` and `--invoke` say."""
    if local:
        return on_this_machine(config, app, event or "{}", timeout)
    if event:
        raise InputError("--invoke needs --local.", "Add --local, or remove it.")
    return in_aws(config, timeout)


def _architecture() -> str:
    """Name this machine's processor as Lambda does."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
