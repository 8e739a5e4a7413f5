"""`bin/build`: the packager in a layer of an image that Cloud Native Buildpacks build."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from packager import __version__
from tests.commands import run
from tests.conftest import requires
from tests.integration.buildpack import cnb, layers
from tests.integration.buildpack.cnb import Image, Platform
from tests.integration.buildpack.conftest import LANGUAGES, FirstImage, MakePlatform
from tests.integration.buildpack.standalone_python import Mirror
from tests.integration.buildpack.test_compile import MEGABYTE, compressed_size, size
from tests.integration.buildpack.test_dyno import CONFIG
from tests.service import Service
from tests.trees import contents

DEPLOYED_VARIABLES = {"GREETING", "KEY", "PADDED", "BACKSLASHES", "EMPTY", "name.with-dots"}


@pytest.fixture
def image(make_platform: MakePlatform, app: Path, python_config: Mapping[str, str]) -> Image:
    """An app's image, which the next build of the test replaces."""
    return make_platform("nodejs").build(app, python_config).image


def test_the_version_is_that_of_the_packager(buildpack: Path) -> None:
    """Releases of the buildpack and of the package have one number."""
    assert cnb.toml(buildpack / "buildpack.toml")["buildpack"]["version"] == __version__


@requires("strip")
def test_later_builds_are_quick_and_give_the_same_layer(
    first_image: FirstImage,
    app: Path,
    python_config: Mapping[str, str],
    mirror: Mirror,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A build with a cache downloads nothing, one after an image installs nothing."""
    downloads, platform = mirror.requests, first_image.platform
    shutil.rmtree(platform.folder / "image")
    before = os.umask(0o077)
    try:
        cached = platform.build(app, python_config)
    finally:
        os.umask(before)
    layer = cached.image.layer("packager")
    assert "Using the dependencies in the build cache" in cached.log
    assert layers.digest(layer) == first_image.digest
    warm = platform.build(app, python_config)
    assert "Using the Lambda packager of the previous image" in warm.log
    assert layers.digest(layer) == first_image.digest
    assert mirror.requests == downloads
    assert size(layer) < 60 * MEGABYTE
    with capsys.disabled():
        print(
            f"\nimage: built in {first_image.build.seconds:.1f} s at first, with a cache in"
            f" {cached.seconds:.1f} s, after an image in {warm.seconds:.1f} s; layer:"
            f" {size(layer) / MEGABYTE:.1f} MB ({compressed_size(layer) / MEGABYTE:.1f} MB"
            " compressed) with this machine's Python"
        )


def test_a_changed_buildpack_makes_a_new_layer(
    make_platform: MakePlatform,
    app: Path,
    python_config: Mapping[str, str],
    buildpack: Path,
    tmp_path: Path,
) -> None:
    """A new version of the packager replaces the one in the image."""
    newer = Path(shutil.copytree(buildpack, tmp_path / "newer"))
    with (newer / "packager" / "__init__.py").open("a") as file:
        file.write("# newer\n")
    rebuilt = replace(make_platform(), buildpacks=[newer]).build(app, python_config)
    assert "previous image" not in rebuilt.log
    module = rebuilt.image.layer("packager") / "packages" / "packager" / "__init__.py"
    assert module.read_text().endswith("# newer\n")


def test_the_layer_changes_nothing_but_path(image: Image) -> None:
    """Other processes of the app have the environment that they would have without it."""
    without = replace(image, layers=[layer for layer in image.layers if layer.name != "packager"])
    before, after = without.environment("web", CONFIG), image.environment("web", CONFIG)
    folder = image.layer("packager") / "bin"
    assert after == before | {"PATH": f"{folder}:{before['PATH']}"}
    assert {layer.name for layer in image.layers} == {"packager", "runtime"}
    assert not (image.layer("packager") / "profile.sh").exists()


def test_nothing_is_added_to_the_app(image: Image, app: Path) -> None:
    """The build leaves the app's folder as it is."""
    assert contents(image.app) == contents(app)


def test_every_way_to_deploy_sends_the_same_package(
    image: Image, service: Service, function: str
) -> None:
    """The process, `heroku run deploy` and `heroku run packager deploy` are one deploy."""
    config = CONFIG | service.settings(function)
    runs = [
        image.start("deploy", config),
        image.launch("deploy", config),
        image.launch("packager deploy .", config),
    ]
    assert [(run.returncode, run.stderr) for run in runs] == [(0, "")] * 3
    assert ["nchanged" in run.stdout for run in runs] == [False, True, True]
    deployed = service.config(function)
    assert deployed.items() >= {name: CONFIG[name] for name in DEPLOYED_VARIABLES}.items()


def test_the_process_takes_options_and_a_failure_is_its_exit_status(
    image: Image, service: Service, function: str
) -> None:
    """A failed deploy makes the process that started it fail."""
    shown = image.start("deploy", service.settings(function), "--dry-run", "--json")
    assert (shown.returncode, shown.stdout[:1]) == (0, "{"), shown.stderr
    refused = image.start("deploy", {})
    assert (refused.returncode, "_LAMBDA_FUNCTION_ARN" in refused.stderr) == (2, True)


def test_another_user_deploys_from_read_only_folders(
    first_image: FirstImage,
    app: Path,
    python_config: Mapping[str, str],
    buildpack: Path,
    service: Service,
    function: str,
) -> None:
    """Only the folder for temporary files is written at run time."""
    # Not pytest's folder, which only root may enter.
    with tempfile.TemporaryDirectory() as name:
        public, temporary = Path(name), Path(name, "temporary")
        shutil.copytree(first_image.platform.folder / "cache", public / "cache")
        image = Platform(public, [buildpack]).build(app, python_config).image
        for folder in (public, image.app.parent):
            folder.chmod(0o755)
        for folder in (image.app, *image.layers):
            run("chmod", "-R", "a+rX,a-w", folder)
        temporary.mkdir()
        temporary.chmod(0o777)
        config = service.settings(function) | {"TMPDIR": str(temporary)}
        deploy = image.start("deploy", config, user=65534 if os.getuid() == 0 else None)
        assert deploy.returncode == 0, deploy.stderr
        assert not list(temporary.iterdir())


def test_programs_and_variables_of_the_app_do_not_disturb_the_build(
    own_platform: Platform,
    app: Path,
    python_config: Mapping[str, str],
    buildpack: Path,
    tmp_path: Path,
) -> None:
    """A module's program `tar`, on PATH by heroku/nodejs, does not run in the build."""
    hostile = Path(shutil.copytree(app, tmp_path / "hostile"))
    programs = hostile / "node_modules" / ".bin"
    programs.mkdir(parents=True)
    for name in ("bash", "cat", "cp", "curl", "find", "python3", "rm", "sed", "sha256sum", "tar"):
        (programs / name).write_text("#!/bin/sh\nexit 66\n")
        (programs / name).chmod(0o755)
    (hostile / "requirements.txt").touch()
    shutil.rmtree(own_platform.folder / "cache")
    # heroku/python sets PIP_PYTHON, to a Python without pip.
    buildpacks = [LANGUAGES / "python", LANGUAGES / "nodejs", buildpack]
    build = replace(own_platform, buildpacks=buildpacks).build(hostile, python_config)
    assert build.status == 0, build.log
    assert "Installing the dependencies with pip" in build.log
    assert build.image.launch("packager --version", {}).returncode == 0


def test_a_failed_build_leaves_nothing(
    own_platform: Platform, app: Path, python_config: Mapping[str, str], buildpack: Path
) -> None:
    """The failed build leaves nothing in a layer or the cache, and the app is unchanged."""
    for cached in own_platform.folder.glob("cache/*/cache/packages-*"):
        shutil.rmtree(cached)
    kept = contents(own_platform.folder / "cache")
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(app)}
    build = own_platform.build(app, python_config, machine=nowhere)
    assert build.status == 1
    assert "The packager's dependencies could not be installed" in build.log
    assert "heroku config" not in build.log
    left = own_platform.layers_of(buildpack)
    assert {path.name for path in left.iterdir()} == {"cache", "cache.toml"}
    assert contents(left / "cache") == contents(own_platform.folder / "cache" / left.name / "cache")
    assert contents(own_platform.folder / "cache") == kept
    assert contents(build.workspace) == contents(app)


@pytest.mark.parametrize("value", ["true", "True", "false", ""])
def test_the_release_process_is_there_if_the_build_variable_is_true(
    make_platform: MakePlatform,
    app: Path,
    python_config: Mapping[str, str],
    value: str,
) -> None:
    """A release deploys only where project.toml opts in."""
    variables = {**python_config, "_LAMBDA_DEPLOY_ON_RELEASE": value}
    image = make_platform().build(app, variables).image
    assert ("release" in image.processes) == (value.lower() == "true")


@pytest.fixture
def releasing(make_platform: MakePlatform, app: Path, python_config: Mapping[str, str]) -> Image:
    """An image whose releases deploy."""
    variables = {**python_config, "_LAMBDA_DEPLOY_ON_RELEASE": "true"}
    return make_platform().build(app, variables).image


def test_a_release_deploys_unless_it_is_switched_off_at_run_time(
    releasing: Image, service: Service, function: str
) -> None:
    """An app of the pipeline decides for itself."""
    before = service.stored(function)
    off = {**service.settings(function), "_LAMBDA_DEPLOY_ON_RELEASE": "false"}
    assert releasing.start("release", off).returncode == 0
    assert service.stored(function) == before
    run = releasing.start("release", CONFIG | service.settings(function))
    assert run.returncode == 0, run.stderr
    assert service.config(function)["GREETING"] == CONFIG["GREETING"]


@pytest.mark.parametrize(
    ("procfile", "deploys"),
    [("release: true\n", False), ("release: true && deploy-on-release\n", True)],
)
def test_a_release_process_of_the_app_stays(
    make_platform: MakePlatform,
    app: Path,
    python_config: Mapping[str, str],
    service: Service,
    function: str,
    tmp_path: Path,
    procfile: str,
    deploys: bool,
) -> None:
    """The Procfile's own line runs, and deploys if it says so."""
    own = Path(shutil.copytree(app, tmp_path / "own"))
    (own / "Procfile").write_text(procfile + "deploy: echo own\n")
    build = make_platform(after=("procfile",)).build(
        own, {**python_config, "_LAMBDA_DEPLOY_ON_RELEASE": "true"}
    )
    assert ("releases do not deploy the function" in build.log) != deploys
    before = service.stored(function)
    run = build.image.start("release", service.settings(function))
    assert run.returncode == 0, run.stderr
    assert (service.stored(function) != before) == deploys
    assert build.image.start("deploy", {}).stdout == "own\n"


def test_a_switch_that_is_neither_fails_the_build_and_names_project_toml(
    make_platform: MakePlatform, app: Path, python_config: Mapping[str, str]
) -> None:
    """The error says where to change it, and does not show the value."""
    variables = {**python_config, "_LAMBDA_DEPLOY_ON_RELEASE": "canary"}
    build = make_platform().build(app, variables)
    assert build.status == 1
    assert "_LAMBDA_DEPLOY_ON_RELEASE is neither 'true' nor 'false'" in build.log
    assert "project.toml" in build.log
    assert "canary" not in build.log


def test_no_build_variable_is_printed_or_kept(
    make_platform: MakePlatform, app: Path, python_config: Mapping[str, str]
) -> None:
    """With `build_config_vars` on, all config vars are build variables: secrets."""
    canary = "canary-in-a-build-variable"
    platform = make_platform()
    build = platform.build(app, {**python_config, "DATABASE_URL": canary})
    assert canary not in build.log
    held = contents(platform.folder / "image") | contents(platform.folder / "cache")
    assert not [name for name, content in held.items() if canary.encode() in content]


def test_an_app_that_is_unknown_is_refused_with_help(
    make_platform: MakePlatform, tmp_path: Path
) -> None:
    """The detection fails by the code that means "not this one", and says what it looked for."""
    (tmp_path / "empty").mkdir()
    build = make_platform().build(tmp_path / "empty")
    assert build.status == cnb.FAIL
    assert "The Lambda packager found no app" in build.log
