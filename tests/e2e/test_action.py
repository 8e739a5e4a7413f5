"""The steps of action.yml, run as GitHub's runner runs them, against a Lambda API over HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from packager.config.settings_table import BY_VARIABLE
from tests.commands import run
from tests.service import KEY_ID, REGION, SECRET_KEY, Service
from tests.trees import plant

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = ACTION["runs"]["steps"]
HOSTILE = '$(touch "$CANARY")`touch "$CANARY"`"; touch "$CANARY"; \' 世界\n\\'

EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


class StepError(Exception):
    """A step failed; the message is its log."""


@dataclass
class Runner:
    """Runs a composite action as GitHub's runner does."""

    folder: Path
    env: dict[str, str]
    contexts: dict[str, str] = field(default_factory=dict)

    def run(self, **inputs: str) -> tuple[dict[str, str], str]:
        """Run the steps; return the action's outputs and the log. Raises StepError.

        Only the first run installs the packager, because that takes long.
        """
        defaults = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        for name, value in (defaults | given).items():
            self.contexts[f"inputs.{name}"] = value
        self.contexts["github.action_path"] = str(ROOT)
        self.contexts["runner.temp"] = str(self.folder / "temp")
        log = ""
        for step in STEPS:
            if "uses" in step:
                assert step["uses"].startswith("actions/setup-python@")
                self.contexts["steps.python.outputs.python-path"] = sys.executable
            elif "id" in step or not (self.folder / "temp").exists():
                log += self._step(step)
        outputs = {name: self._resolve(one["value"]) for name, one in ACTION["outputs"].items()}
        return outputs, log

    def _step(self, step: dict[str, Any]) -> str:
        output = self.folder / f"output-{len(list(self.folder.iterdir()))}"
        output.touch()
        given = {name: self._resolve(value) for name, value in step["env"].items()}
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder / "workspace",
            env={**self.env, **given, "GITHUB_OUTPUT": str(output)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        if ended.returncode:
            raise StepError(ended.stdout)
        for line in output.read_text().splitlines():
            name, value = line.split("=", 1)
            self.contexts[f"steps.{step.get('id')}.outputs.{name}"] = value
        return ended.stdout

    def _resolve(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self.contexts[found[1]], text)


@pytest.fixture
def runner(service: Service, tmp_path: Path) -> Runner:
    """A runner with a Node.js app in its workspace, and secrets in its environment."""
    workspace = {
        "my app/package.json": "{}",
        "my app/index.js": "exports.handler = async () => 1\n",
        # A module of the app shadows one that the packager imports.
        "json.py": "raise SystemExit('of the app')\n",
    }
    plant(tmp_path / "workspace", workspace)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env = {
        "GITHUB_TOKEN": "canary of the token",
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "_AWS_ENDPOINT_URL": service.url,
        "CANARY": str(tmp_path / "canary"),
        "PIP_NO_COMPILE": "1",  # compiling takes longer than everything else
    }
    return Runner(tmp_path, kept | env)


def test_the_action_deploys_variables_and_named_secrets(
    runner: Runner, service: Service, function: str, tmp_path: Path
) -> None:
    """All characters arrive exactly; the shell runs none of them, and the log shows no secret."""
    outputs, log = runner.run(
        function=function,
        app_dir="my app",
        alias="live",
        variables=json.dumps({"GREETING": HOSTILE, "LEVEL": "info"}),
        secrets=json.dumps({"DATABASE_URL": "canary of a secret"}),
    )
    assert service.config(function) == {
        "GREETING": HOSTILE,
        "LEVEL": "info",
        "DATABASE_URL": "canary of a secret",
    }
    assert not Path(runner.env["CANARY"]).exists()
    assert "canary" not in log
    configuration = service.client("lambda").get_function_configuration(FunctionName=function)
    assert outputs == {"version": "1", "hash": configuration["CodeSha256"]}

    # A failing step fails the action, even inside a pipe.
    runner.contexts.clear()
    with pytest.raises(StepError, match="not a JSON object"):
        runner.run(function=function, app_dir="my app", variables="A=1")
    with pytest.raises(StepError, match="function"):
        runner.run(function="another", app_dir="my app", variables="{}")

    # Without variables and secrets, the config comes from the app's .env.
    (tmp_path / "workspace" / "my app" / ".env").write_text("GREETING=Hello\n")
    outputs, _ = runner.run(function=f"{function}", app_dir="my app")
    assert outputs["version"] == ""
    assert service.config(function) == {"GREETING": "Hello"}


def test_no_command_of_the_action_contains_an_expression() -> None:
    """The shell would run the text that a runner inserts there."""
    for step in STEPS:
        assert "${{" not in step.get("run", "")
        assert step.get("shell", "bash") == "bash"


def test_every_expression_of_the_action_refers_to_an_input_or_output() -> None:
    names = set(EXPRESSION.findall((ROOT / "action.yml").read_text()))
    known = {f"inputs.{name}" for name in ACTION["inputs"]}
    known |= {"github.action_path", "runner.temp", "steps.python.outputs.python-path"}
    assert names - known == {f"steps.deploy.outputs.{name}" for name in ACTION["outputs"]}


def test_the_action_sets_only_settings_that_exist() -> None:
    [deploy] = [step for step in STEPS if step.get("id") == "deploy"]
    assert {name for name in deploy["env"] if name.startswith("_")} <= set(BY_VARIABLE)


def test_the_workflow_for_github_matches_the_action() -> None:
    """Its inputs exist, the required ones are set, and each secret is passed by name."""
    text = (ROOT / "docs" / "ci" / "github.yml").read_text()
    workflow = yaml.safe_load(text)
    [step] = [
        step
        for step in workflow["jobs"]["deploy"]["steps"]
        if "heroku-lambda-packager@" in step.get("uses", "")
    ]
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert {name for name, one in ACTION["inputs"].items() if one.get("required")} <= set(
        step["with"]
    )
    assert "toJSON(secrets)" not in text
    value = json.dumps(HOSTILE)
    filled = re.sub(r"\$\{\{ toJSON\(secrets\.\w+\) }}", lambda _: value, step["with"]["secrets"])
    assert set(json.loads(filled).values()) == {HOSTILE}
    used = re.findall(r"steps\.deploy\.outputs\.(\w+)", text)
    assert set(used) <= set(ACTION["outputs"])


def test_the_page_on_ci_lists_the_inputs_and_outputs_of_the_action() -> None:
    page = (ROOT / "docs" / "ci.md").read_text()
    listed = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)
    assert listed == [*ACTION["inputs"], *ACTION["outputs"]]
    github = (ROOT / "docs" / "ci" / "github.yml").read_text()
    [shown] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    indented = "".join(f"      {line}\n" for line in shown.splitlines())
    assert indented in github


def test_the_job_for_gitlab_deploys_the_file_variable(
    service: Service, function: str, tmp_path: Path
) -> None:
    """The commands of its script run; this checkout replaces the installed packager."""
    job = yaml.safe_load((ROOT / "docs" / "ci" / "gitlab-ci.yml").read_text())["deploy"]
    assert {name for name in job["variables"] if name.startswith("_")} <= set(BY_VARIABLE)
    plant(tmp_path, {"package.json": "{}", "index.js": "exports.handler = async () => 1\n"})
    variables = tmp_path / "FUNCTION_ENV"
    variables.write_text("GREETING='Hello, 世界'\n")
    token = tmp_path / "token"
    [install, write_token] = job["before_script"]
    assert install.startswith("pip install")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {
        "PATH": programs,
        "CI_JOB_TOKEN": "canary",
        "AWS_TOKEN": "token of GitLab",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "FUNCTION_ENV": str(variables),
        **service.settings(function),
        "_LAMBDA_ALIAS": job["variables"]["_LAMBDA_ALIAS"],
    }
    script = "\n".join(["set -e", write_token, *job["script"]])
    run("bash", "-c", script, cwd=tmp_path, env=env)
    assert token.read_text() == "token of GitLab"
    assert token.stat().st_mode & 0o077 == 0
    assert service.config(function) == {"GREETING": "Hello, 世界"}
