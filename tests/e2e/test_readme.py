"""Every command of the README is run here, or held against what it is about."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from packager.config.settings_table import BY_VARIABLE
from tests.conftest import requires
from tests.service import Service

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LINES = [
    re.sub(r"\s+#.*", "", line)
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]
TRY_IT, TEST = (line for line in LINES if line.startswith("python3 -m venv"))


def only(prefix: str) -> list[str]:
    return [line for line in LINES if line.startswith(prefix)]


def test_every_command_belongs_to_a_test() -> None:
    known = ("python3 -m venv", "packager vendor", "packager watch", "heroku ", "git ")
    assert [line for line in LINES if not line.startswith(known)] == []


def test_the_first_command_shows_on_a_clean_clone_what_the_handler_read(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, clone / name, follow_symlinks=False)
    # A new user's shell knows nothing of the virtual environment of these tests.
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    env["PATH"] = os.pathsep.join(
        folder for folder in env["PATH"].split(os.pathsep) if not folder.startswith(sys.prefix)
    )
    run = subprocess.run(
        ["bash", "-c", TRY_IT], cwd=clone, env=env, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    answer = run.stdout.splitlines()[-1]
    assert "World" in answer


def test_the_test_command_is_what_the_gate_runs() -> None:
    assert "sed -n" in (ROOT / ".ci" / "run").read_text()
    assert TEST.endswith("&& pytest -n auto --dist loadfile")


@pytest.mark.parametrize("line", only("packager vendor"))
def test_a_reader_is_vendored_into_the_current_folder(line: str, tmp_path: Path) -> None:
    (tmp_path / "pom.xml").touch()
    arguments = [sys.executable, "-m", *shlex.split(line)]
    subprocess.run(arguments, cwd=tmp_path, check=True)
    subprocess.run([*arguments, "--check"], cwd=tmp_path, check=True)
    folder = {"python": "env_properties", "node": "env-properties"}
    place = folder.get(line.split()[-1], "src/main/java/envproperties")
    assert any((tmp_path / place).iterdir())


@requires("node", "mvn")
@pytest.mark.parametrize("line", only("packager watch"))
def test_an_app_is_watched(line: str, service: Service, function: str, tmp_path: Path) -> None:
    app = tmp_path / "app"
    if "--jar" in line:
        shutil.copytree(ROOT / "examples" / "java", app, ignore=shutil.ignore_patterns("target"))
    else:
        app.mkdir()
        (app / ".env").write_text("GREETING=Hello\n")
        (app / "package.json").write_text("{}")
        (app / "index.js").write_text("exports.handler = async (event) => event.name\n")
    run = subprocess.Popen(
        [sys.executable, "-m", *shlex.split(line), "--function", function, "--json-lines"],
        cwd=app,
        env=os.environ | service.settings(function),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    with run.stdout:
        seen = ""
        while '"deployed"' not in seen:
            seen = run.stdout.readline()
            assert run.poll() is None, seen
        run.send_signal(signal.SIGINT)
        run.wait(timeout=30)
    assert run.returncode == 130


def test_every_setting_of_a_heroku_command_is_one() -> None:
    named = set(re.findall(r"\b(_[A-Z][A-Z0-9_]+)=", "\n".join(only("heroku"))))
    assert named <= set(BY_VARIABLE)


def test_what_heroku_runs_is_what_the_buildpack_puts_on_path() -> None:
    commands = {shlex.split(line.replace("--exit-code", ""))[2] for line in only("heroku run")}
    executables = {path.name for path in (ROOT / "bin" / "dyno" / "bin").iterdir()}
    assert commands <= executables


def test_every_link_within_the_project_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", README):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
            assert anchor in {title.lower().replace(" ", "-") for title in titles}, target
