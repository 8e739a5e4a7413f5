"""The layout of --help: options in groups, then examples."""

from __future__ import annotations

import click

# The headings of options, in their order; every other option is under "Options".
GROUPS: dict[str, tuple[str, ...]] = {
    "Variables": ("--env-file", "--from-environment", "--exclude"),
    "Package": (
        *("--output", "--jar", "--zip", "--language", "--runtime", "--architecture"),
        *("--requirements", "--requirements-env", "--dev-dependencies", "--properties-format"),
        *("--exec-wrapper", "--checks", "--list"),
    ),
    "Function": (
        *("--function", "--region", "--profile", "--endpoint-url", "--allow-http", "--timeout"),
        *("--s3-bucket", "--s3-prefix", "--kms-key"),
    ),
    "Release": ("--alias", "--smoke-event", "--keep-versions", "--force", "--dry-run", "--to"),
    "Watch": ("--build", "--path", "--ignore", "--quiet-time", "--poll"),
    "On this machine": (
        *("--local", "--invoke", "--event", "--handler", "--with-aws-credentials"),
    ),
    "Output": ("--json", "--json-lines", "--quiet", "--verbose"),
}


class Command(click.Command):
    """A command whose help shows its options in groups."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each group that has options."""
        groups: dict[str, list[tuple[str, str]]] = {title: [] for title in (*GROUPS, "Options")}
        for parameter in self.get_params(context):
            is_option = isinstance(parameter, click.Option)
            if is_option and (record := parameter.get_help_record(context)):
                groups[_group_of(parameter)].append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def examples(*commands: tuple[str, str]) -> str:
    """Return the end of a command's help: example commands, each with its purpose."""
    lines = [f"  {command}\n    {purpose}" for command, purpose in commands]
    return "\b\nExamples:\n" + "\n".join(lines)


def _group_of(parameter: click.Parameter) -> str:
    return next(
        (title for title, names in GROUPS.items() if {*parameter.opts} & {*names}), "Options"
    )
