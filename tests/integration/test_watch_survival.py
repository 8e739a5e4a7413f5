"""Failures that `packager watch` survives: it deploys the next change after each of them."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import requires
from tests.integration.conftest import WatchApp
from tests.integration.watch_process import Watching, in_namespace, watching_new_app
from tests.proxy import Exchange, Fault, Proxy, error, reset_before_the_body
from tests.service import KEY_ID, Service


@pytest.fixture(scope="module")
def running(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    """A command that has survived all tests so far."""
    with watching_new_app(tmp_path_factory.mktemp("watch"), service, "survivor") as watch:
        yield watch


@pytest.fixture
def watch(running: Watching) -> Iterator[Watching]:
    """The running command, with nothing left to deploy."""
    yield running
    running.proxy.rules.clear()
    running.change()
    running.until_deployed()


FAULTS: dict[str, tuple[Fault, str]] = {
    "down": (reset_before_the_body, "no response"),
    "failing": (error(500, "ServiceException"), "AWS failed"),
    "expired": (error(403, "ExpiredTokenException"), "expired"),
    "denied": (error(403, "AccessDeniedException"), "do not allow"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_failed_deploy_is_reported_and_the_next_change_deploys_both(
    watch: Watching, name: str
) -> None:
    fault, words = FAULTS[name]
    watch.proxy.on("update", fault)
    watch.change("index.js")
    failed = watch.ending()
    assert (failed["event"], failed["cause"]) == ("failed", "index.js")
    assert words in failed["error"]
    assert failed["hint"]
    assert "package" in failed["seconds"]
    watch.proxy.rules.clear()
    watch.change("lib/a.js")
    watch.until_deployed()


def test_a_failed_deploy_is_retried_until_the_service_responds_again(watch: Watching) -> None:
    watch.proxy.on("update", reset_before_the_body)
    watch.change("index.js")
    assert watch.ending()["retryIn"] == 1
    assert watch.ending()["retryIn"] == 2
    watch.proxy.rules.clear()
    assert watch.event("started")["retry"] is True
    assert watch.deployed()["cause"] == "index.js"


@pytest.mark.parametrize(
    "fault",
    [error(409, "ResourceConflictException"), error(429, "TooManyRequestsException")],
    ids=["by somebody else", "throttled"],
)
def test_a_deploy_waits_for_other_updates_and_throttling(watch: Watching, fault: Fault) -> None:
    watch.proxy.on("update", fault, times=4)
    watch.change("index.js")
    watch.deployed()


def test_an_env_file_with_another_endpoint_or_a_mistake_takes_effect_at_once(
    watch: Watching,
) -> None:
    good = watch.env_file.read_text()
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody_listens.getsockname()[1]}"
        watch.env_file.write_text(f"{good}_AWS_ENDPOINT_URL={url}\n")
        assert "no response" in watch.ending()["error"]
    watch.env_file.write_text(f"{good}A line without a value\n")
    while "config.env, line 2" not in (failed := watch.ending())["error"]:
        assert "no response" in failed["error"]
    new = watch.env_file.with_name("new.env")
    new.write_text(f"{good}MORE=1\n")
    new.replace(watch.env_file)
    deployed = watch.deployed()
    assert deployed["cause"] == "../config.env"
    assert deployed["variables"] == 2


def test_an_app_folder_that_disappears_and_returns_is_deployed_again(watch: Watching) -> None:
    away = watch.app.with_name("away")
    watch.app.rename(away)
    assert "does not exist any more" in watch.ending()["error"]
    away.rename(watch.app)
    assert watch.ending()["event"] == "unchanged"
    watch.change("lib/deep/b.js")
    watch.deployed()
    shutil.copytree(watch.app, away, symlinks=True)
    shutil.rmtree(watch.app)
    assert watch.ending()["event"] == "failed"
    away.rename(watch.app)
    watch.until_deployed()


def test_a_deleted_package_json_or_a_wrong_pattern_is_reported_until_it_is_fixed(
    watch: Watching,
) -> None:
    away = {name: watch.app / f"{name}.txt" for name in ("package.json", "index.js")}
    for name, other in away.items():
        (watch.app / name).rename(other)
    assert "package.json" in watch.ending()["error"]
    for name, other in away.items():
        other.rename(watch.app / name)
    assert watch.ending()["event"] == "unchanged"
    ignore = (watch.app / ".lambdaignore").read_text()
    (watch.app / ".lambdaignore").write_text("!\n")
    assert ".lambdaignore" in watch.ending()["hint"]
    (watch.app / ".lambdaignore").write_text(ignore)
    watch.until_deployed()


def test_new_credentials_are_used_as_soon_as_they_are_there(
    watch_app: WatchApp, proxy: Proxy, tmp_path: Path
) -> None:
    def write(key_id: str) -> None:
        credentials.write_text(
            f"[default]\naws_access_key_id = {key_id}\naws_secret_access_key = invented\n"
        )

    def refuse_old(exchange: Exchange) -> None:
        if "old-key-id" in exchange.handler.headers["Authorization"]:
            error(403, "ExpiredTokenException")(exchange)
        else:
            exchange.reply(*exchange.forward())

    credentials = tmp_path / "credentials"
    write("old-key-id")
    proxy.on("state", refuse_old)
    env = {
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "_AWS_ACCESS_KEY_ID": "",
        "_AWS_SECRET_ACCESS_KEY": "",
    }
    with watch_app(env=env) as watch:
        assert "expired" in watch.ending()["error"]
        write(KEY_ID)
        watch.until_deployed()


def test_a_file_that_may_not_be_read_is_named_and_deployed_when_it_may(
    watch_app: WatchApp, watched_app: Path
) -> None:
    # Root may read every file, but not in a namespace without users.
    prefix = in_namespace(setup="true") if os.geteuid() == 0 else ()
    with watch_app(prefix=prefix) as watch:
        watch.deployed()
        (watched_app / "lib/a.js").chmod(0o000)
        failed = watch.ending()
        assert failed["event"] == "failed"
        assert "lib/a.js" in failed["error"]
        (watched_app / "lib/a.js").chmod(0o644)
        assert watch.ending()["event"] == "unchanged"
        watch.change("lib/a.js")
        watch.deployed()


def test_after_a_full_disk_the_next_change_is_deployed(
    watch_app: WatchApp, temporary: Path
) -> None:
    prefix = in_namespace(
        *("--map-root-user", "--mount"), setup=f"mount -t tmpfs -o size=1m tmpfs {temporary}"
    )
    with watch_app(prefix=prefix) as watch:
        watch.deployed()
        disk = Path(f"/proc/{watch.process.pid}/root{temporary}")
        with (disk / "full").open("wb", buffering=0) as full, pytest.raises(OSError, match="space"):
            while True:
                full.write(bytes(4096))
        watch.change("index.js")
        failed = watch.ending()
        assert failed["event"] == "failed"
        assert "No space left" in failed["error"]
        (disk / "full").unlink()
        watch.until_deployed()


@pytest.mark.parametrize(
    ("limit", "value", "sysctl"),
    [
        ("max_inotify_watches", 2, "fs.inotify.max_user_watches"),
        ("max_inotify_instances", 0, "fs.inotify.max_user_instances"),
    ],
)
def test_at_a_limit_of_the_system_it_looks_for_changes_itself(
    watch_app: WatchApp, watched_app: Path, limit: str, value: int, sysctl: str
) -> None:
    prefix = in_namespace("--map-root-user", setup=f"echo {value} > /proc/sys/user/{limit}")
    with watch_app(prefix=prefix) as watch:
        assert sysctl in watch.event("notice")["text"]
        watch.deployed()
        (watched_app / "new").mkdir()
        watch.change("new/file.js")
        watch.deployed()
    assert [event["event"] for event in watch.events].count("notice") == 1


@requires("node")
def test_a_failed_handler_on_this_machine_is_reported_and_fixed_by_the_next_save(
    watch_app: WatchApp, proxy: Proxy, watched_app: Path
) -> None:
    (watched_app / "package.json").write_text('{"name": "app", "main": "index.js"}')
    with watch_app("--local", "--invoke", '{"name": "Ana"}') as watch:
        watch.ending()
        for greeting in ("hello", "good morning"):
            (watched_app / "index.js").write_text(
                f"exports.handler = async ({{ name }}) => `{greeting} ${{name}}`\n"
            )
            assert watch.event("deployed")["response"] == f"{greeting} Ana"
            (watched_app / "index.js").write_text(
                "exports.handler = async () => { throw new Error() }\n"
            )
            failed = watch.ending()
            assert failed["event"] == "failed"
            assert failed["outcome"] == "deployed"
            assert "handler" in failed["error"]
    assert set(proxy.calls) <= {"state"}  # the function's timeout and memory
