"""The table of settings: settings, options, help and documentation agree with it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import click
import pytest

from packager.cli import cli
from packager.config.setting import BUILDPACK, Setting
from packager.config.setting_values import switch
from packager.config.settings import Settings
from packager.config.settings_table import TABLE
from tests import settings_page

ROOT = Path(__file__).parents[2]
COMMANDS = ("build", "deploy", "env", "invoke", "policy", "rollback", "status", "watch")


def test_the_page_of_settings_lists_those_in_use() -> None:
    """If this fails, `python -m tests.settings_page` writes the page."""
    page = settings_page.PAGE.read_text()
    assert settings_page.written(page) == page
    listed = re.findall(r"^\| `(_(?:LAMBDA|AWS)_\w+)`", page, re.MULTILINE)
    assert listed == [setting.variable for setting in TABLE if setting.commands]


def test_every_setting_has_a_field_of_its_own() -> None:
    fields = [setting.field for setting in TABLE if setting.field]
    assert len(set(fields)) == len(fields)
    all_fields = {field.name for field in dataclasses.fields(Settings)}
    assert all_fields - set(fields) == {"credentials", "profile"}
    assert set(fields) <= all_fields


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_options_of_its_settings_and_no_others(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command
    shown = {
        parameter.name: (parameter.opts[0], parameter.metavar, parameter.help)
        for parameter in command.params
        if isinstance(parameter, click.Option) and (parameter.name or "").startswith("_")
    }
    assert shown == {
        setting.variable: (
            setting.option,
            None if setting.parse is switch else setting.metavar,
            f"{setting.help} [{setting.variable}]",
        )
        for setting in TABLE
        if setting.option and name in setting.commands
    }


def test_the_settings_of_the_buildpack_are_those_that_its_scripts_read() -> None:
    scripts = "".join(
        path.read_text()
        for path in (ROOT / "bin").rglob("*")
        if path.suffix in ("", ".sh") and path.is_file()
    )
    read = set(re.findall(r"\b_LAMBDA_[A-Z0-9_]*[A-Z0-9]\b", scripts))
    in_table = {setting.variable for setting in TABLE if BUILDPACK in setting.commands}
    assert in_table <= read <= {setting.variable for setting in TABLE}


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.variable)
def test_a_help_text_is_one_sentence(setting: Setting) -> None:
    assert setting.help.endswith(".")
    assert "\n" not in setting.help


def test_a_credential_has_no_option() -> None:
    """The list of processes would show it."""
    for setting in TABLE:
        if re.search("ACCESS_KEY|TOKEN", setting.variable):
            assert setting.option is None
