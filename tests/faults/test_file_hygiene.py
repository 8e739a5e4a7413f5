"""Files with secrets are private, for every umask and despite files that other users plant."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.apps.python import cache
from tests.commands import bound_by_permissions, packager, run
from tests.conftest import requires
from tests.faults import canaries
from tests.proxy import Exchange, forward, proxying
from tests.service import Service
from tests.trees import plant

# Places where a link in a project could redirect a vendored reader.
LINKED = {
    "python": ["env_properties", "env_properties/py.typed"],
    "node": ["env-properties", "env-properties/index.js"],
    "java": ["src", "src/main/java", "src/main/java/envproperties"],
}


@pytest.fixture(params=[0o000, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Start the command with this umask."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_temporary_files_are_private_whatever_the_umask(
    umask: int, service: Service, function: str, jars: Path, temporary: Path
) -> None:
    seen: dict[str, int] = {}

    def look(exchange: Exchange) -> None:
        for path in temporary.rglob("*"):
            seen[path.name] = stat.S_IMODE(path.stat().st_mode) & (
                0o777 if path.is_dir() else 0o666
            )
        forward(exchange)

    with proxying(service.url) as proxy:
        proxy.on("update", look)
        run = packager(
            *("deploy", jars, "--jar", "small.jar"),
            env=canaries.settings(proxy.url, function),
            temporary=temporary,
        )
    assert run.returncode == 0, run.stderr
    folders = {name for name, mode in seen.items() if mode == 0o700}
    assert len(folders) == 1
    assert any(name.endswith(".zip") for name in seen)
    assert any(name.endswith(".request") for name in seen)
    assert {mode for name, mode in seen.items() if name not in folders} == {0o600}


def test_the_function_can_read_its_package_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    app, output = tmp_path / "app", tmp_path / "out.zip"
    app.mkdir(mode=0o700)
    for name, mode in (("package.json", 0o600), ("index.js", 0o600), ("run.sh", 0o700)):
        (app / name).write_text("{}")
        (app / name).chmod(mode)
    run = packager(*("build", app, "-o", output), env={})
    assert run.returncode == 0, run.stderr
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    with zipfile.ZipFile(output) as package:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in package.infolist()}
    assert modes == {
        "env.properties": 0o644,
        "index.js": 0o644,
        "package.json": 0o644,
        "run.sh": 0o755,
    }


def test_planted_links_in_the_temporary_folder_are_not_followed(
    service: Service, function: str, jars: Path, temporary: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("precious")
    (victim / "lock").write_text("precious")
    (temporary / "heroku-lambda-packager-0000000000000000").symlink_to(victim)
    stale = temporary / "heroku-lambda-packager-1111111111111111"
    stale.mkdir(mode=0o700)
    (stale / "lock").write_text("")
    (stale / "inside").symlink_to(victim)
    run = packager(
        *("deploy", jars, "--jar", "small.jar"),
        env=canaries.settings(service.url, function),
        temporary=temporary,
    )
    assert run.returncode == 0, run.stderr
    assert {path.name: path.read_text() for path in victim.iterdir()} == {
        "file": "precious",
        "lock": "precious",
    }
    assert not stale.exists()


def test_a_planted_link_at_the_output_path_is_replaced(jars: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    shared = tmp_path / "shared"
    shared.mkdir()
    with subprocess.Popen(["true"]) as ended:
        pass
    for name in ("out.jar", f".out.jar.{ended.pid}.{'0' * 16}.part"):
        (shared / name).symlink_to(victim)
    run = packager("build", jars, "--jar", "small.jar", "-o", shared / "out.jar")
    assert run.returncode == 0, run.stderr
    assert victim.read_text() == "precious"
    assert [path.name for path in shared.iterdir()] == ["out.jar"]
    assert not (shared / "out.jar").is_symlink()


SECOND_USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

# Creates, as another user, every predictable name that a build of `out.jar` could use.
PLANTING = """
cd "$1"
for pid in $(seq 1 "$2"); do echo .out.jar.$pid.part; done | xargs touch
mkdir .out.jar.4000000.0000000000000000.part
ln -s /etc/passwd .out.jar.4000001.0000000000000000.part
mkfifo .out.jar.4000002.0000000000000000.part .out.jar.part
"""


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")
@requires("setpriv")
def test_files_that_another_user_plants_in_a_shared_folder_do_not_block_a_build(jars: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        shared = Path(name)
        os.chown(shared, 65533, 65533)  # the owner could remove the planted files
        shared.chmod(0o1777)
        pids = Path("/proc/sys/kernel/pid_max").read_text().strip()
        planted = str(min(int(pids), os.getpid() + 5000))
        run(*SECOND_USER, "sh", "-c", PLANTING, "sh", shared, planted)
        build = packager(
            *("build", jars, "--jar", "small.jar", "-o", shared / "out.jar"),
            preexec=bound_by_permissions,
        )
        assert build.returncode == 0, build.stderr
        assert zipfile.is_zipfile(shared / "out.jar")


# Tries, as another user, to change, replace and extend everything in a folder.
TAMPERING = """
find "$1" 2> /dev/null | while read -r path; do
    echo changed > "$path"
    echo planted > "$path/planted.py"
    mv "$path" "$path.moved" && mkdir -m 777 "$path"
done 2> /dev/null
exit 0
"""


@pytest.fixture(params=[0o1777, 0o777], ids=["sticky", "writable"])
def shared_home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder that every user can write to, with an umask of 000."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(request.param)
        monkeypatch.setenv("XDG_CACHE_HOME", name)
        before = os.umask(0)
        cache._root.cache_clear()
        yield Path(name)
        cache._root.cache_clear()
        os.umask(before)


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")
@requires("setpriv")
def test_another_user_cannot_change_the_cached_dependencies(
    shared_home: Path, tmp_path: Path
) -> None:
    """Another user can change it neither before it exists nor while it is in use."""
    run(*SECOND_USER, "mkdir", "-p", "-m", "777", shared_home / "heroku-lambda-packager/wheels")
    for attempt in ("first", "second"):
        installed = plant(tmp_path / attempt, {"module.py": b"value = 1\n"})
        kept = cache.keep(installed, "key").folder
        run(*SECOND_USER, "sh", "-c", TAMPERING, "sh", shared_home)
        assert (found := cache.find("key"))
        assert found.folder == kept
        assert [(path.name, path.read_bytes()) for path in kept.iterdir()] == [
            ("module.py", b"value = 1\n")
        ]
        assert not kept.is_relative_to(shared_home)


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")
@requires("setpriv")
def test_another_user_cannot_write_to_the_cache_in_a_shared_folder(
    shared_home: Path, tmp_path: Path
) -> None:
    """In a sticky folder such as /tmp the cache is used: others cannot replace its files."""
    installed = plant(tmp_path / "installed", {"module.py": b"value = 1\n"})
    kept = cache.keep(installed, "key").folder
    run(*SECOND_USER, "sh", "-c", TAMPERING, "sh", shared_home)
    assert (found := cache.find("key"))
    assert found.folder == kept
    assert [path.name for path in kept.iterdir()] == ["module.py"]
    is_sticky = bool(shared_home.stat().st_mode & stat.S_ISVTX)
    assert kept.is_relative_to(shared_home) == is_sticky


@pytest.mark.parametrize("option", ["--force", "--check"])
@pytest.mark.parametrize("language", LINKED)
def test_a_reader_is_not_vendored_through_a_link(
    language: str, option: str, tmp_path: Path
) -> None:
    """Neither a linked folder nor a linked file is followed, even with `--force`."""
    for link in LINKED[language]:
        project, elsewhere = tmp_path / link / "project", tmp_path / link / "elsewhere"
        plant(project, {"pom.xml": b""})
        plant(elsewhere, {"file": b"precious"})
        (project / link).parent.mkdir(parents=True, exist_ok=True)
        (project / link).symlink_to(elsewhere / "file" if "." in link else elsewhere)
        run = packager("vendor", language, project, option)
        assert run.returncode == 1
        assert f"{project / link} is a link" in run.stderr
        assert [(path.name, path.read_bytes()) for path in elsewhere.iterdir()] == [
            ("file", b"precious")
        ]


@pytest.mark.parametrize("option", ["--force", "--check"])
def test_vendoring_does_not_wait_for_a_pipe(option: str, tmp_path: Path) -> None:
    (tmp_path / "env_properties").mkdir()
    os.mkfifo(tmp_path / "env_properties" / "__init__.py")
    run = packager("vendor", "python", tmp_path, option, timeout=30)
    assert run.returncode == 1
    assert "__init__.py is not a file" in run.stderr
