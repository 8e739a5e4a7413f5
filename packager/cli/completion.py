"""`packager completion`: print the script with which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class, shell_complete

from packager.cli.help import Command, examples
from packager.cli.terminal import show_script

# The variable by which the script asks for completions.
_ASKED_BY = "_PACKAGER_COMPLETE"


@click.command(
    cls=Command,
    epilog=examples(
        ('eval "$(packager completion bash)"', "in ~/.bashrc"),
        ('eval "$(packager completion zsh)"', "in ~/.zshrc, after compinit"),
        ("packager completion fish | source", "in ~/.config/fish/config.fish"),
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes commands in a shell."""
    kind = get_completion_class(shell)
    assert kind  # noqa: S101 - click has all three
    script = kind(context.find_root().command, {}, "packager", _ASKED_BY)
    show_script(script.source_template % script.source_vars())


def complete(cli: click.Command, instruction: str) -> int:
    """Respond to a shell that asks for completions; return the exit status."""
    return shell_complete(cli, {}, "packager", _ASKED_BY, instruction)
