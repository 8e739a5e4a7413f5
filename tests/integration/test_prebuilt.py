"""A build installs a Python app's dependencies once, and all deploys from its slug use them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.commands import packager
from tests.integration.test_wheels import NETWORK, OFFLINE
from tests.service import Service
from tests.trees import plant

PACKAGER = Path(__file__).parents[2] / "packager"


@pytest.fixture
def app_with_wheels(tmp_path: Path) -> Path:
    """An app with a compiled dependency and one in a range of versions."""
    files = {
        "requirements.txt": "orjson==3.10.12\ndurationpy>=0.8\n",
        "index.py": "def handler(event, context): return 1\n",
    }
    return plant(tmp_path / "app", files)


@pytest.fixture
def slug(tmp_path: Path) -> Path:
    """The packager's folder in a slug: without uv, which only the build has."""
    shutil.copytree(PACKAGER, tmp_path / "slug" / "packages" / "packager")
    plant(tmp_path / "slug" / "packages", {"uv.py": "raise ImportError('no uv here')\n"})
    return tmp_path / "slug"


def prebuild(app: Path, slug: Path, *more: str | Path, **config: str) -> str:
    """Build as the buildpack does, with these config vars."""
    env_dir = plant(app.parent / "config", config)
    env = NETWORK | {"XDG_CACHE_HOME": str(app.parent / "cache")}
    run = packager("prebuild", app, slug / "wheels", "--env-dir", env_dir, *more, env=env)
    shutil.rmtree(app.parent / "cache", ignore_errors=True)
    return run.stderr if run.returncode else run.stdout


def deploy_from_slug(app: Path, slug: Path, settings: dict[str, str]) -> CompletedProcess[str]:
    """Deploy as a dyno does: from the slug, with no index within reach and an empty cache."""
    offline = OFFLINE | {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1"}
    env = {
        "PATH": "/nonexistent",
        "HOME": str(app.parent / "home"),
        "PYTHONPATH": str(slug / "packages"),
    }
    return packager("deploy", app, "--json", env=env | offline | settings, cwd=app.parent)


def test_a_deploy_from_a_build_needs_no_index_and_no_installer(
    app_with_wheels: Path, slug: Path, service: Service
) -> None:
    """It sends the versions that the build installed, even if a range would now have others."""
    assert "python3.13, arm64" in prebuild(
        app_with_wheels, slug, _LAMBDA_RUNTIME="python3.13", _LAMBDA_ARCHITECTURE="arm64"
    )
    service.create_function("prebuilt", "python3.13")
    settings = service.settings("prebuilt")
    wrong = deploy_from_slug(app_with_wheels, slug, settings)
    assert wrong.returncode == 2
    error = json.loads(wrong.stdout)
    assert "for python3.13 on arm64 when this app was built" in error["error"]
    assert "_LAMBDA_ARCHITECTURE=x86_64" in error["hint"]

    prebuild(app_with_wheels, slug, _LAMBDA_RUNTIME="python3.13", _LAMBDA_ARCHITECTURE="x86_64")
    run = deploy_from_slug(app_with_wheels, slug, settings)
    assert run.returncode == 0, run.stderr
    names = {*service.package("prebuilt").namelist()}
    assert {"orjson/orjson.cpython-313-x86_64-linux-gnu.so", "durationpy/__init__.py"} <= names


def test_a_function_with_another_runtime_is_an_error_that_names_the_setting(
    app_with_wheels: Path, slug: Path, service: Service
) -> None:
    prebuild(app_with_wheels, slug, _LAMBDA_RUNTIME="python3.13", _LAMBDA_ARCHITECTURE="x86_64")
    service.create_function("prebuilt-for-another", "python3.12")
    run = deploy_from_slug(app_with_wheels, slug, service.settings("prebuilt-for-another"))
    assert run.returncode == 2
    assert "_LAMBDA_RUNTIME=python3.12" in json.loads(run.stdout)["hint"]
    assert service.stored("prebuilt-for-another") != b""


def test_other_requirements_than_those_of_the_build_are_an_error(
    app_with_wheels: Path, slug: Path, service: Service
) -> None:
    prebuild(app_with_wheels, slug, _LAMBDA_RUNTIME="python3.13", _LAMBDA_ARCHITECTURE="x86_64")
    (app_with_wheels / "requirements.txt").write_text("durationpy\n")
    service.create_function("prebuilt-from-other-requirements", "python3.13")
    run = deploy_from_slug(
        app_with_wheels, slug, service.settings("prebuilt-from-other-requirements")
    )
    assert run.returncode == 2
    assert "has changed since its dependencies were installed" in json.loads(run.stdout)["error"]


@pytest.mark.parametrize("content", ["3.13", "3.13.1\n", "# heroku/python\npython-3.13\n"])
def test_without_a_setting_the_runtime_comes_from_the_projects_version_file(
    content: str, app_with_wheels: Path, slug: Path
) -> None:
    (app_with_wheels / "requirements.txt").write_text("durationpy==0.9\n")
    (app_with_wheels / ".python-version").write_text(content)
    assert "for python3.13" in prebuild(app_with_wheels, slug)


def test_without_any_runtime_the_build_says_which_setting_is_needed(
    app_with_wheels: Path, slug: Path
) -> None:
    assert "_LAMBDA_RUNTIME" in prebuild(app_with_wheels, slug)
    assert not (slug / "wheels").exists()


def test_the_functions_own_runtime_takes_precedence_if_aws_returns_it(
    app_with_wheels: Path, slug: Path, service: Service
) -> None:
    (app_with_wheels / "requirements.txt").write_text("durationpy==0.9\n")
    (app_with_wheels / ".python-version").write_text("3.13")
    service.create_function("asked-at-build", "python3.12")
    assert "for python3.12" in prebuild(app_with_wheels, slug, **service.settings("asked-at-build"))


@pytest.mark.parametrize("name", ["package.json", "requirements.txt"])
def test_an_app_without_python_dependencies_leaves_nothing(
    name: str, slug: Path, tmp_path: Path
) -> None:
    app = plant(tmp_path / "other", {name: b"" if name.endswith("txt") else b"{}"})
    assert prebuild(app, slug).strip() == ""
    assert not (slug / "wheels").exists()


@pytest.mark.parametrize("umask", [0, 0o077])
def test_any_user_can_read_the_built_dependencies_and_no_other_can_change_them(
    app_with_wheels: Path, slug: Path, umask: int
) -> None:
    """The user who runs an image differs from the one who built it."""
    before = os.umask(umask)
    try:
        prebuild(app_with_wheels, slug, _LAMBDA_RUNTIME="python3.13")
    finally:
        os.umask(before)
    found = [slug / "wheels", *(slug / "wheels").rglob("*")]
    assert len(found) > 10
    for path in found:
        assert path.stat().st_mode & 0o444 == 0o444
        assert not path.stat().st_mode & 0o022


def test_a_build_uses_the_index_and_the_credentials_of_the_config_vars(
    app_with_wheels: Path, slug: Path
) -> None:
    """No credential is in the slug or in the log."""
    (app_with_wheels / "requirements.txt").write_text(
        "-i http://user:${TOKEN}@127.0.0.1:1/simple\na==1\n"
    )
    config = {"_LAMBDA_RUNTIME": "python3.13", "TOKEN": "canary", "PIP_RETRIES": "0"}
    assert "does not pass on" in prebuild(app_with_wheels, slug, **config)
    log = prebuild(app_with_wheels, slug, **config, _LAMBDA_REQUIREMENTS_ENV="TOKEN")
    assert "The package index at 127.0.0.1:1" in log
    assert not (slug / "wheels").exists()
