"""What all commands have in common: help, suggestions, and output for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from packager.cli import cli
from packager.cli.help import GROUPS
from tests.commands import packager, packager_on_a_terminal
from tests.service import Service


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def test_a_misspelt_command_gets_a_suggestion() -> None:
    """It runs nothing, and names the nearest command."""
    run = packager("depoly")
    assert (run.returncode, run.stdout) == (2, "")
    assert "No such command: depoly. Did you mean deploy?" in run.stderr


def test_a_command_that_resembles_none_gets_no_suggestion() -> None:
    """A wrong one would mislead."""
    assert "Did you mean" not in packager("frobnicate").stderr


def test_an_argument_cannot_act_on_the_terminal() -> None:
    """An error that quotes the argument escapes its control characters."""
    error = packager("\x1b]0;title\adeploy").stderr
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


def test_the_result_is_coloured_on_a_terminal_only_and_not_with_no_color(app: Path) -> None:
    """Success is green; an error begins in red."""
    (app / ".env").write_text("A=1\n")
    build = ("build", app, "-o", app.with_name("out.zip"), "--env-file", app / ".env")
    for arguments, colour in ((build, "\x1b[32mBuilt"), (("build",), "\x1b[31mError: ")):
        assert colour in packager_on_a_terminal(*arguments, env={}).stdout
        plain = packager_on_a_terminal(*arguments, env={"NO_COLOR": "1"})
        assert "\x1b[3" not in plain.stdout
        without_terminal = packager(*arguments)
        assert "\x1b" not in without_terminal.stdout + without_terminal.stderr


def test_json_lines_of_a_deploy_are_one_object_for_each_event(
    service: Service, function: str, app: Path
) -> None:
    """The last one is the result."""
    run = packager("deploy", app, "--json-lines", env=service.settings(function))
    events = [json.loads(line) for line in run.stdout.splitlines()]
    assert (run.returncode, run.stderr) == (0, "")
    assert events[-1]["event"] == events[-1]["outcome"] == "deployed"
    stages = [event["stage"] for event in events if event["event"] == "stageStarted"]
    assert {"package", "update"} <= {*stages}
    assert sorted(stages) == sorted(
        event["stage"] for event in events if event["event"] == "stageEnded"
    )
    assert all("time" in event for event in events)


def test_json_lines_of_a_failed_deploy_end_with_the_error(tmp_path: Path) -> None:
    """The last event has what --json prints."""
    run = packager("deploy", tmp_path, "--json-lines", "--function", "f")
    last = json.loads(run.stdout.splitlines()[-1])
    assert run.returncode == 2
    assert last["event"] == "failed"
    assert last["error"]


def test_vendor_prints_one_object_with_json(tmp_path: Path) -> None:
    """It lists every file and what was found in its place."""
    run = packager("vendor", "python", tmp_path, "--json")
    result = json.loads(run.stdout)
    assert (run.returncode, result["outcome"]) == (0, "written")
    assert all(Path(file["path"]).is_file() for file in result["files"])
    again = packager("vendor", "python", tmp_path, "--json")
    assert json.loads(again.stdout)["outcome"] == "current"
