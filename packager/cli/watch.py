"""`packager watch`: deploy the app at each change."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager import signals
from packager.cli import options
from packager.cli.console import show_left
from packager.cli.enter import Enter
from packager.cli.help import Command, examples
from packager.cli.watch_view import new_view
from packager.config.inputs import Config
from packager.errors import PackageError
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager import workspace
    from packager.release import target as targets
    from packager.watch import build, build_products, engine, notify, polling, run, session
    from packager.watch import filter as filters
else:
    workspace = lazy("packager.workspace")
    targets = lazy("packager.release.target")
    build = lazy("packager.watch.build")
    build_products = lazy("packager.watch.build_products")
    engine = lazy("packager.watch.engine")
    notify = lazy("packager.watch.notify")
    polling = lazy("packager.watch.polling")
    run = lazy("packager.watch.run")
    session = lazy("packager.watch.session")
    filters = lazy("packager.watch.filter")

# A signal is the usual end of watch, so the process ends quickly after it.
_SECONDS_TO_END = 0.8


@click.command(
    cls=Command,
    epilog=examples(
        ("packager watch --function my-function --env-file .env", "deploy on each save"),
        ("packager watch --build 'npm run build' --path src", "build before each deploy"),
        ("packager watch --local", "run the handler on this machine on each save"),
        ("packager watch --poll", "in a mount of WSL or Docker Desktop"),
    ),
)
@options.app_folder
@click.option(
    "--build", "command", metavar="COMMAND", help="Run this command before each packaging."
)
@click.option(
    "--path",
    "extra_paths",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Watch this file or folder, too; may be repeated.",
)
@click.option(
    "--ignore",
    "ignore_patterns",
    metavar="PATTERN",
    multiple=True,
    help="Do not watch files that match this pattern (as in .gitignore); may be repeated.",
)
@click.option(
    "--quiet-time",
    metavar="MS",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Deploy after nothing has changed for this many milliseconds.",
)
@click.option(
    "--poll",
    is_flag=True,
    help="Look for changes every second, for file systems that do not report them.",
)
@options.variables
@options.settings("watch")
@options.profile
@options.timeout
@options.local
@options.json_lines
@options.quiet_or_verbose
def watch(
    app: Path,
    command: str | None,
    extra_paths: tuple[Path, ...],
    ignore_patterns: tuple[str, ...],
    quiet_time: int,
    poll: bool,
    env_file: Path | None,
    from_environment: bool,
    profile: str | None,
    timeout: float,
    local: bool,
    event: str | None,
    with_aws_credentials: bool,
    json_lines: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Deploy the app now, and again at each change of its files, until Ctrl-C.

    Enter deploys at once.
    """
    app = Path(os.path.realpath(app))
    if not app.is_dir():
        raise PackageError(f"The folder {app} does not exist.", "Pass the folder of the app.")

    where = options.sources(app, env_file, from_environment)

    def read_config() -> Config:
        return options.read_config(
            where, settings, profile=profile, purpose="local" if local else "deploy"
        )

    how = options.local_run(local, event, with_aws_credentials)

    def target(config: Config) -> contextlib.AbstractContextManager[targets.Target]:
        return targets.open_target(config, app, timeout, how)

    def read_filter() -> filters.Filter:
        config = read_config()
        return filters.new_filter(
            app,
            config.settings,
            env_file=config.env_file,
            extra_paths=extra_paths,
            ignore_patterns=ignore_patterns,
            builds=command is not None,
        )

    signals.end_within(_SECONDS_TO_END)
    enter = Enter()
    settings_now = read_config().settings
    archive = settings_now.jar or settings_now.zip
    with (
        workspace.private_folder(left=show_left) as folder,
        contextlib.closing(
            engine.Deploys(
                app, folder, read_config, target, timeout, all_watched=not ignore_patterns
            )
        ) as deploys,
        contextlib.closing(
            new_view(
                json_lines=json_lines,
                quiet=quiet,
                verbose=verbose,
                notices_enter=enter.file is not None,
            )
        ) as view,
    ):
        for path in () if poll else (app, *extra_paths):
            kind = polling.file_system_without_events(path)
            if kind:
                view.notice(
                    f"{path} is on a file system ({kind}) that may not report changes made outside"
                    " of this system. If a save is not noticed, use --poll."
                )
        session.Session(
            app,
            read_filter=read_filter,
            work=run.Work(
                deploys.run,
                build_products.Outputs([str(app / archive)] if archive else []),
                partial(build.run, command, app, timeout) if command else None,
            ),
            view=view,
            quiet_time=quiet_time / 1000,
            inputs=session.Inputs(polling.Polling if poll else notify.new_watcher, enter),
        ).watch()
