"""The steps of a deploy, with a function that returns scripted responses."""

from __future__ import annotations

import importlib
import threading
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from packager.apps import Python
from packager.apps.files import Member
from packager.config.inputs import Config
from packager.config.setting_values import functions
from packager.config.settings import Settings
from packager.errors import (
    AccessDeniedError,
    ConflictError,
    DeployError,
    PackageError,
    ThrottledError,
    UncertainError,
)
from packager.function import Alias, FunctionState, Invocation, Package
from packager.package.build import build
from packager.progress import Event, Note, Progress, StageStarted
from packager.release.deploy import deploy, release
from packager.release.destination import Destination, inquire
from packager.release.function_release import FunctionRelease, Options
from packager.release.outcome import Deployment
from packager.release.settle import Clock
from packager.release.target import Target

PACKAGE = Package(path=Path("package.zip"), size=1000, sha256="ab" * 32, variables=3)
OTHER = FunctionState("other", "$LATEST", "Successful", "", "nodejs22.x", "arm64")
OURS = replace(OTHER, code_sha256=PACKAGE.code_sha256)
UPDATING = replace(OURS, last_update_status="InProgress")
SETTINGS = Settings(functions=functions("hello"))

Scripted = FunctionState | DeployError


class WithoutReleases:
    """The methods that a deploy without an alias must not call."""

    def publish(self, *_: object, **__: object) -> FunctionState:
        raise AssertionError

    def alias(self, *_: object) -> Alias | None:
        raise AssertionError

    def create_alias(self, *_: object) -> Alias:
        raise AssertionError

    def move_alias(self, *_: object, **__: object) -> Alias:
        raise AssertionError

    def aliases(self) -> list[Alias]:
        raise AssertionError

    def versions(self) -> list[FunctionState]:
        raise AssertionError

    def delete_version(self, *_: object) -> None:
        raise AssertionError

    def invoke(self, *_: object, **__: object) -> Invocation:
        raise AssertionError


@dataclass
class ScriptedFunction(WithoutReleases):
    """Returns or raises what is scripted, the last one repeatedly, and records the requests."""

    states: list[Scripted]
    updates: list[Scripted] = field(default_factory=lambda: [OURS])
    requests: list[str] = field(default_factory=list)
    bucket: str | None = None

    def state(self, version: str | None = None) -> FunctionState:
        self.requests.append("state")
        return _next(self.states)

    def bucket_for(self, package: Package) -> str | None:
        return self.bucket

    def clear(self, progress: Progress) -> None:
        """Nothing was sent through S3."""

    def send(self, package: Package, progress: Progress) -> FunctionState:
        self.requests.append("send")
        return _next(self.updates)


def _next(scripted: list[Scripted]) -> FunctionState:
    response = scripted.pop(0) if len(scripted) > 1 else scripted[0]
    if isinstance(response, DeployError):
        raise response
    return response


class FakeClock(Clock):
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        time = [0.0]
        super().__init__(now=lambda: time[0], sleep=lambda s: time.__setitem__(0, time[0] + s))


def run(
    function: ScriptedFunction,
    *,
    package: Package = PACKAGE,
    progress: Progress | None = None,
    **more: bool,
) -> Deployment:
    options = Options(clock=FakeClock(), **more)
    [inquiry] = inquire([Destination(function, SETTINGS)], options.timeout, options.clock)
    releases = [FunctionRelease(inquiry, package, None, options)]
    return release(releases, progress or Progress()).deployments[0]


def failure(function: ScriptedFunction, package: Package = PACKAGE) -> str:
    """Return the message of the error with which the deploy ends."""
    with pytest.raises(DeployError) as error:
        run(function, package=package)
    return error.value.message


def names_deployed(
    tmp_path: Path, *files: str, runtime: str | None, settings: Settings = SETTINGS
) -> list[str]:
    """Deploy an app of `files` to a function with `runtime`; return the names in the package."""
    app, folder = tmp_path / "app", tmp_path / "private"
    app.mkdir()
    folder.mkdir()
    for name in files:
        (app / name).write_text("{}" if name.endswith(".json") else "example==1\n")
    function = ScriptedFunction([replace(OTHER, runtime=runtime)])
    config = Config(settings, {})
    target = Target(config, lambda: [Destination(function, settings)])
    deployed = deploy(app, target, folder, Progress(), Options(dry_run=True))
    with zipfile.ZipFile(deployed.package.path) as package:
        return package.namelist()


@pytest.fixture
def dependencies(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Give every app a `dependency.py`; record the runtimes for which it is installed."""
    runtimes: list[str | None] = []

    def members(app: Python) -> tuple[list[Member], None]:
        runtimes.append(app.runtime)
        return [Member("dependency.py", b"")], None

    module = importlib.import_module("packager.apps.python.dependencies")
    monkeypatch.setattr(module, "members", members)
    return runtimes


@pytest.mark.parametrize(
    ("runtime", "settings", "installed_for"),
    [
        ("python3.12", SETTINGS, ["python3.12"]),
        ("python3.12", replace(SETTINGS, runtime="nodejs22.x"), ["python3.12"]),
        ("nodejs22.x", SETTINGS, []),
        ("nodejs22.x", replace(SETTINGS, runtime="python3.12"), []),
        (None, replace(SETTINGS, language="node"), []),
        (None, replace(SETTINGS, runtime="python3.12"), ["python3.12"]),
    ],
)
def test_the_functions_runtime_decides_the_kind_of_an_app_with_files_of_two_languages(
    runtime: str | None,
    settings: Settings,
    installed_for: list[str],
    dependencies: list[str | None],
    tmp_path: Path,
) -> None:
    files = ("package.json", "requirements.txt")
    names = names_deployed(tmp_path, *files, runtime=runtime, settings=settings)
    assert dependencies == installed_for
    assert ("dependency.py" in names) == bool(installed_for)


def test_the_state_of_a_python_apps_function_is_read_once(
    dependencies: list[str | None], tmp_path: Path
) -> None:
    app, folder = tmp_path / "app", tmp_path / "private"
    app.mkdir()
    folder.mkdir()
    (app / "requirements.txt").write_text("example==1\n")
    function = ScriptedFunction([replace(OTHER, runtime="python3.13")])
    target = Target(Config(SETTINGS, {}), lambda: [Destination(function, SETTINGS)])
    deploy(app, target, folder, Progress(), Options(dry_run=True))
    assert function.requests == ["state"]
    assert dependencies == ["python3.13"]


def test_a_python_app_for_a_function_of_another_language_is_an_error_that_names_both(
    dependencies: list[str | None], tmp_path: Path
) -> None:
    with pytest.raises(PackageError) as error:
        names_deployed(tmp_path, "requirements.txt", runtime="nodejs22.x")
    message = "The function's runtime is nodejs22.x, but the app is a Python app."
    assert error.value.message == message
    assert "_LAMBDA_RUNTIME" not in error.value.hint
    assert dependencies == []


@pytest.mark.parametrize("runtime", [None, "provided.al2023"])
def test_a_function_with_a_custom_runtime_may_run_python(
    runtime: str | None, dependencies: list[str | None], tmp_path: Path
) -> None:
    assert "dependency.py" in names_deployed(tmp_path, "requirements.txt", runtime=runtime)


def deploy_node_app(tmp_path: Path, function: ScriptedFunction) -> Deployment:
    """Deploy a small Node.js app, whose package does not depend on the function."""
    app, folder = tmp_path / "app", tmp_path / "private"
    app.mkdir()
    folder.mkdir()
    (app / "package.json").write_text("{}")
    target = Target(Config(SETTINGS, {}), lambda: [Destination(function, SETTINGS)])
    return deploy(app, target, folder, Progress(), Options(dry_run=True)).deployments[0]


def test_the_state_is_read_while_the_package_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this test, the build ends only after the state was requested."""
    asked = threading.Event()

    class Observed(ScriptedFunction):
        def state(self, version: str | None = None) -> FunctionState:
            asked.set()
            return super().state(version)

    def build_slowly(*arguments: Any, **options: Any) -> Package:
        assert asked.wait(30)
        return build(*arguments, **options)

    monkeypatch.setattr("packager.release.packaging.build", build_slowly)
    assert deploy_node_app(tmp_path, Observed([OTHER])).outcome == "dry run"


def test_an_error_during_the_build_ends_the_deploy(tmp_path: Path) -> None:
    """The user sees the same error as without a build."""
    with pytest.raises(DeployError, match="no response"):
        deploy_node_app(tmp_path, ScriptedFunction([UncertainError("no response")]))


def test_a_new_package_is_sent_and_the_update_is_waited_for() -> None:
    function = ScriptedFunction([OTHER, UPDATING, OURS], [UPDATING])
    assert run(function) == Deployment("hello", None, "deployed", PACKAGE, "$LATEST")
    assert function.requests == ["state", "send", "state", "state"]


def test_the_package_that_the_function_has_is_not_sent() -> None:
    function = ScriptedFunction([OURS])
    assert run(function).outcome == "unchanged"
    assert function.requests == ["state"]


def test_an_unchanged_package_is_sent_again_if_forced() -> None:
    assert run(ScriptedFunction([OURS]), force=True).outcome == "deployed"


def test_an_unchanged_package_is_sent_again_if_the_last_update_failed() -> None:
    failed = replace(OURS, last_update_status="Failed")
    assert run(ScriptedFunction([failed, OURS])).outcome == "deployed"


def test_a_dry_run_sends_nothing() -> None:
    function = ScriptedFunction([OTHER])
    assert run(function, dry_run=True).outcome == "dry run"
    assert function.requests == ["state"]


def test_an_update_in_progress_is_waited_for_before_the_hashes_are_compared() -> None:
    function = ScriptedFunction([UPDATING, UPDATING, OTHER])
    assert run(function).outcome == "deployed"
    assert function.requests == ["state", "state", "state", "send"]


def test_another_update_that_never_ends_is_an_error() -> None:
    message = failure(ScriptedFunction([UPDATING]))
    assert "After 300 s another update" in message
    assert "nothing was sent" in message


def test_after_a_conflict_the_update_is_retried_until_lambda_accepts_it() -> None:
    conflict = ConflictError("conflict")
    function = ScriptedFunction([OTHER], [conflict, conflict, OURS])
    assert run(function).outcome == "deployed"
    assert function.requests.count("send") == 3


def test_a_conflict_that_never_ends_is_an_error() -> None:
    message = failure(ScriptedFunction([OTHER], [ConflictError("conflict")]))
    assert "it was not updated" in message


def test_the_permission_to_update_is_enough() -> None:
    events: list[Event] = []
    function = ScriptedFunction([AccessDeniedError("no")], [UPDATING])
    deployment = run(function, progress=Progress(sink=events.append))
    assert deployment.outcome == "deployed"
    notes = [event.text for event in events if isinstance(event, Note)]
    assert len([text for text in notes if "lambda:GetFunctionConfiguration" in text]) == 2


def test_without_the_permission_to_update_a_deploy_is_an_error() -> None:
    assert failure(ScriptedFunction([OTHER], [AccessDeniedError("not allowed")])) == "not allowed"


def test_a_failed_update_is_an_error_with_its_reason() -> None:
    failed = replace(OURS, last_update_status="Failed", last_update_status_reason="No such layer")
    assert "No such layer" in failure(ScriptedFunction([OTHER, failed], [UPDATING]))


def test_an_update_that_never_ends_is_an_error_that_says_which_package_lambda_has() -> None:
    message = failure(ScriptedFunction([OTHER, UPDATING], [UPDATING]))
    assert "Lambda has accepted the package" in message


@pytest.mark.parametrize(
    "function",
    [
        ScriptedFunction([OTHER], [OTHER]),
        ScriptedFunction([OTHER, OTHER], [UPDATING]),
        ScriptedFunction([OTHER], [replace(OURS, code_sha256="")]),
    ],
    ids=["in the response", "at the end", "no hash"],
)
def test_a_hash_other_than_that_of_our_package_is_an_error(function: ScriptedFunction) -> None:
    assert "another package" in failure(function)


def test_an_update_without_a_response_that_was_carried_out_is_a_success() -> None:
    function = ScriptedFunction([OTHER, UPDATING, OURS], [UncertainError("no response.")])
    assert run(function).outcome == "deployed"


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (
            OTHER,
            (
                "no response. The function did not have the package when it was last asked, but the"
                " request may still be carried out."
            ),
        ),
        (UncertainError("none"), "no response. It is not known whether the function was updated."),
        (AccessDeniedError("no"), "no response. It is not known whether the function was updated."),
    ],
)
def test_an_update_without_a_response_is_an_error_with_the_known_state(
    after: Scripted, message: str
) -> None:
    assert failure(ScriptedFunction([OTHER, after], [UncertainError("no response.")])) == message


def test_a_state_that_cannot_be_read_before_the_update_ends_the_deploy() -> None:
    function = ScriptedFunction([UncertainError("no response")])
    assert failure(function) == "no response"
    assert function.requests == ["state"]


@pytest.mark.parametrize("error", [UncertainError("no response"), ThrottledError("no more now")])
def test_without_a_response_while_waiting_the_request_is_repeated(error: DeployError) -> None:
    function = ScriptedFunction([OTHER, error, OURS], [UPDATING])
    assert run(function).outcome == "deployed"


def test_an_error_while_waiting_says_that_lambda_has_accepted_the_package() -> None:
    function = ScriptedFunction([OTHER, DeployError("Expired.", "Renew.")], [UPDATING])
    assert failure(function).startswith("Expired. Lambda has accepted the package")


def test_a_package_that_is_sent_through_s3_is_shown_with_the_bucket() -> None:
    events: list[Event] = []
    function = ScriptedFunction([OTHER], bucket="packages")
    run(function, progress=Progress(sink=events.append))
    stages = [event.message for event in events if isinstance(event, StageStarted)]
    assert any("s3://packages" in message for message in stages)
