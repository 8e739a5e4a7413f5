"""`packager watch`: a deploy at each change of the app."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.watch_view import Run, WatchView
from packager.config import Config
from packager.errors import PackageError, PackagerError
from packager.progress import Progress

if TYPE_CHECKING:
    from packager.cli.target import Target
    from packager.watch.relevance import Relevance

# After a signal, for everything to be cleared away in good order.
_SECONDS_TO_END = 0.8


@click.command()
@options.app_folder
@click.option("--build", "command", metavar="COMMAND", help="Run this before each packaging.")
@click.option(
    "--path",
    "more",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Watch this file or folder, too; can be given several times.",
)
@click.option(
    "--ignore",
    "less",
    metavar="PATTERN",
    multiple=True,
    help="Do not watch what this pattern, as in .gitignore, matches; can be given several times.",
)
@click.option(
    "--quiet-time",
    metavar="MS",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Deploy when nothing has changed for so many milliseconds.",
)
@options.variables
@options.package
@options.function
@options.timeout
@options.local
@options.output
def watch(
    app: Path,
    command: str | None,
    more: tuple[Path, ...],
    less: tuple[str, ...],
    quiet_time: int,
    env_file: Path | None,
    profile: str | None,
    timeout: float,
    local: bool,
    event: str | None,
    handler: str | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Deploy the app now, and again at each change of its files, until Ctrl-C."""
    # Here, as `--help` does without.
    from packager import workspace
    from packager.cli.target import open_target
    from packager.watch import build
    from packager.watch.outputs import Outputs
    from packager.watch.scope import scope
    from packager.watch.session import Session

    app = app.resolve()
    if not app.is_dir():
        raise PackageError(f"There is no folder {app}.", "Give the folder of the app.")

    def read_config() -> Config:
        return options.read_config(
            settings, env_file=env_file, profile=profile, deploying=not local
        )

    def target(config: Config) -> contextlib.AbstractContextManager[Target]:
        return open_target(config, app, local=local, event=event, handler=handler, timeout=timeout)

    def watched() -> Relevance:
        return scope(
            app,
            read_config().settings,
            env_file=env_file,
            more=more,
            less=less,
            builds=command is not None,
        )

    settings_now = read_config().settings
    archive = settings_now.jar or settings_now.zip
    with (
        workspace.private_folder() as folder,
        ending_within_a_second(folder, may_leave_parts=settings_now.s3_bucket is not None),
        contextlib.closing(
            Deploys(app, folder, read_config, target, timeout, all_watched=not less)
        ) as deploys,
        contextlib.closing(WatchView(as_json=as_json, quiet=quiet, verbose=verbose)) as view,
    ):
        Session(
            app,
            relevance=watched,
            build=partial(build.run, command, app, timeout) if command else None,
            outputs=Outputs([str(app / archive)] if archive else []),
            deploy=deploys.run,
            view=view,
            quiet_time=quiet_time / 1000,
        ).watch()


@contextlib.contextmanager
def ending_within_a_second(folder: Path, *, may_leave_parts: bool) -> Iterator[None]:
    """After a signal, remove the private `folder` and end the process if nothing else does in time.

    Of an upload to S3 under way it `may_leave_parts` in the bucket then, and says so.

    What a signal raises is only raised when the system call that is under way comes back, and the
    resolving of a name may take minutes where there is no network.
    """
    import socket  # here, as below: `--help` is a tenth quicker without

    heard, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno())

    def wait_for_signal() -> None:
        with heard:
            number = heard.recv(1)
        if number:
            time.sleep(_SECONDS_TO_END)
            shutil.rmtree(folder, ignore_errors=True)
            if may_leave_parts:
                click.echo("Interrupted. Parts of a package may be left in the bucket.", err=True)
            os._exit(128 + number[0])

    threading.Thread(target=wait_for_signal, daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        told.close()


class Deploys:
    """Deploys an app again and again, and keeps what can be kept from one time to the next."""

    def __init__(
        self,
        app: Path,
        folder: Path,
        read_config: Callable[[], Config],
        open_target: Callable[[Config], contextlib.AbstractContextManager[Target]],
        timeout: float,
        *,
        all_watched: bool,
    ) -> None:
        """Deploy `app`; make packages in the private `folder`."""
        from packager import bundle  # here, as `--help` does without

        self._app = app
        self._folder = folder
        self._read_config = read_config
        self._open_target = open_target
        self._timeout = timeout
        self._all_watched = all_watched
        self._cache = bundle.CompressionCache()
        self._open = contextlib.ExitStack()
        self._kept: tuple[Config, Target] | None = None

    def run(self, changed: frozenset[str], progress: Progress) -> Run:
        """Deploy the app as it is now, `changed` since the last time."""
        # Here, as `--help` does without.
        import tempfile

        from packager.deploy import deploy

        self._cache.forget(changed)
        if not self._all_watched:
            # What is not watched may have changed as well, without anybody having said so.
            self._cache.selection(self._app, ()).forget([str(self._app)])
        with (
            tempfile.TemporaryDirectory(dir=self._folder) as made,
            self._target(self._read_config()) as target,
        ):
            deployment = deploy(
                self._app,
                target.config,
                target.function,
                Path(made),
                progress,
                timeout=self._timeout,
                cache=self._cache,
            )
            answer, failure = None, None
            if target.run:
                # What the handler does wrong is no reason to deploy it once more.
                try:
                    with progress.stage("invoke", "Invoking the function"):
                        answer = target.run(Path(made))
                except PackagerError as error:
                    failure = error
        return Run(deployment, target.name, answer, failure)

    @contextlib.contextmanager
    def _target(self, config: Config) -> Iterator[Target]:
        """Keep session and client from one run to the next, unless it fails: its credentials may
        have expired, and a new session has new ones.
        """
        if self._kept is None or self._kept[0] != config:
            self.close()
            self._kept = config, self._open.enter_context(self._open_target(config))
        try:
            yield self._kept[1]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of what is kept."""
        self._kept = None
        self._open.close()
