"""The target of a command: functions in AWS, or one on this machine."""

from __future__ import annotations

import contextlib
import functools
import platform
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packager import apps
from packager.config.inputs import Config
from packager.config.setting_values import FunctionReference
from packager.lazy import lazy
from packager.progress import Progress
from packager.release.configuration_in_aws import ConfigurationInAws
from packager.release.destination import Destination

if TYPE_CHECKING:
    from packager.aws import client, lambda_function, storage
    from packager.aws.client import Clients
    from packager.aws.storage import PackageStore
else:
    client = lazy("packager.aws.client")
    lambda_function = lazy("packager.aws.lambda_function")
    storage = lazy("packager.aws.storage")


@dataclass(frozen=True)
class Target:
    """The functions; and, on this machine, a way to `run` the handler of the only one.

    `open` makes the clients of AWS, when it is first called, and may load boto3. `run` takes a new
    private folder and the CodeSha256 of the package that was deployed.
    """

    config: Config
    open: Callable[[], Sequence[Destination]]
    run: Callable[[Path, str, Progress], str] | None = None

    @property
    def name(self) -> str:
        """Return the functions' bare names."""
        return ", ".join(function.name for function in self.config.settings.functions)


@contextlib.contextmanager
def in_aws(config: Config, timeout: float) -> Iterator[Target]:
    """Deploy to the functions that the settings name.

    Raises SettingsError if there are no credentials.
    """
    opened = functools.cache(lambda: open_functions(config, timeout))
    if config.settings.credentials is None:
        opened()  # Without credentials, nothing is packaged.
    yield Target(config, opened)


def open_functions(config: Config, timeout: float) -> Sequence[Destination]:
    """Return the functions that the settings name, with one client for each region."""
    clients: dict[str | None, Clients] = {}
    stores: dict[str | None, PackageStore] = {}
    all_settings = [config.settings.for_function(one) for one in config.settings.functions]
    regions = Counter(own.region for own in all_settings)
    destinations = []
    for own in all_settings:
        if own.region not in clients:
            clients[own.region] = client.Clients(own, timeout=timeout, hide=config.hide)
            if own.s3_bucket:
                stores[own.region] = storage.package_store(
                    own, clients[own.region], regions[own.region]
                )
        function = lambda_function.LambdaFunction(own, clients[own.region], stores.get(own.region))
        destinations.append(Destination(function, own))
    return destinations


@dataclass(frozen=True)
class LocalRun:
    """How to run the handler on this machine: for the `event`, with made-up credentials or the
    user's, and for at most `seconds` (None: as long as the function may run in AWS).
    """

    event: str = "{}"
    with_aws_credentials: bool = False
    seconds: float | None = None


@contextlib.contextmanager
def on_this_machine(config: Config, app: Path, how: LocalRun, timeout: float) -> Iterator[Target]:
    """Deploy to an embedded Lambda service.

    The function is named by the settings, or else as the app's folder.
    """
    # Imported here, because deploys to AWS do not need the local service.
    from packager.local import LocalFunction, LocalLambda, find_handler, invoke
    from packager.local.service import CREDENTIALS, REGION

    settings = config.settings
    users, credentials = None, CREDENTIALS
    if how.with_aws_credentials:
        users = client.Clients(settings, timeout=timeout, hide=config.hide)
        credentials = users.credentials()
    resolved = apps.resolve(app, settings)
    runtime = settings.runtime or resolved.local_runtime
    architecture = settings.architecture or _architecture()
    if settings.function is None:
        name = re.sub(r"[^a-zA-Z0-9_-]+", "-", app.resolve().name)[:64] or "function"
        settings = replace(settings, functions=(FunctionReference(name, name),))
    function = LocalFunction(
        settings.function_name,
        region=settings.region or REGION,
        runtime=settings.runtime,
        architecture=settings.architecture,
        app=None if isinstance(resolved, apps.Archive) else app,
        has_exec_wrapper=bool(settings.exec_wrapper),
        credentials=credentials,
    )
    service = LocalLambda()
    # Not before: the service hides the user's settings for AWS while it loads.
    configuration = ConfigurationInAws(config, users)
    settings = service.settings_for(settings)
    service.ensure_function(settings.function_name, runtime=runtime, architecture=architecture)
    # The settings for releases and for AWS do not apply on this machine.
    settings = replace(settings, alias=None, smoke_event=None, keep_versions=None, kms_key=None)
    if settings.s3_bucket:
        service.ensure_bucket(settings.s3_bucket)

    def run(folder: Path, code_sha256: str, progress: Progress) -> str:
        task = folder / "task"
        service.download(settings.function_name, task, code_sha256)
        state = configuration.get(progress)
        handler = settings.handler or (state.handler if state else None)
        response = invoke(
            find_handler(task, handler, resolved.language),
            task,
            how.event.encode(),
            timeout=how.seconds or (state and state.timeout) or timeout,
            function=replace(function, memory=(state and state.memory) or function.memory),
            progress=progress,
        )
        return response.decode("utf-8", "replace")

    clients = client.Clients(settings, timeout=timeout, hide=config.hide, respond=service.respond)
    store = storage.package_store(settings, clients) if settings.s3_bucket else None
    destination = Destination(lambda_function.LambdaFunction(settings, clients, store), settings)
    yield Target(replace(config, settings=settings), lambda: [destination], run)


def open_target(
    config: Config, app: Path, timeout: float, local: LocalRun | None
) -> contextlib.AbstractContextManager[Target]:
    """Choose this machine for a `local` run, or else AWS."""
    return on_this_machine(config, app, local, timeout) if local else in_aws(config, timeout)


def _architecture() -> str:
    """Return this machine's architecture in Lambda's terms."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
