"""`packager watch` as a process: real files, and a Lambda API over HTTP that counts and keeps.

Most tests share one process, which runs all day for a user, too. Each test makes changes and checks
how many deploys they cause. A deploy's package is compared with a full build, byte for byte.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands import bare_environment, git, run
from tests.conftest import requires
from tests.integration.conftest import WatchApp
from tests.integration.watch_process import PATIENCE, QUIET_TIME, Watching, watching_new_app
from tests.proxy import Exchange
from tests.service import Service


@pytest.fixture(scope="module")
def running(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    """A command that runs from the first test to the last."""
    folder = tmp_path_factory.mktemp("watch")
    (folder / "shared").mkdir()
    options = ("--ignore", "*.log", "--path", str(folder / "shared"))
    with watching_new_app(folder, service, "watched", *options) as watch:
        yield watch


@pytest.fixture
def watch(running: Watching) -> Iterator[Watching]:
    """The running command, between two of its runs."""
    yield running
    running.proxy.rules.clear()


def in_place(file: Path) -> None:
    file.write_text(f"exports.a = {time.time_ns()}\n")


def by_vim(file: Path) -> None:
    (file.parent / "4913").touch()
    (file.parent / "4913").unlink()
    file.with_name(f".{file.name}.swp").write_text("b0VIM")
    file.rename(f"{file}~")
    in_place(file)
    Path(f"{file}~").unlink()


def by_emacs(file: Path) -> None:
    file.with_name(f".#{file.name}").symlink_to("user@host.1:1")
    file.with_name(f"#{file.name}#").write_text("auto-saved")
    file.rename(f"{file}~")
    in_place(file)
    file.with_name(f"#{file.name}#").unlink()
    file.with_name(f".#{file.name}").unlink()


def by_jetbrains(file: Path) -> None:
    new, old = Path(f"{file}___jb_tmp___"), Path(f"{file}___jb_old___")
    in_place(new)
    file.rename(old)
    new.rename(file)
    old.unlink()


def by_vs_code(file: Path) -> None:
    with file.open("r+") as open_file:
        open_file.truncate()
        open_file.flush()
        open_file.write(f"exports.a = {time.time_ns()}\n")


def by_gedit(file: Path) -> None:
    new = file.with_name(".goutputstream-A1B2C3")
    in_place(new)
    new.replace(file)


@pytest.mark.parametrize("save", [in_place, by_vim, by_emacs, by_jetbrains, by_vs_code, by_gedit])
def test_a_save_is_one_deploy(watch: Watching, save: Callable[[Path], None]) -> None:
    with watch.expecting(deploys=1):
        save(watch.app / "lib/a.js")
    assert watch.events[-1]["cause"] == "lib/a.js"
    for left in watch.app.glob("lib/*~"), watch.app.glob("lib/.*.swp"):
        for path in left:
            path.unlink()


def create(app: Path) -> None:
    (app / "lib/new.js").write_text("new")


def delete(app: Path) -> None:
    (app / "lib/new.js").unlink()


def delete_and_create(app: Path) -> None:
    (app / "lib/a.js").unlink()
    (app / "lib/a.js").write_text("created anew")


def rename_folder(app: Path) -> None:
    (app / "lib/deep").rename(app / "lib/deeper")


def change_in_renamed_folder(app: Path) -> None:
    in_place(app / "lib/deeper/b.js")


def move_folder_back(app: Path) -> None:
    (app / "lib/deeper").rename(app / "lib/deep")


def new_folder_with_files(app: Path) -> None:
    (app / "new/folder").mkdir(parents=True)
    for number in range(10):
        (app / f"new/folder/{number}.js").write_text(f"{number}")


def change_in_new_folder(app: Path) -> None:
    in_place(app / "new/folder/5.js")


def delete_folder(app: Path) -> None:
    shutil.rmtree(app / "new")


def make_executable(app: Path) -> None:
    (app / "index.js").chmod(0o755)


def add_link(app: Path) -> None:
    (app / "link.js").symlink_to("index.js")


def turn_link(app: Path) -> None:
    (app / "link.js").unlink()
    (app / "link.js").symlink_to("lib/a.js")


def ignore_more(app: Path) -> None:
    (app / ".lambdaignore").write_text("docs/\nlib/deep/\n")


def ignore_less(app: Path) -> None:
    (app / ".lambdaignore").write_text("")


def change_what_was_ignored(app: Path) -> None:
    (app / "docs/index.md").write_text("# No longer ignored\n")


@pytest.mark.parametrize(
    "change",
    [
        *(create, delete, delete_and_create),
        *(rename_folder, change_in_renamed_folder, move_folder_back),
        *(new_folder_with_files, change_in_new_folder, delete_folder),
        *(make_executable, add_link, turn_link),
        *(ignore_more, ignore_less, change_what_was_ignored),
    ],
)
def test_a_change_is_one_deploy(watch: Watching, change: Callable[[Path], None]) -> None:
    with watch.expecting(deploys=1):
        change(watch.app)


def test_an_event_without_new_contents_starts_no_run(watch: Watching) -> None:
    file = watch.app / "lib/a.js"
    runs = len(watch.events)
    with watch.expecting(deploys=0):
        os.utime(file)
        file.write_bytes(file.read_bytes())
        file.chmod(0o600)
        file.rename(watch.app / "lib/other.js")
        (watch.app / "lib/other.js").rename(file)
        (watch.app / "lib/short-lived").touch()
        (watch.app / "lib/short-lived").unlink()
        (watch.app / "empty").mkdir()
    events = [event["event"] for event in watch.events[runs:]]
    assert (events[0], events.count("started"), events[-1]) == ("started", 1, "deployed")


def test_a_change_of_an_ignored_file_starts_no_run(watch: Watching) -> None:
    runs = len(watch.events)
    with watch.expecting(deploys=0):
        (watch.app / ".git/HEAD").write_text("ref: refs/heads/other\n")
        (watch.app / ".git/objects").mkdir()
        (watch.app / ".env").write_text("SECRET=1")
        (watch.app / "env.properties").write_text("a=b")
        (watch.app / "lib/.a.js.swp").write_text("b0VIM")
        (watch.app / "lib/.a.js.swp").unlink()
    events = [event["event"] for event in watch.events[runs:]]
    assert (events[0], events.count("started"), events[-1]) == ("started", 1, "deployed")


def test_a_change_ignored_by_an_option_starts_no_deploy_but_is_in_the_next_one(
    watch: Watching,
) -> None:
    with watch.expecting(deploys=0):
        (watch.app / "lib/debug.log").write_text(f"{time.time_ns()}")
        (watch.app / "node_modules/dep/debug.log").write_text(f"{time.time_ns()}")


def test_a_change_of_a_path_added_by_an_option_starts_a_run(watch: Watching) -> None:
    (watch.app.parent / "shared/schema.json").write_text("{}")
    ending = watch.ending()
    assert (ending["event"], ending["cause"]) == ("unchanged", "../shared/schema.json")


def test_a_folder_that_is_added_before_it_is_there_is_watched(
    watch_app: WatchApp, tmp_path: Path
) -> None:
    """The folder may be created at any time, like a file."""
    later = tmp_path / "later"
    with watch_app("--path", str(later)) as watch:
        watch.deployed()
        later.mkdir()
        (later / "file").write_text("first")
        watch.ending()
        (later / "file").write_text("second")
        watch.ending()


def test_the_files_that_its_own_output_goes_to_start_nothing_and_stay_out(
    service: Service, function: str, watched_app: Path
) -> None:
    """Its private folder does not either, if TMPDIR is a folder of the app."""
    (watched_app / "tmp").mkdir()
    with (watched_app / "watch [1].log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "packager", "watch", watched_app, "--quiet-time", "100"],
            env=bare_environment(watched_app / "tmp") | service.settings(function),
            stdout=log,
            stderr=log,
        )
        try:
            end = time.monotonic() + PATIENCE
            while b"deployed" not in (shown := Path(log.name).read_bytes()):
                assert time.monotonic() < end, shown
                time.sleep(0.05)
            time.sleep(1.5)
        finally:
            process.terminate()
            process.wait(PATIENCE)
    assert Path(log.name).read_bytes().count(b"deployed") == 1
    names = service.package(function).namelist()
    assert not [name for name in names if name.startswith(("watch", "tmp/heroku"))]


def test_ignored_folders_are_not_registered_with_the_system(watch: Watching) -> None:
    registered = set()
    for info in Path(f"/proc/{watch.process.pid}/fdinfo").iterdir():
        for line in info.read_text().splitlines():
            if line.startswith("inotify "):
                fields = dict(part.split(":", 1) for part in line.split()[1:])
                registered.add(int(fields["ino"], 16))
    patterns = (watch.app / ".lambdaignore").read_text().split()  # as the tests before left it
    hidden = {watch.app / ".git", *(watch.app / pattern for pattern in patterns)}
    folders = {path for path in watch.app.rglob("*") if path.is_dir()}
    assert hidden <= folders
    for folder in hidden:
        folders -= {folder, *folder.rglob("*")}
    folders |= {watch.app, watch.env_file.parent, watch.app.parent / "shared"}
    assert registered == {folder.stat().st_ino for folder in folders}


@pytest.mark.alone
@requires("git")
def test_a_branch_that_changes_a_thousand_files_is_one_deploy(watch: Watching) -> None:
    def write(what: str) -> None:
        (watch.app / "many").mkdir(exist_ok=True)
        for number in range(1000):
            (watch.app / f"many/{number}.js").write_text(f"{number} of {what}")

    shutil.rmtree(watch.app / ".git")
    write("main")
    watch.until_deployed()
    git(watch.app, "init", "-q", "-b", "main")
    git(watch.app, "add", ".")
    git(watch.app, "commit", "-q", "-m", "main")
    write("branch")
    watch.until_deployed()
    git(watch.app, "checkout", "-q", "-b", "branch")
    git(watch.app, "commit", "-q", "-a", "-m", "branch")
    with watch.expecting(deploys=1):
        git(watch.app, "checkout", "-q", "main")
    with watch.expecting(deploys=1):
        git(watch.app, "checkout", "-q", "branch")
    shutil.rmtree(watch.app / "many")
    watch.until_deployed()


@pytest.mark.alone
@requires("npm")
def test_an_npm_install_is_one_deploy(watch: Watching, tmp_path: Path) -> None:
    dependency = tmp_path / "dependency"
    for number in range(200):
        (dependency / f"lib/{number}").mkdir(parents=True)
        (dependency / f"lib/{number}/index.js").write_text(f"exports.n = {number}\n")
    (dependency / "package.json").write_text('{"name": "dependency", "version": "1.0.0"}')
    options = ["--install-links", "--offline", "--no-audit", "--no-fund", "--loglevel=error"]
    before = watch.updates
    run("npm", "install", *options, dependency, cwd=watch.app)
    watch.until_deployed()
    # npm works in stages; a slow machine can pause between them.
    assert 1 <= watch.updates - before <= 3
    with watch.expecting(deploys=1):
        in_place(watch.app / "node_modules/dependency/lib/100/index.js")


def steadily(step: Callable[[int], None], seconds: float, pause: float) -> bool:
    """Do steps for some seconds; return whether no pause between them was much too long."""
    last, longest = time.monotonic(), 0.0
    for number in range(round(seconds / pause)):
        step(number)
        time.sleep(pause)
        longest = max(longest, time.monotonic() - last)
        last = time.monotonic()
    return longest < QUIET_TIME / 2


@pytest.mark.alone
def test_a_file_that_grows_for_two_seconds_is_one_deploy(watch: Watching) -> None:
    def grow(_: int) -> None:
        file.write(f"{time.time_ns()}\n" * 200)
        file.flush()

    for _ in range(10):
        before = watch.updates
        with (watch.app / "lib/growing.txt").open("w") as file:
            steady = steadily(grow, 2.0, 0.05)
        watch.until_deployed()
        if steady:
            break
    assert watch.updates - before == 1


@pytest.mark.alone
def test_saves_every_50_ms_for_5_seconds_are_one_deploy(watch: Watching) -> None:
    for _ in range(10):
        before = watch.updates
        steady = steadily(lambda _: in_place(watch.app / "lib/a.js"), 5.0, 0.05)
        watch.until_deployed()
        if steady:
            break
    assert watch.updates - before == 1


def test_a_save_in_the_middle_of_an_upload_is_exactly_one_more_deploy(watch: Watching) -> None:
    def save_meanwhile(exchange: Exchange) -> None:
        in_place(watch.app / "lib/a.js")
        time.sleep(2 * QUIET_TIME)
        in_place(watch.app / "lib/deep/b.js")
        exchange.reply(*exchange.forward())

    watch.proxy.on("update", save_meanwhile, times=1)
    before = watch.updates
    in_place(watch.app / "index.js")
    assert watch.ending()["cause"] == "index.js"
    with watch.expecting(deploys=1):
        pass
    assert watch.updates - before == 2


@pytest.mark.alone
def test_events_lost_by_the_system_are_made_up_for_by_one_look_at_everything(
    watch: Watching,
) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())

    def overflow(exchange: Exchange) -> None:
        for number in range(limit + 2):
            os.utime(watch.app / ("index.js" if number % 2 else "package.json"))
        in_place(watch.app / "lib/a.js")
        (watch.app / "unheard-of").mkdir()
        (watch.app / "unheard-of/c.js").write_text(f"{time.time_ns()}")
        exchange.reply(*exchange.forward())

    watch.proxy.on("update", overflow, times=1)
    in_place(watch.app / "index.js")
    watch.ending()
    with watch.expecting(deploys=1):
        pass
    with watch.expecting(deploys=1):
        in_place(watch.app / "unheard-of/c.js")
