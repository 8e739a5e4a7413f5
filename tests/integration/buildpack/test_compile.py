"""`bin/compile` and `bin/release`: what a build adds to an app, and what it leaves alone."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands import run
from tests.integration.buildpack import heroku
from tests.integration.buildpack.conftest import Build, Cold
from tests.integration.buildpack.heroku import PACKAGER, Push
from tests.integration.buildpack.standalone_python import Mirror
from tests.trees import contents

# A MB of a slug is Heroku's.
MEGABYTE = 1_000_000


def processes(pushed: Push, buildpack: Path) -> str:
    """Return the process types that `bin/release` names."""
    return run(buildpack / "bin" / "release", pushed.folder)


def procfile(pushed: Push) -> str:
    assert pushed.status == 0, pushed.log
    return (pushed.folder / "Procfile").read_bytes().decode()


def size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def compressed_size(folder: Path) -> int:
    """Return the bytes of `folder` as a `.tar.gz`, which is how a slug is measured."""
    tar = subprocess.run(["tar", "-cz", folder.name], cwd=folder.parent, capture_output=True)
    return len(tar.stdout)


def test_a_second_build_takes_everything_from_the_cache(
    cold: Cold, app: Path, build: Build, mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    downloads = mirror.requests
    cached = build(app)
    assert cached.status == 0, cached.log
    assert mirror.requests == downloads
    assert "Downloading" not in cached.log
    assert "pip" not in cached.log
    assert contents(cached.folder) == contents(cold.push.folder)

    packager = cached.folder / PACKAGER
    with capsys.disabled():
        print(
            f"\ncompile: cold {cold.push.seconds:.1f} s, cached {cached.seconds:.1f} s;"
            f" slug: {size(packager) / MEGABYTE:.1f} MB with this machine's Python"
            f" ({compressed_size(packager) / MEGABYTE:.1f} MB compressed),"
            f" {size(packager / 'packages') / MEGABYTE:.1f} MB without"
            f" ({compressed_size(packager / 'packages') / MEGABYTE:.1f} MB compressed)"
        )


def test_a_newer_packager_takes_its_dependencies_from_the_cache_and_is_compiled_again(
    cold: Cold,
    app: Path,
    own_cache: Path,
    python_config: Mapping[str, str],
    buildpack: Path,
    tmp_path: Path,
) -> None:
    """Python runs bytecode without checking the source, so the build replaces both."""
    newer = Path(shutil.copytree(buildpack, tmp_path / "newer"))
    module = newer / "packager" / "__init__.py"
    module.write_text(module.read_text() + '__version__ = "9.8.7"\n')
    pushed = heroku.push(app, tmp_path, own_cache, python_config, buildpack=newer)
    assert "Using the dependencies in the build cache" in pushed.log
    kept = contents(own_cache)
    again = heroku.push(app, tmp_path, own_cache, python_config, buildpack=newer)
    assert contents(own_cache) == kept
    assert contents(again.folder) == contents(pushed.folder)
    assert contents(pushed.folder).keys() == contents(cold.push.folder).keys()
    run = heroku.release(again).run("packager --version", {})
    assert "9.8.7" in run.stdout


def test_the_slug_has_only_the_files_that_a_deploy_needs(cold: Cold) -> None:
    packager = cold.push.folder / PACKAGER
    assert compressed_size(packager) < 60 * MEGABYTE
    assert size(packager / "packages") < 25 * MEGABYTE
    services = {path.name for path in (packager / "packages/botocore/data").iterdir()}
    assert {name for name in services if "." not in name} == {
        "lambda", "s3", "signin", "sso", "sso-oidc", "sts"
    }  # fmt: skip
    files = contents(packager)
    assert not [name for name in files if "/test/" in name or "/tests/" in name]
    assert not [name for name in files if name.startswith(("python/include", "python/share"))]
    assert not [name for name in files if "/idlelib/" in name or "/site-packages/" in name]
    assert not [name for name in files if name.startswith("packages/bin/")]


def test_nothing_names_the_folder_of_the_build(cold: Cold) -> None:
    old = os.fsencode(cold.push.folder)
    assert not [name for name, content in contents(cold.push.folder).items() if old in content]
    links = [path for path in cold.push.folder.rglob("*") if path.is_symlink()]
    assert not [link for link in links if link.readlink().is_absolute()]


def test_the_files_of_the_app_stay_as_they_were(cold: Cold, app: Path) -> None:
    built = contents(cold.push.folder)
    assert {name: built[name] for name in contents(app)} == contents(app)
    added = {name.partition("/")[0] for name in set(built) - set(contents(app))}
    assert added == {PACKAGER, ".profile.d", "Procfile"}


def test_an_app_without_a_procfile_gets_one(cold: Cold, buildpack: Path) -> None:
    assert procfile(cold.push) == "deploy: deploy\n"
    assert processes(cold.push, buildpack) == "---\ndefault_process_types:\n  deploy: deploy\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# deploy: no\nredeploy: x", "# deploy: no\nredeploy: x\ndeploy: deploy\n"),
        ("web: node x\r\n", "web: node x\r\ndeploy: deploy\n"),
        ("deploy: mine --now\r\n", "deploy: mine --now\r\n"),
    ],
)
def test_the_procfile_gets_a_deploy_process_unless_it_has_one(
    herokus_app: Path, build: Build, before: str, after: str
) -> None:
    (herokus_app / "Procfile").write_bytes(before.encode())
    assert procfile(build(herokus_app)) == after


@pytest.fixture
def herokus_app(app: Path, herokus_python: Path, tmp_path: Path) -> Path:
    """The app after heroku/python: the quicker of the two kinds of build."""
    copy = tmp_path / "herokus app"
    shutil.copytree(herokus_python, copy, symlinks=True)
    shutil.copytree(app, copy, dirs_exist_ok=True)
    return copy


def test_a_release_process_comes_with_the_config_var_and_no_value_is_printed(
    herokus_app: Path, build: Build, buildpack: Path
) -> None:
    canary = hashlib.sha256(b"invented").hexdigest()
    pushed = build(herokus_app, _LAMBDA_DEPLOY_ON_RELEASE="true", DATABASE_URL=canary)
    assert procfile(pushed) == "deploy: deploy\nrelease: deploy-on-release\n"
    assert "  release: deploy-on-release\n" in processes(pushed, buildpack)
    assert canary not in pushed.log
    assert not [name for name, held in contents(pushed.folder).items() if canary.encode() in held]


def test_a_release_process_of_the_app_stays_and_the_log_shows_the_command_to_add(
    herokus_app: Path, build: Build, buildpack: Path
) -> None:
    (herokus_app / "Procfile").write_text("release: ./migrate\n")
    pushed = build(herokus_app, _LAMBDA_DEPLOY_ON_RELEASE="true")
    assert procfile(pushed) == "release: ./migrate\ndeploy: deploy\n"
    assert "&& deploy-on-release" in pushed.log
    assert "release" not in processes(pushed, buildpack)


def test_a_release_process_that_already_deploys_gives_no_warning(
    herokus_app: Path, build: Build
) -> None:
    (herokus_app / "Procfile").write_text("release: ./migrate && deploy-on-release\n")
    pushed = build(herokus_app, _LAMBDA_DEPLOY_ON_RELEASE="true")
    assert procfile(pushed).count("deploy-on-release") == 1
    assert "What you can do" not in pushed.log


def test_a_switch_that_is_neither_true_nor_false_fails_the_build_without_its_value(
    herokus_app: Path, build: Build
) -> None:
    pushed = build(herokus_app, _LAMBDA_DEPLOY_ON_RELEASE="canary")
    assert pushed.status == 1
    assert "_LAMBDA_DEPLOY_ON_RELEASE" in pushed.log
    assert "canary" not in pushed.log
    assert contents(pushed.folder) == contents(herokus_app)


def test_a_failing_pip_leaves_app_and_cache_as_they_were(
    app: Path,
    own_cache: Path,
    python_config: Mapping[str, str],
    buildpack: Path,
    tmp_path: Path,
) -> None:
    before = contents(own_cache)
    # Another stack has other packages; none is found where pip may look.
    nowhere = {"STACK": "heroku-26", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    pushed = heroku.push(
        app, tmp_path, own_cache, python_config, buildpack=buildpack, environment=nowhere
    )
    assert pushed.status == 1
    assert "No matching distribution found for boto3" in pushed.log
    assert "What you can do" in pushed.log
    assert contents(pushed.folder) == contents(app)
    assert contents(own_cache) == before


def test_read_only_files_do_not_stop_the_build(
    app: Path, python_config: Mapping[str, str], cold: Cold, buildpack: Path
) -> None:
    # Not pytest's folder, which only root may enter: a build on Heroku does not run as root.
    with tempfile.TemporaryDirectory() as public:
        folder = Path(public)
        folder.chmod(0o755)
        for name, source in (("buildpack", buildpack), ("cache", cold.cache), ("app", app)):
            shutil.copytree(source, folder / name).chmod(0o755)
        (folder / "app" / "Procfile").write_text("web: node x")
        for path in (folder / "app").iterdir():
            path.chmod(0o444)
        pushed = heroku.push(
            folder / "app",
            folder,
            folder / "cache",
            python_config,
            buildpack=folder / "buildpack",
            user=65534 if os.getuid() == 0 else None,
        )
        assert procfile(pushed) == "web: node x\ndeploy: deploy\n"


def test_a_build_over_a_build_gives_the_same(app: Path, build: Build, cold: Cold) -> None:
    first = build(cold.push.folder)
    assert first.status == 0, first.log
    assert contents(first.folder) == contents(cold.push.folder)
