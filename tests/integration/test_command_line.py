"""What all commands have in common: help, suggestions, and output for programs."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from packager.cli import cli
from packager.cli.help import GROUPS
from tests.service import Service, bare_environment


def packager(*arguments: str | Path, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    run = subprocess.run(
        [sys.executable, "-m", "packager", *arguments],
        env=bare_environment() | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def test_a_misspelt_command_gets_a_suggestion() -> None:
    """And nothing but the usage."""
    status, shown, error = packager("depoly")
    assert (status, shown) == (2, "")
    assert "No such command: depoly. Did you mean deploy?" in error


def test_a_command_that_resembles_none_gets_no_suggestion() -> None:
    """A wrong one would mislead."""
    assert "Did you mean" not in packager("frobnicate")[2]


def test_an_argument_cannot_act_on_the_terminal() -> None:
    """Not even by way of an error about it."""
    error = packager("\x1b]0;title\adeploy")[2]
    assert "\\x1b]0;title\\x07deploy" in error
    assert "\x1b" not in error


@pytest.mark.parametrize("name", commands())
def test_the_help_of_a_command_has_groups_and_examples_that_it_takes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each example is a command line that the command itself can parse."""
    (tmp_path / "event.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    command = commands()[name]
    context = click.Context(command, info_name=f"packager {name}")
    shown = command.get_help(context)
    assert "Examples:" in shown
    for parameter in command.params:
        titles = [title for title, names in GROUPS.items() if {*parameter.opts} & {*names}]
        is_setting = (parameter.name or "").startswith("_")
        assert len(titles) == 1 if is_setting else len(titles) <= 1, parameter
        assert all(f"\n{title}:\n" in shown for title in titles)
    examples = re.findall(rf"packager {name} ?([^|)\n]*)", shown.split("Examples:")[1])
    assert examples
    for example in examples:
        arguments = [word.strip("'\"") for word in re.findall(r"'[^']*'|\S+", example)]
        command.make_context(name, [word for word in arguments if word])


def test_the_result_is_coloured_on_a_terminal_only_and_not_with_no_color(tmp_path: Path) -> None:
    """Success is green; an error begins in red."""
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / ".env").write_text("A=1\n")
    build = ("build", tmp_path, "-o", tmp_path / "out.zip", "--env-file", tmp_path / ".env")
    for arguments, colour in ((build, "\x1b[32mBuilt"), (("build",), "\x1b[31mError: ")):
        assert colour in on_terminal(*arguments, env={})
        assert "\x1b[3" not in on_terminal(*arguments, env={"NO_COLOR": "1"})
        assert "\x1b" not in "".join(packager(*arguments)[1:])


def on_terminal(*arguments: str | Path, env: dict[str, str]) -> str:
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "packager", *arguments],
        env=bare_environment() | env,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # Linux says so that the other end is closed.
        pass
    os.close(terminal)
    process.wait()
    return shown.decode()


def test_json_lines_of_a_deploy_are_one_object_for_each_event(
    service: Service, function: str, tmp_path: Path
) -> None:
    """The last one is the result."""
    (tmp_path / "package.json").write_text("{}")
    status, shown, error = packager(
        "deploy", tmp_path, "--json-lines", env=service.settings(function)
    )
    events = [json.loads(line) for line in shown.splitlines()]
    assert (status, error) == (0, "")
    assert events[-1]["event"] == events[-1]["outcome"] == "deployed"
    stages = [event["stage"] for event in events if event["event"] == "stageStarted"]
    assert {"package", "update"} <= {*stages}
    assert sorted(stages) == sorted(
        event["stage"] for event in events if event["event"] == "stageEnded"
    )
    assert all("time" in event for event in events)


def test_json_lines_of_a_failed_deploy_end_with_the_error(tmp_path: Path) -> None:
    """As --json gives it, as an event."""
    status, shown, _ = packager("deploy", tmp_path, "--json-lines", "--function", "f")
    last = json.loads(shown.splitlines()[-1])
    assert status == 2
    assert last["event"] == "failed"
    assert last["error"]


def test_vendor_gives_one_object_with_json(tmp_path: Path) -> None:
    """With every file and what was found in its place."""
    status, shown, _ = packager("vendor", "python", tmp_path, "--json")
    result = json.loads(shown)
    assert (status, result["outcome"]) == (0, "written")
    assert all(Path(file["path"]).is_file() for file in result["files"])
    assert json.loads(packager("vendor", "python", tmp_path, "--json")[1])["outcome"] == "current"
