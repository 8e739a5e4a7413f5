"""The command line: the only part that reads arguments, prints, and exits.

Exit status: 0 done · 1 failed · 2 the command line, settings or input is wrong · 128 + the signal's
number if interrupted (130 for Ctrl-C).
"""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import click

from packager import __version__
from packager.cli.console import show_error, show_failure, show_usage_error
from packager.cli.terminal import show
from packager.errors import PackagerError, explained
from packager.lazy import lazy
from packager.signals import Interrupted, end_by_signals

if TYPE_CHECKING:
    import difflib

    from packager.cli import completion
else:
    difflib = lazy("difflib")
    completion = lazy("packager.cli.completion")

# The commands and the first line of their help, so that `packager --help` loads none of them.
_COMMANDS = {
    "build": "Write the deployment package to a file.",
    "completion": "Print the script that completes commands in a shell.",
    "deploy": "Build the deployment package with its config, and deploy it.",
    "env": "List the names of the variables that are packaged.",
    "invoke": "Invoke the function, or its alias: the response on stdout, the log on stderr.",
    "policy": "Print the IAM policy that a deploy with these settings needs.",
    "rollback": "Point the alias back to its previous version.",
    "status": "Show what the functions run, and what a deploy or a rollback would change.",
    "vendor": "Copy the source of a reader into a project.",
    "watch": "Deploy the app now, and again at each change of its files, until Ctrl-C.",
}
_OF_THE_BUILDPACK = ("prebuild",)  # Not shown.

# Nearly all objects live until the process ends. With Python's own threshold of 700 new objects, an
# unchanged deploy would spend a tenth of its time on the search for garbage.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000


class _Commands(click.Group):
    """The commands, each loaded when it runs."""

    def list_commands(self, _: click.Context) -> list[str]:
        return [*_COMMANDS]

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*_COMMANDS.items()])

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        if name not in (*_COMMANDS, *_OF_THE_BUILDPACK) and not context.resilient_parsing:
            close = difflib.get_close_matches(name, _COMMANDS, n=1)
            suggestion = f" Did you mean {close[0]}?" if close else ""
            context.fail(f"No such command: {name}.{suggestion}")
        return super().resolve_command(context, arguments)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in (*_COMMANDS, *_OF_THE_BUILDPACK):
            return None
        command: click.Command = getattr(import_module(f"packager.cli.{name}"), name)
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="packager")
def cli() -> None:
    """Deploy AWS Lambda functions with their config vars inside: env.properties in the package."""


def main() -> None:
    """Run the command of `sys.argv`, and exit."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    end_by_signals(partial(show, err=True))
    try:
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except Interrupted as interrupted:
        show(" ".join(["Interrupted.", *interrupted.args]), err=True)
        status = interrupted.exit_status
    except BrokenPipeError:
        # The reader of our output has closed it; Python would report it again as it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    gc.freeze()  # At its end, Python would look for garbage among all objects once more.
    sys.exit(status)


def _run(arguments: list[str]) -> int:
    if instruction := os.environ.get("_PACKAGER_COMPLETE"):
        return completion.complete(cli, instruction)
    try:
        with cli.make_context("packager", arguments) as context:
            cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        show_usage_error(error)
        failure = PackagerError(error.format_message())
        status = error.exit_code
    except BrokenPipeError:
        raise  # `main` handles it.
    except Exception as error:
        failure = explained(error)
        show_error(failure)
        status = failure.exit_status
    else:
        return 0
    if "--json" in arguments or "--json-lines" in arguments:
        show_failure(failure, json_lines="--json-lines" in arguments)
    return status
