"""`deploy` and `packager` in a dyno send the right package, whatever the app contains."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands import run
from tests.conftest import requires
from tests.integration.buildpack import heroku
from tests.integration.buildpack.conftest import Build
from tests.integration.buildpack.heroku import PACKAGER, Slug
from tests.service import Service

# Left out by default: variables that differ between dynos, and those of Heroku's runtimes.
OF_ONE_DYNO = {
    *("DYNO", "PORT", "PWD", "OLDPWD", "SHLVL", "PS1", "TERM", "COLUMNS", "LINES", "HOSTNAME"),
    *("HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LD_LIBRARY_PATH", "LIBRARY_PATH"),
    *("LD_PRELOAD", "PYTHONHOME", "PYTHONPATH", "PYTHONUNBUFFERED", "JAVA_HOME", "NODE_HOME"),
}

CONFIG = {
    "GREETING": "grüße, 世界 😀",
    "KEY": "-----BEGIN INVENTED-----\nline two\n\n_LINE=four\n-----END INVENTED-----\n",
    "PADDED": "  both ends  ",
    "BACKSLASHES": r"C:\users\new",
    "EMPTY": "",
    "name.with-dots": "dash would drop it",
    "_SECRET": "one\nCANARY=two",
}


def environment(slug: Slug, config: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a dyno, as a process there finds it."""
    variables = slug.run("env -0", config).stdout.rstrip("\0").split("\0")
    return {name: value for name, _, value in (variable.partition("=") for variable in variables)}


def injected(slug: Slug, config: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a dyno that must reach the function."""
    return {
        name: value
        for name, value in environment(slug, config).items()
        if not name.startswith("_") and name not in OF_ONE_DYNO
    }


@pytest.mark.parametrize("command", ["deploy", "deploy --json", "packager deploy ."])
def test_the_function_gets_the_config_of_the_dyno_exactly(
    slug: Slug, service: Service, function: str, command: str
) -> None:
    config = CONFIG | service.settings(function)
    run = slug.run(command, config)
    assert run.returncode == 0, run.stderr
    stored = service.package(function)
    assert service.config(function) == injected(slug, config)
    assert service.config(function).keys() >= CONFIG.keys() - {"_SECRET"}
    assert set(stored.namelist()) == {
        "Procfile", "a file with blanks.txt", "env.properties", "index.js", "package.json"
    }  # fmt: skip


def test_a_config_var_named_like_a_word_of_the_scripts_arrives_exactly(
    slug: Slug, service: Service, function: str
) -> None:
    """A script that assigned to a variable of such a name would export its own value."""
    scripts = [*(slug.folder / PACKAGER / "bin").iterdir(), *(slug.folder / ".profile.d").iterdir()]
    words = {word for path in scripts for word in re.findall(r"\b[A-Za-z]\w*", path.read_text())}
    # The dyno cannot start without its own HOME and PATH, and its linker reports libraries that it
    # cannot load. The others are names of earlier scripts.
    names = words - OF_ONE_DYNO - {"LD_AUDIT", "LD_PRELOAD"} | {
        "BASH_SOURCE",
        "CDPATH",
        "folder",
        "python",
        "setting",
    }
    given = {name: f"own {name}" for name in names}
    everything = {"_LAMBDA_ENV_EXCLUDE": "!*"}
    run = slug.run("deploy-on-release", given | everything | service.settings(function))
    assert run.returncode == 0, run.stderr
    assert [line[:26] for line in run.stderr.splitlines()] == ["Warning: Lambda itself set"]
    assert service.config(function).items() >= given.items()


def test_the_process_of_the_procfile_takes_options(
    slug: Slug, service: Service, function: str
) -> None:
    [line] = (slug.folder / "Procfile").read_text().splitlines()
    command = line.removeprefix("deploy: ")
    run = slug.run(f"{command} --json --force", CONFIG | service.settings(function))
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)


def test_a_failed_deploy_ends_with_its_exit_status(slug: Slug) -> None:
    run = slug.run("deploy", CONFIG)
    assert run.returncode == 2
    assert "_LAMBDA_FUNCTION_ARN" in run.stderr


def test_packager_env_lists_the_names(slug: Slug) -> None:
    run = slug.run("packager env", CONFIG)
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.splitlines()) == injected(slug, CONFIG).keys()


@pytest.mark.parametrize("language", ["python", "node", "java"])
def test_packager_vendor_has_the_readers(slug: Slug, tmp_path: Path, language: str) -> None:
    run = slug.run(f"packager vendor {language} {shlex.quote(str(tmp_path))}", {})
    assert run.returncode == 0, run.stderr
    assert any(tmp_path.iterdir())


def test_the_release_phase_deploys(slug: Slug, service: Service, function: str) -> None:
    config = CONFIG | service.settings(function) | {"_LAMBDA_DEPLOY_ON_RELEASE": "true"}
    assert slug.run("deploy-on-release", config).returncode == 0
    assert service.config(function)["GREETING"] == CONFIG["GREETING"]


def test_an_app_of_the_pipeline_switches_the_release_off(
    slug: Slug, service: Service, function: str
) -> None:
    before = service.stored(function)
    config = CONFIG | service.settings(function) | {"_LAMBDA_DEPLOY_ON_RELEASE": "False"}
    run = slug.run("deploy-on-release", config)
    assert (run.returncode, run.stdout.count("\n")) == (0, 1)
    assert service.stored(function) == before


@pytest.mark.parametrize("value", ["no", "false ", "0", " true"])
def test_a_switch_that_is_neither_true_nor_false_fails_the_release_without_its_value(
    slug: Slug, service: Service, function: str, value: str
) -> None:
    """In the words of the build."""
    before = service.stored(function)
    config = {**service.settings(function), "_LAMBDA_DEPLOY_ON_RELEASE": value}
    run = slug.run("deploy-on-release", config)
    assert (run.returncode, run.stdout) == (2, "")
    said = "The config var _LAMBDA_DEPLOY_ON_RELEASE is neither 'true' nor 'false'."
    assert run.stderr.splitlines()[0] == said
    assert service.stored(function) == before


def test_a_dynos_own_environment_differs_by_one_folder_on_path(slug: Slug) -> None:
    with_packager = environment(slug, CONFIG)
    [script] = (slug.folder / ".profile.d").iterdir()
    aside = script.rename(script.with_suffix(".aside"))
    without = environment(slug, CONFIG)
    aside.rename(script)
    folder = slug.folder / PACKAGER / "bin"
    assert with_packager == without | {"PATH": f"{folder}:{without['PATH']}"}
    assert {path.name for path in folder.iterdir()} == {
        "deploy", "deploy-and-hold", "deploy-on-release", "packager"
    }  # fmt: skip


@pytest.fixture(scope="module", params=["standalone", "heroku/python"])
def hostile(
    request: pytest.FixtureRequest,
    app: Path,
    herokus_python: Path,
    build_once: Build,
    tmp_path_factory: pytest.TempPathFactory,
) -> Slug:
    """An app whose modules and libraries replace those of a careless program."""
    folder = tmp_path_factory.mktemp("hostile") / "app"
    shutil.copytree(app, folder)
    if request.param == "heroku/python":
        shutil.copytree(herokus_python, folder, symlinks=True, dirs_exist_ok=True)
    add_hostile_modules(folder)
    (folder / "lib").mkdir()
    versions = [f"libpython3.{minor}.so.1.0" for minor in range(10, 15)]
    for library in ("libcrypto.so.3", "libpython3.so", "libssl.so.3", "libz.so.1", *versions):
        (folder / "lib" / library).write_text("not a library")
    (folder / "bash_env").write_text("exit 68\n")
    slug = heroku.release(build_once(folder))
    for pip in slug.folder.glob(".heroku/python/lib/python3*/*/pip"):
        add_hostile_modules(pip.parent)
    return slug


def add_hostile_modules(folder: Path) -> None:
    for name in ("boto3", "click", "json", "packager", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text("import os; os._exit(66)\n")
    (folder / "hostile.pth").write_text("import os; os._exit(67)\n")


def test_an_app_does_not_disturb_the_packager(
    hostile: Slug, service: Service, function: str
) -> None:
    config = service.settings(function) | {
        "PYTHONPATH": str(hostile.folder),
        "PYTHONHOME": "/nowhere",
        "PYTHONSTARTUP": str(hostile.folder / "boto3.py"),
        "PYTHONWARNINGS": "error",
        "PYTHONINSPECT": "1",
        "LC_CTYPE": "xx_YY",
        "LD_LIBRARY_PATH": str(hostile.folder / "lib"),
        "AWS_DATA_PATH": str(hostile.folder),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9/",
    }
    run = hostile.run("deploy", config)
    assert run.returncode == 0, run.stderr
    assert service.config(function) == injected(hostile, config)


def test_a_script_in_bash_env_does_not_disturb_the_packager(hostile: Slug) -> None:
    # Checked separately, because with this variable a dyno starts no bash script.
    launcher = hostile.folder / PACKAGER / "bin" / "packager"
    run = subprocess.run(
        [launcher, "--version"],
        env={"BASH_ENV": str(hostile.folder / "bash_env"), "SHELLOPTS": "xtrace"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


@requires("gcc")
def test_a_library_that_every_program_loads_is_not_loaded_into_the_packager(
    slug: Slug, service: Service, function: str, tmp_path: Path
) -> None:
    """The dyno's shell and the script that starts the packager load it, Python does not."""
    source, library, log = (tmp_path / name for name in ("loaded.c", "loaded.so", "log"))
    source.write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
        "__attribute__((constructor)) static void loaded(void) {\n"
        '    char program[4096] = {0};\n    readlink("/proc/self/exe", program, 4095);\n'
        '    FILE *log = fopen(getenv("LOADED_LOG"), "a");\n'
        '    fprintf(log, "%s\\n", program);\n    fclose(log);\n}\n'
    )
    run("gcc", "-shared", "-fPIC", "-o", library, source)
    config = service.settings(function) | {
        "LD_PRELOAD": str(library),
        "LD_AUDIT": str(library),
        "LD_SDK_KEY": "of the app, not of the linker",
        "LOADED_LOG": str(log),
        "_LAMBDA_ENV_EXCLUDE": "!LD_PRELOAD",
    }
    deploy = slug.run("deploy", config)
    assert deploy.returncode == 0, deploy.stderr
    programs = {Path(line).name for line in log.read_text().splitlines()}
    assert programs == {"bash"}
    deployed = service.config(function)
    assert {name: deployed[name] for name in ("LD_AUDIT", "LD_PRELOAD", "LD_SDK_KEY")} == {
        name: config[name] for name in ("LD_AUDIT", "LD_PRELOAD", "LD_SDK_KEY")
    }
