"""`packager watch --build`: a build before each deploy, and no build for what a build writes."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.watch_process import Watching, ends, node_app, watching
from tests.proxy import Proxy, proxying
from tests.service import Service

# Each run writes other contents, and one file under another name.
BUILD = """\
set -eu
cd "$(dirname "$0")/app"
echo building
env > ../build.env
rm -f dist/main.*.js
mkdir -p dist
case "$(cat src.js)" in
  *slow*) touch ../slow; while [ -e ../slow ]; do sleep 0.05; done ;;
  *hang*) sleep 300 & echo $! > ../child; echo $$ > ../parent; wait ;;
  *wrong*) echo "a syntax error" >&2; exit 3 ;;
esac
date +%s%N > dist/stamp.txt
{ cat src.js; cat dist/stamp.txt; } > "dist/main.$(cat dist/stamp.txt).js"
cat src.js dist/stamp.txt > bundle.js
echo build >> ../builds.log
"""


@pytest.fixture(scope="module")
def watch(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    """The command, after a second build, which it may need to learn which files a build writes."""
    folder = tmp_path_factory.mktemp("watch")
    (folder / "temporary").mkdir()
    (folder / "build.sh").write_text(BUILD)
    app = node_app(folder / "app")
    (app / "src.js").write_text("// at first\n")
    (app / "bundle.js").write_text("// of an older build\n")
    options = ["--build", f"sh {folder}/build.sh", "--timeout", "2"]
    service.create_function("built")
    with (
        proxying(service.url) as proxy,
        watching(app, service, proxy, "built", *options, temporary=folder / "temporary") as watch,
    ):
        assert watch.ending()["event"] == "deployed"
        with watch.expecting(deploys=1):
            pass
        yield watch


def builds(watch: Watching) -> int:
    return len((watch.app.parent / "builds.log").read_text().splitlines())


def save(watch: Watching, text: str) -> None:
    (watch.app / "src.js").write_text(f"// {text}\n")


def appears(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, path
        time.sleep(0.02)


def test_a_save_is_one_build_and_one_deploy_whatever_the_build_writes(watch: Watching) -> None:
    for text in ("once", "twice"):
        before = builds(watch)
        with watch.expecting(deploys=1):
            save(watch, text)
        assert builds(watch) - before == 1
        assert "build" in watch.events[-1]["seconds"]
    assert f"// {text}\n" in (watch.app / "bundle.js").read_text()


def test_a_save_during_a_build_is_built_again_once(watch: Watching) -> None:
    for _ in range(2):
        slow = watch.app.parent / "slow"
        save(watch, "slow")
        appears(slow)
        save(watch, "saved meanwhile")
        slow.unlink()
        assert watch.ending()["event"] == "deployed"
        with watch.expecting(deploys=1):
            pass
        assert "saved meanwhile" in (watch.app / "bundle.js").read_text()


def test_a_failed_build_is_reported_and_deploys_nothing(watch: Watching) -> None:
    before = watch.updates
    save(watch, "wrong")
    failed = watch.ending()
    assert failed["event"] == "failed"
    assert failed["error"] == "The build command failed (exit status 3)."
    assert failed["hint"]
    assert failed["retryIn"] is None
    assert watch.updates == before
    with watch.expecting(deploys=1):
        save(watch, "right again")


def test_a_build_that_hangs_is_killed_with_its_children(watch: Watching) -> None:
    save(watch, "hang")
    assert "did not end within 2 s" in watch.ending()["error"]
    for name in ("parent", "child"):
        assert ends(int((watch.app.parent / name).read_text()))
    with watch.expecting(deploys=1):
        save(watch, "goes on")


def test_a_build_does_not_get_the_settings(watch: Watching) -> None:
    names = {line.partition("=")[0] for line in (watch.app.parent / "build.env").open()}
    assert "PATH" in names
    assert not [name for name in names if name.startswith(("_AWS", "_LAMBDA"))]


def test_with_a_build_command_the_sources_are_watched_and_the_jar_is_its_product(
    service: Service, proxy: Proxy, tmp_path: Path, function: str, temporary: Path
) -> None:
    app = tmp_path / "app"
    (app / "src").mkdir(parents=True)
    (app / "src/A.java").write_text("class A {}")
    # It begins with `clean`, and the time stamps within its jar always differ.
    build = "rm -rf target; mkdir target; date +%N > stamp; zip -q target/app.jar src/* stamp"
    options = ["--jar", "target/app.jar", "--build", build]
    with watching(app, service, proxy, function, *options, temporary=temporary) as watch:
        assert watch.ending()["event"] == "deployed"
        before = watch.updates
        (app / "pom.xml").write_text("<project/>")
        for number in range(3):
            (app / "src/A.java").write_text(f"class A {{ int n = {number}; }}")
            ending = watch.ending()
            assert (ending["event"], ending["cause"]) == ("deployed", "src/A.java")
        assert watch.updates - before == 3


def test_without_a_build_the_jar_itself_is_watched_even_where_it_is_not_yet(
    service: Service, proxy: Proxy, tmp_path: Path, function: str, temporary: Path
) -> None:
    app = tmp_path / "app"
    app.mkdir()
    options = ["--jar", "target/app.jar"]
    with watching(app, service, proxy, function, *options, temporary=temporary) as watch:
        assert "does not exist" in watch.ending()["error"]
        (app / "target").mkdir()
        for text in ("first", "second"):
            with zipfile.ZipFile(app / "target/app.jar", "w") as jar:
                jar.writestr("A.class", text)
            assert watch.ending()["event"] == "deployed"
        assert watch.updates == 2
