"""Credentials of AWS's profiles, and refusals: the error names the service and what to do."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import pty
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from packager.aws import client as aws_client
from packager.aws.client import Clients
from packager.aws.lambda_function import LambdaFunction
from packager.config import redaction, settings
from packager.errors import (
    PackagerError,
    SettingsError,
    UncertainError,
    UnparseableResponseError,
)
from tests.aws_stub import Reply, Request, Stub, json_reply, sts_error, sts_role
from tests.commands import run

ROLE = "arn:aws:iam::123456789012:role/deploy"
MFA = "mfa_serial = arn:aws:iam::123456789012:mfa/someone"
STATE = {"CodeSha256": "hash", "Version": "$LATEST", "LastUpdateStatus": "Successful"}


def in_an_hour() -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, aws: Stub, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without credentials, where STS and SSO are the stub."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for service in ("STS", "SSO", "SSO_OIDC", "LAMBDA"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", aws.url)
    aws_client._role_credentials.clear()
    return tmp_path


def configure(home: Path, text: str) -> None:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / "config").write_text(textwrap.dedent(text))


def function(profile: str | None = "work") -> LambdaFunction:
    given = {"_LAMBDA_FUNCTION_ARN": "hello", "_AWS_DEFAULT_REGION": "eu-west-1"}
    read = settings.read(given, profile=profile)
    return LambdaFunction(read, Clients(read, timeout=10, hide=str))


def own_function(aws: Stub, hide: Callable[[str], str] = str) -> LambdaFunction:
    """Make a function whose credentials are the settings' own."""
    given = {
        "_LAMBDA_FUNCTION_ARN": "hello",
        "_AWS_DEFAULT_REGION": "eu-west-1",
        "_AWS_ACCESS_KEY_ID": "own-key",
        "_AWS_SECRET_ACCESS_KEY": "own-secret",
        "_AWS_ENDPOINT_URL": aws.url,
    }
    read = settings.read(given)
    return LambdaFunction(read, Clients(read, timeout=10, hide=hide))


def error_of(call: Callable[[], object]) -> PackagerError:
    with pytest.raises(PackagerError) as raised:
        call()
    return raised.value


LEGACY_SSO = """
    [profile work]
    sso_start_url = https://example.awsapps.com/start
    sso_region = eu-west-1
    sso_account_id = 123456789012
    sso_role_name = Deploy
    """
SSO_SESSION = """
    [profile work]
    sso_session = company
    sso_account_id = 123456789012
    sso_role_name = Deploy

    [sso-session company]
    sso_start_url = https://example.awsapps.com/start
    sso_region = eu-west-1
    """
SSO_KINDS = pytest.mark.parametrize(
    ("config", "key"),
    [(LEGACY_SSO, "https://example.awsapps.com/start"), (SSO_SESSION, "company")],
    ids=["legacy", "sso-session"],
)


def error_in_new_process() -> tuple[str, str, str]:
    """Return kind, message and hint; botocore looks for the home when it is imported."""
    program = (
        "from tests.integration.test_aws_credentials import *\n"
        "error = error_of(function)\n"
        "print(type(error).__name__, error.message, error.hint, sep='\\n')"
    )
    kind, message, hint = run(sys.executable, "-c", program).splitlines()
    return kind, message, hint


def sign_in(home: Path, key: str, expires: str) -> None:
    """Write the token that `aws sso login` writes."""
    folder = home / ".aws" / "sso" / "cache"
    folder.mkdir(parents=True)
    token = {"accessToken": "the-sso-token", "expiresAt": expires}
    token |= {"startUrl": "https://example.awsapps.com/start", "region": "eu-west-1"}
    (folder / f"{hashlib.sha1(key.encode()).hexdigest()}.json").write_text(json.dumps(token))


@SSO_KINDS
@pytest.mark.parametrize("state", ["missing", "expired", "rejected"])
def test_without_a_valid_sso_session_the_command_that_signs_in_is_named(
    state: str, config: str, key: str, home: Path, aws: Stub
) -> None:
    configure(home, config)
    aws.respond = lambda _: json_reply(
        {"message": "Session token not found or invalid"}, 401, "UnauthorizedException"
    )
    if state != "missing":
        expired = "2020-01-01T00:00:00Z"
        sign_in(home, key, in_an_hour() if state == "rejected" else expired)
    kind, message, hint = error_in_new_process()
    assert kind == "SettingsError"
    assert "SSO session of the AWS profile work is missing or has expired" in message
    assert hint == "Run `aws sso login --profile work`."
    assert len(aws.requests) == (state == "rejected")


@SSO_KINDS
def test_an_sso_user_without_the_role_is_not_sent_to_sign_in(
    config: str, key: str, home: Path, aws: Stub
) -> None:
    configure(home, config)
    sign_in(home, key, in_an_hour())
    aws.respond = lambda _: json_reply({"message": "No access"}, 403, "ForbiddenException")
    _, message, hint = error_in_new_process()
    assert "sso:GetRoleCredentials" in message
    assert "No access" in message
    assert "sso_role_name" in hint


ASSUMING = f"""
    [profile work]
    role_arn = {ROLE}
    source_profile = base

    [profile base]
    aws_access_key_id = base-key
    aws_secret_access_key = base-secret
    """


def test_a_role_that_may_not_be_assumed_is_named_and_no_lambda_action(
    home: Path, aws: Stub
) -> None:
    configure(home, ASSUMING)
    reason = f"User: someone is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    aws.respond = lambda _: sts_error("AccessDenied", reason)
    error = error_of(function)
    assert type(error) is SettingsError
    assert error.message.startswith("AWS denied sts:AssumeRole on the role of the profile work")
    assert ROLE in error.message
    assert "trust policy" in error.hint
    assert "lambda:" not in error.message + error.hint


def test_a_role_is_assumed_before_anything_is_packaged_and_once(home: Path, aws: Stub) -> None:
    configure(home, ASSUMING)

    def respond(request: Request) -> Reply:
        return sts_role(in_an_hour()) if request.method == "POST" else json_reply(STATE)

    aws.respond = respond
    for _ in range(2):
        one = function()
        assert len(aws.forms("AssumeRole")) == 1
        assert one.state().code_sha256 == "hash"
    assert len(aws.forms("AssumeRole")) == 1


def test_a_role_is_assumed_again_when_aws_no_longer_accepts_it(home: Path, aws: Stub) -> None:
    configure(home, ASSUMING)
    aws.respond = lambda request: (
        sts_role(in_an_hour())
        if request.method == "POST"
        else json_reply({"message": "expired"}, 403, "ExpiredTokenException")
    )
    error = error_of(function().state)
    assert "credentials have expired" in error.message
    assert "the AWS profile work" in error.hint
    function()
    assert len(aws.forms("AssumeRole")) == 2


def test_an_mfa_code_without_a_terminal_is_an_error_that_waits_for_nothing(
    home: Path, aws: Stub
) -> None:
    configure(home, ASSUMING.replace("source_profile", f"{MFA}\n    source_profile"))
    program = (
        "from tests.integration.test_aws_credentials import function\n"
        "from packager.errors import MfaInputError\n"
        "try: function()\n"
        "except MfaInputError as error: print(error.transient, error.message)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        start_new_session=True,  # It has no terminal.
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ended.stdout.startswith("False ")
    assert "there is no terminal" in ended.stdout
    assert aws.requests == []


def on_a_terminal(program: str, answers: Sequence[str]) -> str:
    """Run a Python program on a terminal with a reply to each prompt; return all output."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", program])
    shown, left = "", list(answers)
    while True:
        try:
            read = os.read(terminal, 1024)
        except OSError:  # The program has ended.
            break
        if not read:
            break
        shown += read.decode()
        if left and shown.rstrip().endswith("someone:"):
            os.write(terminal, f"{left.pop(0)}\n".encode())
            shown += "\n"
    os.waitpid(pid, 0)
    os.close(terminal)
    return shown


def test_watch_asks_for_an_mfa_code_once_whatever_fails(home: Path, aws: Stub) -> None:
    """After a failure it has a new session, and the role is still valid."""
    configure(home, ASSUMING.replace("source_profile", f"{MFA}\n    source_profile"))
    aws.respond = lambda request: (
        sts_role(in_an_hour())
        if request.method == "POST"
        else json_reply({"message": "down"}, 400, "InvalidParameterValueException")
    )
    program = (
        "from tests.integration.test_aws_credentials import *\n"
        "for _ in range(3): print(error_of(function().state).message)"
    )
    shown = on_a_terminal(program, ["123456"] * 3)
    assert shown.count("Enter MFA code") == 1
    assert shown.count("InvalidParameterValueException") == 3
    assert [form["TokenCode"] for form in aws.forms("AssumeRole")] == ["123456"]


def test_a_wrong_mfa_code_is_not_asked_for_again_automatically(home: Path, aws: Stub) -> None:
    configure(home, ASSUMING.replace("source_profile", f"{MFA}\n    source_profile"))
    aws.respond = lambda _: sts_error(
        "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code."
    )
    program = (
        "from tests.integration.test_aws_credentials import *\n"
        "error = error_of(function); print(type(error).__name__, error.transient, error.message)"
    )
    shown = on_a_terminal(program, ["000000"])
    assert "MfaInputError False AWS did not accept the MFA code" in shown


@pytest.mark.parametrize(
    ("config", "message", "hint"),
    [
        ("", "The AWS profile 'work' does not exist", "aws configure list-profiles"),
        ("[profile work]\nregion = eu-west-1", "profile work has no credentials", "aws configure"),
        (
            f"[profile work]\nrole_arn = {ROLE}\nsource_profile = gone",
            'The source_profile "gone" referenced in the profile "work" does not exist',
            "~/.aws/config",
        ),
        (
            f"[profile work]\nrole_arn = {ROLE}\nsource_profile = work",
            "Infinite loop",
            "~/.aws/config",
        ),
        ("[profile work\n", "The AWS configuration files cannot be used", "~/.aws/config"),
        (
            "[profile work]\ncredential_process = sh -c 'echo the-secret >&2; exit 3'",
            "credential_process of the AWS profile work failed",
            "Run its command",
        ),
        (
            "[profile work]\ncredential_process = echo the-secret",
            "credential_process of the AWS profile work failed",
            "Run its command",
        ),
    ],
)
def test_a_profile_that_cannot_be_used_is_named_with_a_hint(
    config: str, message: str, hint: str, home: Path, aws: Stub
) -> None:
    configure(home, config)
    error = error_of(function)
    assert type(error) is SettingsError
    assert message in error.message
    assert hint in error.hint
    assert "the-secret" not in error.message + error.hint
    assert aws.requests == []


def test_without_a_response_of_sts_it_is_not_the_settings_that_are_wrong(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(home, ASSUMING)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    error = error_of(function)
    assert type(error) is UncertainError
    assert "AWS credentials: no response (EndpointConnectionError)" in error.message


def test_a_clock_that_is_ahead_is_called_that(aws: Stub) -> None:
    reason = "Signature not yet current: 20261127T1200Z is still later than 20261127T1100Z"
    aws.respond = lambda _: json_reply({"message": reason}, 403, "InvalidSignatureException")
    error = error_of(own_function(aws).state)
    assert "hello (eu-west-1): this machine's clock is wrong" in error.message


def test_a_page_of_a_web_filter_is_not_a_denial(aws: Stub) -> None:
    """Else the deploy would go on as if AWS had refused to show the function's state."""
    aws.respond = lambda _: (403, {"Content-Type": "text/html"}, b"<html><h1>Blocked by ACME")
    error = error_of(own_function(aws).state)
    assert type(error) is UnparseableResponseError
    assert "web page came instead of AWS's response" in error.message


def test_values_are_taken_out_of_the_reason_of_a_denial(aws: Stub) -> None:
    aws.respond = lambda _: json_reply(
        {"message": "denied with an explicit deny in a service control policy: the-config-value"},
        403,
        "AccessDeniedException",
    )
    hide = redaction.hiding(["the-config-value"])
    error = error_of(own_function(aws, hide).state)
    assert "organisation policy denies" in error.message
    assert error.message.endswith("service control policy: ***")
