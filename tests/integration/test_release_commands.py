"""`packager deploy`, `rollback`, `status`, `invoke` and `policy` as processes, with aliases."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.commands import packager
from tests.conftest import requires
from tests.lambda_stub import HandlerError, Stub
from tests.releases import Releases
from tests.service import ACCOUNT, REGION

SECRET = "canary of a handler"


def parsed(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def test_a_release_is_shown_with_its_alias(releases: Releases) -> None:
    """When the alias is created, its ARN and the version that triggers still run are shown."""
    first = releases.run("deploy", alias="live")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Deployed hello: live points to version 1\n" in first.stdout
    assert f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:hello:live" in first.stdout
    assert "still run $LATEST" in first.stdout
    again = releases.changed().run("deploy", "--json", alias="live")
    result = parsed(again)
    assert result["outcome"] == "deployed"
    [deployed] = result["functions"]
    assert (deployed["version"], deployed["outcome"]) == ("2", "deployed")
    assert deployed["alias"]["version"] == "2"
    assert deployed["alias"]["previous"] == "1"
    assert not deployed["alias"]["created"]


def test_several_functions_are_shown_with_the_outcome_of_each(releases: Releases) -> None:
    """The summary and the JSON show them, also if the deploy fails."""
    releases.stub.create_function("b")
    releases.functions = ("hello", "b")
    done = releases.run("deploy", alias="live")
    assert done.returncode == 0
    assert "2 functions: 2 deployed" in done.stdout
    assert f"b ({REGION}): live points to version 1" in done.stdout

    def handler(event: object, version: str) -> object:
        raise HandlerError("TypeError", SECRET)

    releases.stub.handler = handler
    failed = releases.changed().run("deploy", "--json", alias="live", smoke_event="{}")
    assert failed.returncode == 1
    result = parsed(failed)
    assert result["outcome"] == "failed"
    assert [one["outcome"] for one in result["functions"]] == ["failed", "failed"]
    assert all("responded with the error TypeError" in one["error"] for one in result["functions"])
    assert "2 of 2 functions failed" in result["error"]


def test_a_rollback_is_shown_and_takes_effect(releases: Releases) -> None:
    """A rollback needs no app, only the function and the alias."""
    releases.one(alias="live")
    releases.changed().one(alias="live")
    shown = releases.run("rollback", "--alias", "live")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "live points to version 1, before: 2" in shown.stdout
    assert releases.live == "1"
    back = parsed(releases.run("rollback", "--to", "2", "--json", alias="live"))
    assert back["outcome"] == "rolled back"
    assert back["functions"][0]["version"] == "2"
    nothing = releases.run("rollback", "--to", "9", alias="live")
    assert nothing.returncode == 1
    assert "has no version 9" in nothing.stderr


@pytest.mark.parametrize("to", ["live", "-1", "$LATEST", ""])
def test_a_rollback_goes_to_the_number_of_a_version_only(releases: Releases, to: str) -> None:
    """Everything else is wrong input, and no request is sent."""
    assert releases.run("rollback", "--to", to, alias="live").returncode == 2
    assert releases.stub.calls == []


def test_a_rollback_without_an_alias_is_wrong_input(releases: Releases) -> None:
    """The error names the setting."""
    ended = releases.run("rollback")
    assert ended.returncode == 2
    assert "_LAMBDA_ALIAS" in ended.stderr


def test_the_status_shows_the_live_version_and_the_next_deploy(releases: Releases) -> None:
    """It is correct after a deploy, after a config change and after a rollback."""
    releases.run("deploy", alias="live")
    releases.changed().run("deploy", alias="live")
    current = releases.run("status", alias="live")
    assert (current.returncode, current.stderr) == (0, "")
    assert "live → 2" in current.stdout
    assert current.stdout.count("as a deploy would send it") == 2
    assert "a rollback would go to version 1" in current.stdout
    releases.roll_back()
    result = parsed(releases.changed().run("status", "--json", alias="live"))
    [status] = result["functions"]
    assert not status["latest"]["current"]
    assert status["alias"]["version"] == "1"
    assert status["alias"]["previous"] is None
    assert status["alias"]["rolledBack"] == ["2"]


def test_the_status_is_shown_without_an_app(releases: Releases) -> None:
    """A note says that nothing was compared."""
    releases.run("deploy", alias="live")
    empty = releases.folder / "empty"
    empty.mkdir()
    shown = releases.run("status", str(empty), alias="live")
    assert shown.returncode == 0
    assert "not compared" in shown.stdout
    assert "live → 1" in shown.stdout


def test_an_invocation_prints_the_response_alone_on_stdout(releases: Releases) -> None:
    """The log goes to stderr, and the alias is invoked."""
    releases.one(alias="live")
    releases.stub.handler = lambda event, version: {"got": event, "by": version}
    shown = releases.run("invoke", "--event", '{"a": "é"}', alias="live")
    assert shown.returncode == 0
    assert json.loads(shown.stdout) == {"got": {"a": "é"}, "by": "1"}
    assert "what the handler wrote" in shown.stderr
    assert json.loads(releases.run("invoke").stdout) == {"got": {}, "by": "$LATEST"}


def test_an_event_can_be_a_file(releases: Releases) -> None:
    """@FILE is relative to where the command runs."""
    (releases.folder / "app" / "event.json").write_text('{"from": "file"}')
    shown = releases.run("invoke", "--event", "@event.json")
    assert json.loads(shown.stdout) == {"from": "file"}
    for wrong in ("@missing.json", "@index.js", "no json"):
        assert releases.run("invoke", "--event", wrong).returncode == 2


def test_a_handler_that_fails_ends_an_invocation_with_1(releases: Releases) -> None:
    """The handler's whole error is shown on stderr, because the command is for debugging."""

    def handler(event: object, version: str) -> object:
        raise HandlerError("TypeError", "x is not a function")

    releases.stub.handler = handler
    shown = releases.run("invoke")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "x is not a function" in shown.stderr
    assert "what the handler wrote" in shown.stderr
    assert releases.stub.calls.count("InvokeFunction") == 1


@requires("node")
def test_a_local_deploy_releases_nothing(releases: Releases) -> None:
    """The settings of releases are for AWS: the handler runs here, and its response is printed."""
    settings = {"alias": "live", "smoke_event": '{"smoke": 1}', "keep_versions": "1"}
    shown = releases.run("invoke", "--local", **settings)
    assert (shown.returncode, shown.stdout) == (0, "1\n")
    assert set(releases.stub.calls) <= {"GetFunctionConfiguration"}


POLICIES: list[dict[str, str]] = [
    {},
    {"smoke_event": "{}"},
    {"alias": "live"},
    {"alias": "live", "smoke_event": "{}", "keep_versions": "1"},
]


@pytest.mark.parametrize("settings", POLICIES, ids=lambda settings: " ".join(settings) or "none")
def test_a_deploy_makes_exactly_the_calls_that_the_policy_allows(
    releases: Releases, settings: dict[str, str]
) -> None:
    """The statements of `packager policy` are enough for every feature, and all are needed."""
    printed = releases.run("policy", **settings)
    assert (printed.returncode, printed.stderr) == (0, "")
    policy = json.loads(printed.stdout)
    assert policy["Version"] == "2012-10-17"
    releases.stub.statements = policy["Statement"]
    releases.stub.pending_seconds = 0.3
    for _ in range(4):
        assert releases.changed().one(**settings).outcome == "deployed"
        assert "Old versions" not in releases.notes
        assert "skipped" not in releases.notes
    releases.stub.requests.clear()
    releases.function.aliases.clear()
    for _ in range(3):
        releases.changed().one(**settings)
    asked = {(f"lambda:{action}", resource) for action, resource in releases.stub.requests}
    allowed = {
        (action, pattern)
        for statement in policy["Statement"]
        for action in statement["Action"]
        for pattern in statement["Resource"]
    }
    used = {(action, _pattern(resource, allowed, action)) for action, resource in asked}
    assert used == allowed


def _pattern(resource: str, allowed: set[tuple[str, str]], action: str) -> str:
    """Return the pattern of the policy that allows an action on a resource."""
    region_and_account = f":{REGION}:{ACCOUNT}:"
    resource = resource.replace(region_and_account, f":{REGION}:*:")
    if (action, resource) in allowed:
        return resource
    return f"{resource.rpartition(':')[0]}:*"


def test_the_policy_names_buckets_and_keys_of_every_region(stub: Stub, tmp_path: Path) -> None:
    """It needs no app and asks AWS nothing."""
    env = {
        **stub.settings("hello", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other"),
        "_LAMBDA_S3_BUCKET": "packages-{region}",
        "_LAMBDA_S3_PREFIX": "some",
        "_LAMBDA_KMS_KEY_ARN": f"arn:aws:kms:{{region}}:{ACCOUNT}:key/1",
    }
    printed = packager("policy", env=env, cwd=tmp_path)
    resources = [
        resource
        for statement in json.loads(printed.stdout)["Statement"]
        for resource in statement["Resource"]
    ]
    assert f"arn:aws:s3:::packages-{REGION}/some/hello/*" in resources
    assert "arn:aws:s3:::packages-us-east-1/some/other/*" in resources
    assert f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1" in resources
    assert stub.calls == []


def test_the_stdin_of_an_invocation_can_be_its_event(releases: Releases) -> None:
    """`… | packager invoke --event -` sends what it reads."""
    reading, writing = os.pipe()
    os.write(writing, b'{"from": "stdin"}')
    os.close(writing)
    shown = packager(
        *("invoke", "--event", "-"),
        env=releases.stub.settings("hello"),
        cwd=releases.folder,
        stdin=reading,
    )
    os.close(reading)
    assert json.loads(shown.stdout) == {"from": "stdin"}


def test_aws_credentials_for_an_invocation_in_aws_are_wrong_input(releases: Releases) -> None:
    """The function has its own there."""
    shown = releases.run("invoke", "--with-aws-credentials")
    assert shown.returncode == 2
    assert "--with-aws-credentials needs --local" in shown.stderr


def test_a_local_deploy_without_its_dependencies_is_an_error_that_says_how_to_install_them(
    releases: Releases,
) -> None:
    """The handler would only report a missing module."""
    app = releases.folder / "app"
    (app / "package.json").write_text('{"dependencies": {"ms": "2.1.3"}}')
    shown = packager("deploy", "--local", app, env={})
    assert shown.returncode == 2
    assert "In package.json but not installed: ms." in shown.stderr
    assert "npm install" in shown.stderr
