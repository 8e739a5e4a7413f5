"""Whether a function can run a package, before anything is sent.

Only certain findings refuse a deploy. If a layer, a wrapper or the runtime itself may provide what
the package lacks, the finding is a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from packager.apps import LANGUAGES, App, Language
from packager.apps.contents import Contents, Finding
from packager.errors import PackageError
from packager.function import FunctionState, Package
from packager.package import exec_wrapper
from packager.package.contents import ZipContents
from packager.progress import Progress
from packager.release.destination import Inquiry


def findings(
    contents: Contents, state: FunctionState, language: str | None, install_command: str
) -> Iterator[Finding]:
    """Compare a package of an app in `language` (None: unknown) with the state of the function."""
    yield from _of_the_function(state)
    yield from _of_the_wrapper(contents, state)
    if state.package_type == "Image" or not state.runtime or state.runtime.startswith("provided"):
        return
    function = next(
        (row for row in LANGUAGES.values() if state.runtime.startswith(row.runtime)), None
    )
    if language and function is not LANGUAGES[language]:
        yield Finding(
            f"The app is a {LANGUAGES[language].name} app, and the function's runtime is"
            f" {state.runtime}.",
            "Check _LAMBDA_FUNCTION_ARN and the folder of the app, or change the function's"
            " runtime.",
        )
        return
    if function is None:
        return
    for finding in _of_the_handler(contents, state, function):
        yield replace(finding, certain=finding.certain and not _may_provide(state))
    architecture = state.architecture or "x86_64"
    yield from function.checks.check_dependencies(
        contents, state.runtime, architecture, install_command
    )


def _may_provide(state: FunctionState) -> bool:
    """Return whether a layer or another wrapper may provide what the package lacks."""
    return state.has_layers or state.exec_wrapper not in (None, exec_wrapper.PATH)


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
    contents: Contents, state: FunctionState, language: Language
) -> Iterator[Finding]:
    handler = state.handler or ""
    # An absolute path leads into a layer.
    if handler and not handler.startswith("/"):
        yield from language.checks.check_handler(contents, handler, state.runtime or "")


def _of_the_dependencies(package: Package, state: FunctionState | None) -> Iterator[Finding]:
    if package.missing:
        yield Finding(
            package.missing.problem,
            package.missing.hint,
            certain=state is not None and not _may_provide(state),
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
