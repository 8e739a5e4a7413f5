"""Check the arguments and environment of the programs that the packager runs."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.commands import bare_environment, run
from tests.conftest import requires
from tests.faults import canaries, kills
from tests.faults.canaries import assert_no_secret_seen
from tests.faults.wheels import wheel
from tests.http_server import serving
from tests.service import Service
from tests.trees import Tree, plant

# The app's config vars, without those that Lambda sets for every function.
UNKNOWN = {name for name in canaries.CONFIG if not name.startswith("AWS_")}

# Each handler returns its own arguments and environment, as Linux reports them.
HANDLERS: dict[str, tuple[Tree, tuple[str, ...]]] = {
    "python": (
        {
            "requirements.txt": b"",
            "lambda_function.py": b"""\
from pathlib import Path

def lambda_handler(event, context):
    return [Path("/proc/self", name).read_text() for name in ("cmdline", "environ")]
""",
        },
        (),
    ),
    "node": (
        {
            "package.json": b"{}",
            "index.js": b"""\
const { readFileSync } = require('fs')
exports.handler = async () =>
  ['cmdline', 'environ'].map(name => readFileSync(`/proc/self/${name}`, 'utf8'))
""",
        },
        (),
    ),
    "java": (
        {
            "Seen.java": b"""\
import java.nio.file.*;
import java.util.*;

public class Seen {
    public List<String> handle(Object event) throws Exception {
        return List.of(
            Files.readString(Path.of("/proc/self/cmdline")),
            Files.readString(Path.of("/proc/self/environ")));
    }
}
""",
        },
        ("--jar", "seen.jar", "--handler", "Seen::handle"),
    ),
}


@pytest.mark.parametrize(
    "language",
    [
        "python",
        pytest.param("node", marks=requires("node")),
        pytest.param("java", marks=requires("java", "javac")),
    ],
)
def test_a_local_handler_receives_no_secret_except_in_its_package(
    language: str, tmp_path: Path
) -> None:
    """It cannot read the packager's settings, credentials, config vars or AWS's files."""
    tree, options = HANDLERS[language]
    app = plant(tmp_path / "app", tree)
    if language == "java":
        run("javac", "-d", app, app / "Seen.java")
        with zipfile.ZipFile(app / "seen.jar", "w") as jar:
            jar.write(app / "Seen.class", "Seen.class")
    env = canaries.settings("http://127.0.0.1:1", "function")
    files = {"AWS_CONFIG_FILE": "/canary/config", "AWS_SHARED_CREDENTIALS_FILE": "/canary/keys"}
    deploy = canaries.run(
        "deploy", app, "--local", "--json", *options, env=env | files, folder=tmp_path
    )
    assert deploy.status == 0, deploy.stderr
    arguments, environment = json.loads(deploy.stdout)["response"]
    assert language in arguments
    variables = dict(line.partition("=")[::2] for line in environment.strip("\0").split("\0"))
    assert variables["LAMBDA_TASK_ROOT"]
    assert variables["AWS_SECRET_ACCESS_KEY"] == "local"
    assert not variables.keys() & UNKNOWN
    assert not [name for name in variables if name.startswith("_AWS") or name == "UNDERSCORED"]
    assert_no_secret_seen(deploy)


def test_a_build_command_receives_our_environment_without_the_settings(
    service: Service, function: str, tmp_path: Path
) -> None:
    """It receives the inherited environment without settings, and nothing from the env file."""
    app = plant(tmp_path / "app", {"package.json": b"{}", "index.js": b""})
    env_file = tmp_path / "config.env"
    env_file.write_text("FROM_FILE='canary'\n_AWS_SESSION_TOKEN='canary-token-of-the-file'\n")
    build = "cat /proc/$$/environ > ../environ; cat /proc/$$/cmdline > ../cmdline"
    env = canaries.settings(service.url, function)
    run = canaries.run(
        *("watch", app, "--build", build, "--env-file", str(env_file)),
        env=env,
        folder=tmp_path,
        until=lambda shown: "deployed" in shown,
    )
    assert run.status == 130, run.stderr
    given = (tmp_path / "environ").read_text().strip("\0").split("\0")
    variables = dict(line.partition("=")[::2] for line in given)
    wanted = {name: value for name, value in env.items() if not name.startswith("_")}
    assert variables.items() >= wanted.items()
    ours = {*bare_environment(tmp_path), "PYTHONPATH", "LC_CTYPE"}
    assert variables.keys() - wanted.keys() <= ours
    assert (tmp_path / "cmdline").read_text() == f"/bin/sh\0-c\0{build}\0"
    assert_no_secret_seen(run)


@dataclass
class Index:
    """A package index that inspects its clients."""

    url: str
    arguments: list[str] = field(default_factory=list)
    environments: list[str] = field(default_factory=list)


@contextmanager
def index(folder: Path) -> Iterator[Index]:
    """Serve a wheel, and record the environment and arguments of processes in `folder`."""
    served = wheel(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            for pid in kills.still_running(folder):
                found.arguments.append(Path(f"/proc/{pid}/cmdline").read_text())
                found.environments.append(Path(f"/proc/{pid}/environ").read_text())
            link = f'<a href="/{served.name}">{served.name}</a>'.encode()
            body = served.read_bytes() if self.path.endswith(".whl") else link
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

    with serving(Handler) as url:
        found = Index(f"{url}/simple")
        yield found


@pytest.mark.parametrize("mode", ["--verbose", "--json"])
def test_uv_receives_no_secret_except_those_that_the_user_passes_on(
    mode: str, tmp_path: Path
) -> None:
    """It receives no config, no setting, none of the app's Python variables, no secret argument."""
    app = plant(tmp_path / "app", {"requirements.txt": b"", "lambda_function.py": b""})
    env = canaries.settings("http://127.0.0.1:1", "function")
    with index(tmp_path) as seen:
        place = seen.url.replace("//", "//user:${TOKEN}@")
        (app / "requirements.txt").write_text(f"--index-url {place}\n# ${{_TOKEN}}\ndep\n")
        run = canaries.run(
            *("build", app, "-o", tmp_path / "out.zip", "--runtime", "python3.13", mode),
            env=env
            | {"TOKEN": "token-canary", "_TOKEN": "hidden-canary"}
            | {"_LAMBDA_REQUIREMENTS_ENV": "TOKEN"}
            | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONHASHSEED": "7"},
            folder=tmp_path,
        )
    assert run.status == 0, run.stderr
    of_uv = [
        environment
        for arguments, environment in zip(seen.arguments, seen.environments, strict=True)
        if "--only-binary" in arguments
    ]
    assert of_uv
    for environment in of_uv:
        variables = dict(line.partition("=")[::2] for line in environment.strip("\0").split("\0"))
        assert variables.pop("TOKEN") == "token-canary"
        assert canaries.traces("\n".join(variables.values())) == []
        assert not [name for name in variables if name.startswith(("_", "AWS_", "PYTHON"))]
    assert canaries.traces("\n".join(seen.arguments)) == []
    assert_no_secret_seen(run)


@pytest.mark.parametrize("mode", ["--verbose", "--json", "--quiet"])
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("other", "there are no versions of other"),
        ("dep==1.${TOKEN}", "${TOKEN} outside of the credentials"),
        ("dep==9", "there is no version of dep==9"),
    ],
)
def test_an_error_of_uv_shows_no_secret(line: str, words: str, mode: str, tmp_path: Path) -> None:
    """Neither an index's credentials nor the value of a variable elsewhere in the line is shown."""
    app = plant(tmp_path / "app", {"requirements.txt": b"", "lambda_function.py": b""})
    env = canaries.settings("http://127.0.0.1:1", "function") | {"TOKEN": "token-canary"}
    env |= {"_LAMBDA_REQUIREMENTS_ENV": "TOKEN"}
    with index(tmp_path) as seen:
        place = seen.url.replace("//", "//user:${TOKEN}@")
        (app / "requirements.txt").write_text(f"--index-url {place}\n{line}\n")
        run = canaries.run(
            *("build", app, "-o", tmp_path / "out.zip", "--runtime", "python3.13", mode),
            env=env | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
            folder=tmp_path,
        )
    assert run.status == 2
    assert words in run.stderr
    assert_no_secret_seen(run)
