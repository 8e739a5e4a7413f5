"""The IAM policy of docs/iam.md: each statement is needed, and enough, for its purpose."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.commands import packager
from tests.service import Service
from tests.trees import plant

PAGE = Path(__file__).parents[3] / "docs" / "iam.md"

Deploy = Callable[[Path, list[dict[str, Any]]], CompletedProcess[str]]


def statements() -> dict[str, dict[str, Any]]:
    """Return the statements of the page's policy by their Sid."""
    blocks = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    [policy] = [block for block in map(json.loads, blocks) if "Statement" in block]
    return {statement["Sid"]: statement for statement in policy["Statement"]}


@pytest.fixture
def deploy(
    service: Service, function: str, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deploy]:
    """Deploys an app as a user to whom the service allows only the statements given."""
    from moto import settings
    from moto.iam.access_control import IAMRequestBase

    # moto rejects the signatures of GET requests.
    monkeypatch.setattr(IAMRequestBase, "check_signature", lambda self: None)
    iam = service.client("iam")
    user = f"user-{secrets.token_hex(4)}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    service.create_bucket(user)

    def deploy(app: Path, allowed: list[dict[str, Any]]) -> CompletedProcess[str]:
        # moto ignores resources in policies.
        policy = {
            "Version": "2012-10-17",
            "Statement": [statement | {"Resource": "*"} for statement in allowed],
        }
        iam.put_user_policy(UserName=user, PolicyName="deploy", PolicyDocument=json.dumps(policy))
        of_the_user = {
            "_AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "_AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "_LAMBDA_S3_BUCKET": user,
        }
        with monkeypatch.context() as enforced:
            enforced.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
            env = service.settings(function) | of_the_user
            return packager("deploy", app, env=env, temporary=temporary)

    yield deploy
    iam.delete_user_policy(UserName=user, PolicyName="deploy")


@pytest.fixture
def large_app(tmp_path: Path) -> Path:
    """An app whose package is too large to be sent directly."""
    return plant(tmp_path / "app", {"package.json": "{}", "incompressible": os.urandom(51 << 20)})


def test_a_direct_deploy_needs_the_first_statement_only(app: Path, deploy: Deploy) -> None:
    run = deploy(app, [statements()["Deploy"]])
    assert run.returncode == 0, run.stderr
    assert "skipped" in run.stdout


def test_without_the_first_statement_nothing_is_deployed(app: Path, deploy: Deploy) -> None:
    run = deploy(app, [statements()["CompareAndWait"]])
    assert run.returncode == 1
    assert "do not allow lambda:UpdateFunctionCode" in run.stderr


def test_with_the_second_statement_no_check_is_skipped(app: Path, deploy: Deploy) -> None:
    allowed = [statements()["Deploy"], statements()["CompareAndWait"]]
    first, second = deploy(app, allowed), deploy(app, allowed)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "skipped" not in first.stdout
    assert "nchanged" in second.stdout


def test_with_the_third_statement_a_large_package_goes_by_s3(
    large_app: Path, deploy: Deploy
) -> None:
    all_but_it = [statements()["Deploy"], statements()["CompareAndWait"]]
    refused = deploy(large_app, all_but_it)
    assert refused.returncode == 1
    assert "do not allow s3:PutObject" in refused.stderr
    run = deploy(large_app, [*all_but_it, statements()["LargePackages"]])
    assert run.returncode == 0, run.stderr
