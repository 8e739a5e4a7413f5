"""`packager watch --poll`, if the system reports no events: an overlay whose files change below."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import WatchApp
from tests.integration.watch_process import QUIET_TIME, Watching, in_namespace


@pytest.fixture
def below(watched_app: Path, tmp_path: Path) -> Path:
    """The app as the host has it; the packager sees it through an overlay, as in a container."""
    watched_app.rename(tmp_path / "upper")
    for name in ("lower", "work", "app"):
        (tmp_path / name).mkdir()
    return tmp_path / "upper"


@pytest.fixture
def overlaid(
    below: Path, watch_app: WatchApp, request: pytest.FixtureRequest
) -> Iterator[Watching]:
    """A running command whose app is an overlay that no other process sees."""
    folder = below.parent
    layers = f"lowerdir={folder}/lower,upperdir={below},workdir={folder}/work"
    prefix = in_namespace(
        *("--map-root-user", "--mount"), setup=f"mount -t overlay -o {layers} o {folder}/app"
    )
    with watch_app(*getattr(request, "param", []), prefix=prefix) as watch:
        assert watch.ending()["event"] == "deployed"
        yield watch


def save(file: Path) -> None:
    """Write a file below the overlay."""
    file.write_text(f"exports.n = {time.time_ns()}\n")


@pytest.mark.parametrize("overlaid", [["--poll"]], indirect=True)
def test_a_change_without_an_event_is_deployed_with_poll(overlaid: Watching, below: Path) -> None:
    """Mounts of WSL and Docker Desktop report no events, as this overlay."""
    for name in ("index.js", "lib/deep/b.js"):
        save(below / name)
        deployed = overlaid.ending()
        assert (deployed["event"], deployed["cause"]) == ("deployed", name)


def test_the_same_change_is_not_noticed_without_poll(overlaid: Watching, below: Path) -> None:
    """The overlay reports no event, so only --poll can notice the change."""
    save(below / "index.js")
    time.sleep(3 * QUIET_TIME)
    assert overlaid.received.empty()


@pytest.mark.parametrize("overlaid", [["--poll"]], indirect=True)
def test_polling_does_not_deploy_a_file_that_is_written_again_unchanged(
    overlaid: Watching, below: Path
) -> None:
    """Only a change of contents starts a deploy."""
    (below / "index.js").write_bytes((below / "index.js").read_bytes())
    time.sleep(2.5)
    assert overlaid.received.empty()


@pytest.mark.parametrize("options", [[], ["--poll"]])
def test_a_file_system_that_may_report_no_changes_is_noticed_unless_it_is_polled(
    watch_app: WatchApp, watched_app: Path, tmp_path: Path, options: list[str]
) -> None:
    """The notice names the file system and the option."""
    mounts = tmp_path / "mountinfo"
    mount = f"2 1 0:50 / {watched_app} rw - 9p C: rw\n"
    mounts.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n{mount}")
    prefix = in_namespace(
        *("--map-root-user", "--mount"), setup=f"mount --bind {mounts} /proc/$$/mountinfo"
    )
    with watch_app(*options, prefix=prefix) as watch:
        assert watch.ending()["event"] == "deployed"
    notices = [event["text"] for event in watch.events if event["event"] == "notice"]
    assert len(notices) == (0 if options else 1)
    assert all("9p" in text and "--poll" in text for text in notices)
