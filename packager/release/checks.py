"""Whether a function can run a package, before anything is sent.

Only certain findings refuse a deploy. If a layer, a wrapper or the runtime itself may provide what
the package lacks, the finding is a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from packager.apps import App, java_checks, node_checks
from packager.apps.contents import Contents, Finding
from packager.apps.python import checks as python_checks
from packager.errors import PackageError
from packager.function import FunctionState, Package
from packager.package import exec_wrapper
from packager.package.contents import ZipContents
from packager.progress import Progress
from packager.release.destination import Inquiry

_LANGUAGES = {"node": "Node.js", "python": "Python", "java": "Java"}


class _Language(NamedTuple):
    """The checks for functions whose runtime's name begins with `runtime`."""

    runtime: str
    language: str
    handler: Callable[[Contents, str, str], Iterator[Finding]]
    native: Callable[[Contents, str, str], Iterator[Finding]] | None = None


_RUNTIMES = (
    _Language("nodejs", "node", node_checks.check_handler, node_checks.check_native),
    _Language("python3.", "python", python_checks.check_handler, python_checks.check_native),
    # Java code chooses one of several platforms' libraries in a jar, or works without.
    _Language("java", "java", java_checks.check_handler),
)


def findings(
    contents: Contents, state: FunctionState, language: str | None, install_command: str
) -> Iterator[Finding]:
    """Compare a package of an app in `language` (None: unknown) with the state of the function."""
    yield from _of_the_function(state)
    yield from _of_the_wrapper(contents, state)
    if state.package_type == "Image" or not state.runtime or state.runtime.startswith("provided"):
        return
    checks = next((row for row in _RUNTIMES if state.runtime.startswith(row.runtime)), None)
    if language and (checks is None or checks.language != language):
        yield Finding(
            f"The app is a {_LANGUAGES[language]} app, and the function's runtime is"
            f" {state.runtime}.",
            "Check _LAMBDA_FUNCTION_ARN and the folder of the app, or change the function's"
            " runtime.",
        )
        return
    if checks is None:
        return
    architecture = state.architecture or "x86_64"
    is_wrapped = state.exec_wrapper not in (None, exec_wrapper.PATH)
    may_be_elsewhere = state.has_layers or is_wrapped
    for finding in _of_the_handler(contents, state, checks):
        yield replace(finding, certain=finding.certain and not may_be_elsewhere)
    if checks.native:
        yield from checks.native(contents, architecture, install_command)
    if checks.language == "node":
        yield from node_checks.check_engines(contents, state.runtime)
    if checks.language == "python":
        wheels = list(python_checks.check_wheels(contents, state.runtime))
        yield from wheels or python_checks.check_extensions(contents, state.runtime)


def _of_the_function(state: FunctionState) -> Iterator[Finding]:
    if state.package_type == "Image":
        yield Finding(
            "The function is a container image function, which cannot run a deployment package.",
            "Name a function with the package type Zip in _LAMBDA_FUNCTION_ARN (--function).",
        )
    if state.state == "Failed":
        yield Finding(
            f"The function is in the state Failed: {state.state_reason or 'AWS gives no reason'}",
            "Fix the cause, or create the function again.",
        )


def _of_the_wrapper(contents: Contents, state: FunctionState) -> Iterator[Finding]:
    if state.exec_wrapper == exec_wrapper.PATH and exec_wrapper.NAME not in contents.names:
        yield Finding(
            f"The function's AWS_LAMBDA_EXEC_WRAPPER is {exec_wrapper.PATH}, and the package has no"
            f" {exec_wrapper.NAME}: the function would not start.",
            "Set _LAMBDA_EXEC_WRAPPER=true (--exec-wrapper true), or remove AWS_LAMBDA_EXEC_WRAPPER"
            " from the function's configuration.",
        )


def wrapper_note(contents: Contents, state: FunctionState, function: str) -> str | None:
    """Return the manual step that enables the package's exec wrapper for the function, if any."""
    if exec_wrapper.NAME not in contents.names or state.exec_wrapper == exec_wrapper.PATH:
        return None
    if (state.runtime or "provided").startswith("provided"):
        return (
            f"The function's runtime {state.runtime or ''} does not support exec wrappers: its"
            " config is only in env.properties."
        )
    return (
        f"The package has {exec_wrapper.NAME}, and the function does not use it yet. Once, after"
        f" this deploy: aws lambda update-function-configuration --function-name {function}"
        f" --environment 'Variables={{AWS_LAMBDA_EXEC_WRAPPER={exec_wrapper.PATH}}}'. This replaces"
        " all variables of the function's configuration: add those that it still needs."
    )


def _of_the_handler(
    contents: Contents, state: FunctionState, checks: _Language
) -> Iterator[Finding]:
    handler = state.handler or ""
    # An absolute path leads into a layer.
    if handler and not handler.startswith("/"):
        yield from checks.handler(contents, handler, state.runtime or "")


def _of_the_dependencies(package: Package, state: FunctionState | None) -> Iterator[Finding]:
    if package.missing:
        is_wrapped = state and state.exec_wrapper not in (None, exec_wrapper.PATH)
        yield Finding(
            package.missing.problem,
            package.missing.hint,
            certain=state is not None and not (state.has_layers or is_wrapped),
        )


def check(
    package: Package, app: App, inquiry: Inquiry, progress: Progress, *, runs_here: bool = False
) -> None:
    """Check that the function can run the package; if it `runs_here`, only that it is complete.

    Raises PackageError for certain findings, unless the settings make them warnings.
    """
    settings, state = inquiry.destination.settings, inquiry.state
    if settings.checks == "off":
        return
    missing = list(_of_the_dependencies(package, state))
    if state is None or runs_here:
        report(missing, settings.checks, progress.warn)
        return
    with ZipContents.opened(package.path) as contents:
        report(
            [*missing, *findings(contents, state, app.language, app.install_command)],
            settings.checks,
            progress.warn,
        )
        if note := wrapper_note(contents, state, settings.function or ""):
            progress.note(note)


def report(found: Iterable[Finding], mode: str, warn: Callable[[str], None]) -> None:
    """Warn of findings; raise PackageError for certain ones, unless `mode` makes them warnings."""
    found = list(found)
    refused = [finding for finding in found if finding.certain and mode == "error"]
    if refused:
        raise PackageError(
            " ".join(finding.message for finding in refused),
            " ".join(dict.fromkeys(finding.hint for finding in refused))
            + " To deploy anyway: --checks warn.",
        )
    for finding in found:
        warn(f"{finding.message} {finding.hint}")
