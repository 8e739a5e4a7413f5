"""`packager status`: show what the functions run, and what a deploy would change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli import options
from packager.cli.console import Console, show_left
from packager.cli.help import Command, examples
from packager.errors import InputError
from packager.lazy import lazy
from packager.progress import readable

if TYPE_CHECKING:
    from packager import workspace
    from packager.function import FunctionState, Package
    from packager.release import destination, function_release, packaging
    from packager.release import status as statuses
    from packager.release import target as targets
    from packager.release.status import Status
else:
    workspace = lazy("packager.workspace")
    destination = lazy("packager.release.destination")
    function_release = lazy("packager.release.function_release")
    packaging = lazy("packager.release.packaging")
    statuses = lazy("packager.release.status")
    targets = lazy("packager.release.target")


@click.command(
    cls=Command,
    epilog=examples(
        ("packager status --function my-function --alias live", "show the live version"),
        ("packager status --json | jq .functions", "the same for programs"),
    ),
)
@options.app_folder
@options.variables
@options.settings("status")
@options.profile
@options.timeout
@options.output
def status(
    app: Path,
    env_file: Path | None,
    from_environment: bool,
    profile: str | None,
    timeout: float,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Show what the functions run, and what a deploy or a rollback would change."""
    with Console(as_json=as_json, quiet=quiet, verbose=verbose) as console:
        where = options.sources(app, env_file, from_environment)
        config = options.read_config(where, settings, purpose="deploy", profile=profile)
        console.report(config)
        progress = console.progress()
        how = function_release.Options(timeout=timeout)
        with (
            workspace.private_folder(left=show_left) as folder,
            targets.in_aws(config, timeout) as target,
        ):
            packages: list[Package | None]
            try:
                plan = packaging.Packaging(app, target, folder, progress, how).run(None)
                inquiries = [planned.inquiry for planned in plan]
                packages = [planned.package for planned in plan]
            except InputError as error:
                progress.note(f"not compared with what a deploy would send: {error.message}")
                inquiries = destination.inquire(target.open(), timeout, how.clock)
                packages = [None] * len(inquiries)
        found = [
            statuses.read_status(inquiry, package, how)
            for inquiry, package in zip(inquiries, packages, strict=True)
        ]
        result = {"outcome": "status", "functions": [_as_json(one) for one in found]}
        console.finish(result, [line for one in found for line in _lines(one)])


def _as_json(found: Status) -> dict[str, object]:
    history = found.history
    alias = found.alias
    return {
        "function": found.destination.name,
        "region": found.destination.settings.region,
        "latest": _state_as_json(found, found.latest),
        "alias": alias
        and {
            "name": alias.name,
            "version": alias.version,
            "live": _state_as_json(found, found.live),
            "previous": history.previous and str(history.previous),
            "rolledBack": [str(version) for version in history.rolled_back],
            "weights": dict(alias.weights),
        },
    }


def _state_as_json(found: Status, state: FunctionState | None) -> dict[str, object] | None:
    if state is None:
        return None
    return {
        "version": state.version,
        "codeSha256": state.code_sha256,
        "size": state.code_size,
        "modified": state.last_modified,
        "current": found.is_current(state),
    }


def _lines(found: Status) -> list[str]:
    lines = [found.destination.label, f"  $LATEST  {_state(found, found.latest)}"]
    name = found.destination.settings.alias
    if name and found.alias is None:
        lines.append(f"  {name}  the alias does not exist yet")
    if found.alias is None:
        return lines
    history = found.history
    back = history.previous and f"version {history.previous}"
    lines += [
        f"  {name} → {found.alias.version}  {_state(found, found.live)}",
        f"  a rollback would go to {back or 'no version: none is recorded'}",
    ]
    if history.rolled_back:
        lines.append(f"  rolled back: {', '.join(map(str, history.rolled_back))}")
    if found.alias.weights:
        shares = (f"{share:.0%} to {version}" for version, share in found.alias.weights.items())
        lines.append(f"  shares its traffic: {', '.join(shares)}")
    return lines


def _state(found: Status, state: FunctionState | None) -> str:
    if state is None:
        return "not known: lambda:GetFunctionConfiguration is not allowed"
    current = {True: ", as a deploy would send it", False: ", a deploy would change it", None: ""}
    size = readable(state.code_size)
    return f"{state.code_sha256}  {size}  {state.last_modified}{current[found.is_current(state)]}"
