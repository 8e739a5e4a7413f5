"""`packager policy`: print the permissions that the deploying user needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.help import Command, examples
from packager.cli.terminal import show
from packager.lazy import lazy

if TYPE_CHECKING:
    from packager.release import policy as policies
else:
    policies = lazy("packager.release.policy")


@click.command(
    cls=Command,
    epilog=examples(
        ("packager policy --function my-function --alias live", "the permissions for a release"),
    ),
)
@options.env_file
@options.settings("policy")
@options.profile
def policy(env_file: Path | None, profile: str | None, **settings: Any) -> None:
    """Print the IAM policy that a deploy with these settings needs."""
    config = options.read_settings(settings, env_file=env_file, profile=profile)
    for line in json.dumps(policies.policy(config.settings), indent=2).splitlines():
        show(line)
