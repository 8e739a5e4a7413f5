"""`packager deploy` as a process, against a Lambda API over HTTP."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import javaproperties
import pytest

from tests.commands import build, packager
from tests.faults.kills import Command
from tests.proxy import Exchange, Proxy, changed, error
from tests.service import REGION, Service
from tests.trees import plant

# Every value is one that must not be seen in any output.
VARIABLES = {
    "DATABASE_URL": "postgres://canary:p%40ss@host:5432/db?a=b#c!",
    "EMPTY": "",
    "JSON": '{"canary": "a\\nb"}',
    "UNICODE": "canary é 😀",
    "TWO_LINES": "canary one\ncanary two",
}
ENV = VARIABLES | {"_SECRET": "canary\nLEAK=canary"}

Deploy = Callable[..., CompletedProcess[str]]


@pytest.fixture
def deploy(service: Service, function: str, app: Path, temporary: Path) -> Deploy:
    """Runs `packager deploy` with the variables, to the service or through a proxy."""

    def deploy(*options: str, through: Proxy | None = None) -> CompletedProcess[str]:
        settings = service.settings(function, through.url if through else None)
        return packager("deploy", app, *options, env=ENV | settings, temporary=temporary)

    return deploy


def test_the_function_runs_the_app_with_its_variables(
    deploy: Deploy, service: Service, function: str, app: Path
) -> None:
    plant(app, {"node_modules/dep/index.js": "module.exports = 1\n" * 100, ".git/config": "[core]"})
    run = deploy()
    assert (run.returncode, run.stderr) == (0, "")
    package = service.package(function)
    assert package.testzip() is None
    files = {"index.js", "node_modules/dep/index.js", "package.json"}
    assert {*package.namelist()} == files | {"env.properties"}
    config = service.config(function)
    assert {name: config[name] for name in VARIABLES} == VARIABLES
    assert "LEAK" not in config
    hash_of_package = hashlib.sha256(service.stored(function)).digest()
    assert base64.b64encode(hash_of_package).decode() in run.stdout


def test_deploy_sends_the_same_bytes_that_build_writes(
    deploy: Deploy, service: Service, function: str, app: Path, temporary: Path, tmp_path: Path
) -> None:
    deploy()
    build(app, env=ENV, to=tmp_path / "out.zip", temporary=temporary)
    assert (tmp_path / "out.zip").read_bytes() == service.stored(function)
    assert (tmp_path / "out.zip").stat().st_mode & 0o777 == 0o600


def test_an_unchanged_package_is_not_sent_again_unless_forced(deploy: Deploy, proxy: Proxy) -> None:
    deploy()
    again = deploy(through=proxy)
    assert again.returncode == 0
    assert "unchanged" in again.stdout.lower()
    assert proxy.calls == ["state"]
    deploy("--force", through=proxy)
    assert "update" in proxy.calls


def test_a_dry_run_sends_nothing(
    deploy: Deploy, service: Service, function: str, proxy: Proxy
) -> None:
    before = service.stored(function)
    run = deploy("--dry-run", through=proxy)
    assert run.returncode == 0
    assert proxy.calls == ["state"]
    assert service.stored(function) == before


def test_with_json_stdout_is_one_object(deploy: Deploy, service: Service, function: str) -> None:
    run = deploy("--json")
    result = json.loads(run.stdout)
    assert result["outcome"] == "deployed"
    [deployed] = result["functions"]
    assert deployed["outcome"] == "deployed"
    assert (deployed["function"], deployed["region"]) == (function, REGION)
    assert deployed["version"] == "$LATEST"
    assert deployed["alias"] is None
    assert deployed["size"] == len(service.stored(function))
    assert result["variables"] >= len(VARIABLES)
    assert {"package", "state", "update", "wait"} <= result["seconds"].keys()
    assert run.stderr


def test_with_json_an_error_is_one_object(deploy: Deploy, proxy: Proxy, function: str) -> None:
    proxy.on("update", error(400, "InvalidParameterValueException", "Unzipped size canary two"))
    run = deploy("--json", through=proxy)
    assert run.returncode == 1
    result = json.loads(run.stdout)
    assert result["outcome"] == "failed"
    assert "Unzipped size ***" in result["error"]
    [failed] = result["functions"]
    assert (failed["function"], failed["outcome"]) == (function, "failed")


def test_the_quiet_progress_shows_nothing(deploy: Deploy) -> None:
    run = deploy("--quiet")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_verbose_shows_the_names_of_the_variables(deploy: Deploy) -> None:
    run = deploy("--verbose")
    assert "DATABASE_URL" in run.stdout


def test_the_permission_to_update_the_code_is_enough(
    deploy: Deploy, service: Service, proxy: Proxy, function: str
) -> None:
    proxy.on("state", error(403, "AccessDeniedException", "User is not authorized"))
    proxy.on("update", changed(LastUpdateStatus="InProgress"))
    run = deploy(through=proxy)
    assert run.returncode == 0
    skipped = [line for line in run.stdout.splitlines() if "skipped" in line]
    assert len(skipped) == 2
    assert all("lambda:GetFunctionConfiguration" in line for line in skipped)
    assert "index.js" in service.package(function).namelist()


def test_a_conflict_is_tried_again(deploy: Deploy, proxy: Proxy) -> None:
    proxy.on("update", error(409, "ResourceConflictException", "in progress"), times=2)
    run = deploy(through=proxy)
    assert run.returncode == 0
    assert proxy.calls.count("update") == 3


def test_a_conflict_that_never_ends_is_an_error_in_bounded_time(
    deploy: Deploy, proxy: Proxy
) -> None:
    proxy.on("update", error(409, "ResourceConflictException", "in progress"))
    run = deploy("--timeout", "2", through=proxy)
    assert run.returncode == 1
    assert "After 2 s another update" in run.stderr


def test_an_update_that_fails_is_an_error_with_its_reason(deploy: Deploy, proxy: Proxy) -> None:
    reason = "The function lacks a layer"
    proxy.on("update", changed(LastUpdateStatus="InProgress"))
    failed = changed(LastUpdateStatus="Failed", LastUpdateStatusReason=reason)
    proxy.on("state", failed, skip=1)
    run = deploy(through=proxy)
    assert run.returncode == 1
    assert reason in run.stderr


def test_an_update_that_never_ends_is_an_error_in_bounded_time(
    deploy: Deploy, proxy: Proxy
) -> None:
    proxy.on("update", changed(LastUpdateStatus="InProgress"))
    proxy.on("state", changed(LastUpdateStatus="InProgress"), skip=1)
    run = deploy("--timeout", "2", through=proxy)
    assert run.returncode == 1
    assert "Lambda has accepted the package" in run.stderr


def test_an_update_that_is_carried_out_after_the_error_does_not_make_it_untrue(
    deploy: Deploy, service: Service, proxy: Proxy, function: str
) -> None:
    """The error says that it may still come; when it has, nothing is sent again."""
    ended, arrived = threading.Event(), threading.Event()

    def deliver_late(exchange: Exchange) -> None:
        _ = exchange.body
        assert ended.wait(60)
        exchange.forward()
        arrived.set()
        exchange.reset()

    before = service.stored(function)
    proxy.on("update", deliver_late)
    run = deploy("--timeout", "3", through=proxy)
    assert service.stored(function) == before
    ended.set()
    assert arrived.wait(60)
    assert service.stored(function) != before
    assert run.returncode == 1
    assert "did not have the package when it was last asked" in run.stderr
    assert "may still be carried out" in run.stderr
    assert "not updated" not in run.stderr
    again = deploy(through=proxy)
    assert "Unchanged" in again.stdout


def test_without_the_permission_to_update_a_deploy_is_an_error(
    deploy: Deploy, proxy: Proxy
) -> None:
    proxy.on("update", error(403, "AccessDeniedException", "User is not authorized"))
    run = deploy(through=proxy)
    assert run.returncode == 1
    assert "lambda:UpdateFunctionCode" in run.stderr


def test_a_missing_function_is_an_error(service: Service, app: Path, temporary: Path) -> None:
    run = packager("deploy", app, env=service.settings("no-such-function"), temporary=temporary)
    assert run.returncode == 1
    assert "The function does not exist" in run.stderr


def test_a_large_package_is_sent_through_s3(
    deploy: Deploy, service: Service, function: str, app: Path
) -> None:
    service.create_bucket("large-packages")
    (app / "large").write_bytes(os.urandom(51 << 20))
    run = deploy("--s3-bucket", "large-packages", "--s3-prefix", "some")
    assert (run.returncode, run.stderr) == (0, "")
    stored = service.stored(function)
    assert (app / "large").read_bytes() in stored
    assert service.client("s3").list_objects_v2(Bucket="large-packages")["KeyCount"] == 0
    assert "s3://large-packages" in run.stdout


def test_a_large_package_is_uploaded_once_if_another_update_is_in_progress(
    deploy: Deploy, service: Service, app: Path, proxy: Proxy
) -> None:
    service.create_bucket("once")
    (app / "large").write_bytes(os.urandom(51 << 20))
    proxy.on("update", error(409, "ResourceConflictException", "in progress"), times=1)
    run = deploy("--s3-bucket", "once", through=proxy)
    assert (run.returncode, run.stderr) == (0, "")
    assert proxy.calls.count("start upload") == 1
    assert proxy.calls.count("update") == 2


def test_a_large_package_without_a_bucket_is_wrong_input(
    deploy: Deploy, proxy: Proxy, app: Path
) -> None:
    (app / "large").write_bytes(os.urandom(51 << 20))
    run = deploy(through=proxy)
    assert run.returncode == 2
    assert "_LAMBDA_S3_BUCKET" in run.stderr
    assert set(proxy.calls) <= {"state"}


def test_an_unpacked_size_over_250_mb_is_wrong_input_that_names_the_largest_folders(
    deploy: Deploy, proxy: Proxy, app: Path
) -> None:
    for number in range(1, 8):
        folder = app / f"folder{number}"
        folder.mkdir()
        (folder / "zeros").write_bytes(bytes(number * 10 << 20))
    run = deploy(through=proxy)
    assert run.returncode == 2
    places = [run.stderr.index(f"folder{number}") for number in (7, 6, 5, 4, 3)]
    assert places == sorted(places)
    assert "folder2" not in run.stderr
    assert set(proxy.calls) <= {"state"}


def test_the_apps_own_aws_variables_do_not_affect_a_deploy(
    service: Service, proxy: Proxy, function: str, app: Path, temporary: Path
) -> None:
    own = {
        "AWS_ACCESS_KEY_ID": "canary-key",
        "AWS_SECRET_ACCESS_KEY": "canary-secret",
        "AWS_SESSION_TOKEN": "canary-token",
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_PROFILE": "canary-profile",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1",
        "AWS_CONFIG_FILE": "/canary",
        "AWS_CA_BUNDLE": "/canary",
    }
    settings = service.settings(function, through=proxy.url)
    run = packager("deploy", app, env=own | settings, temporary=temporary)
    assert run.returncode == 0
    assert run.stderr == (
        "Warning: Lambda itself sets AWS_ACCESS_KEY_ID, AWS_DEFAULT_REGION, AWS_REGION,"
        " AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN: the readers return its values, not those of the"
        " config vars.\n"
    )
    package = base64.b64decode(json.loads(proxy.sent[proxy.calls.index("update")])["ZipFile"])
    config = zipfile.ZipFile(io.BytesIO(package)).read("env.properties").decode()
    assert javaproperties.loads(config).items() >= own.items()


def test_one_message_lists_all_problems_of_the_settings(app: Path, temporary: Path) -> None:
    wrong = {"_AWS_ACCESS_KEY_ID": "canary", "_LAMBDA_ARCHITECTURE": "canary"}
    run = packager("deploy", app, env=wrong, temporary=temporary)
    assert run.returncode == 2
    for name in ("_LAMBDA_FUNCTION_ARN", "_AWS_SECRET_ACCESS_KEY", "_LAMBDA_ARCHITECTURE"):
        assert name in run.stderr


def test_without_credentials_nothing_is_packaged(app: Path, temporary: Path) -> None:
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(temporary)}
    env = nowhere | {"_LAMBDA_FUNCTION_ARN": "hello", "_AWS_DEFAULT_REGION": "eu-west-1"}
    run = packager("deploy", app, env=env, temporary=temporary)
    assert run.returncode == 2
    assert "Packaging" not in run.stdout
    assert "No AWS credentials were found." in run.stderr
    assert "_AWS_ACCESS_KEY_ID" in run.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_during_the_upload_ends_it_and_leaves_nothing(
    service: Service,
    proxy: Proxy,
    function: str,
    app: Path,
    temporary: Path,
    number: signal.Signals,
) -> None:
    def interrupt(exchange: Exchange) -> None:
        process.send_signal(number)
        process.wait(timeout=20)

    before = service.stored(function)
    proxy.on("update", interrupt)
    env = ENV | service.settings(function, through=proxy.url)
    process = Command("deploy", app, env=env, temporary=temporary)
    shown = process.end()
    assert process.returncode == 128 + number
    assert "Traceback" not in shown
    assert not list(temporary.iterdir())
    assert service.stored(function) == before


def test_a_signal_during_packaging_leaves_nothing(
    service: Service, function: str, app: Path, temporary: Path
) -> None:
    for number in range(40):
        (app / f"file{number}").write_bytes(os.urandom(4 << 20))
    process = Command("deploy", app, env=ENV | service.settings(function), temporary=temporary)
    while not any(path.is_file() and path.stat().st_size for path in temporary.rglob("*.zip")):
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    shown = process.end()
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in shown
    assert not list(temporary.iterdir())
