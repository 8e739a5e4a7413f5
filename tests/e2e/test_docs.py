"""Every page of the documentation: its commands work, its outputs are real, its links exist."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import sys
from functools import cache
from pathlib import Path

import click
import pytest

from packager.cli import cli
from packager.config.settings_table import BY_VARIABLE
from tests import documentation, watch_picture
from tests.commands import run
from tests.conftest import requires
from tests.documentation import PAGES, ROOT, Reader, anchors, links, matches, shell_lines
from tests.integration.buildpack import heroku
from tests.service import Service

# Programs in the pages' commands that have documentation of their own.
OTHERS = {
    *("aws", "bash", "cd", "eval", "git", "mvn", "npm", "pip", "pip-audit", "pipx", "pytest"),
    *("python", "python3", "ruff", "uv", ".venv/bin/activate", ".", "mypy", "jq"),
}
HEROKU = {
    *("buildpacks:add", "buildpacks:set", "config", "config:set", "config:unset", "create"),
    *("git:remote", "logs", "pipelines:promote", "ps:scale", "releases:output", "releases:retry"),
    *("releases:rollback", "run", "rollback", "labs:enable", "apps:info", "stack:set"),
}
SCRIPTS = {"bin/release-archive", ".ci/run"}

by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def commands(line: str) -> list[list[str]]:
    """Split a line of shell at pipes and conditions into commands; each is a list of words."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;"):
            found.append([])
        elif word == "<" or (found[-1] and found[-1][-1] == "<"):
            found[-1].append(word)
        else:
            found[-1].append(word)
    return [[word for word in one if "=" not in word or one.index(word)] for one in found]


def check_packager(words: list[str]) -> None:
    """Parse a command of the packager; click raises an error that describes the problem."""
    words = words[: words.index("<")] if "<" in words else words
    command = cli.get_command(click.Context(cli), words[0])
    assert command, f"packager {words[0]}"
    for option in ("--help", "-h"):
        if option in words:
            return
    command.make_context(words[0], words[1:])


def check_heroku(words: list[str]) -> None:
    """Check a command for Heroku: it and its settings exist, and a dyno can run its program."""
    assert words[0] in HEROKU, words[0]
    named = {word.split("=")[0] for word in words if re.match(r"_[A-Z0-9_]+=", word)}
    assert named <= set(BY_VARIABLE)
    if words[0] == "run":
        run = [word for word in words[1:] if word != "--exit-code"]
        programs = {path.name for path in (ROOT / "bin" / "dyno" / "bin").iterdir()}
        assert run[0] in programs
        if run[0] == "packager":
            check_packager(run[1:])


@by_name
def test_a_page_shows_only_commands_that_exist(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their options exist, too: the packager itself parses its commands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "event.json").write_text("{}")
    for line in shell_lines(page):
        for program, *words in filter(None, commands(line)):
            if program == "packager":
                check_packager(words)
            elif program == "heroku":
                check_heroku(words)
            elif program in SCRIPTS:
                assert (ROOT / program).is_file()
            else:
                assert program in OTHERS, line


@by_name
def test_a_command_in_the_text_of_a_page_exists(page: Path) -> None:
    """Text outside of blocks names only real commands, such as `packager deploy --dry-run`."""
    prose = documentation.without_blocks(page)
    for text in re.findall(r"`(packager [a-z][^`…]*)`", prose):
        for program, *words in filter(None, commands(text.replace("\\|", "|"))):
            if program == "packager" and words[0].isalpha():
                command = cli.get_command(click.Context(cli), words[0])
                assert command, text
                options = {name for one in command.params for name in one.opts}
                assert {word for word in words if word.startswith("--")} <= options, text


@by_name
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """Each leads to a file and heading of this project, or is a valid address."""
    for target in links(page):
        if target.startswith("http"):
            assert re.fullmatch(r"https://[\w.-]+\.[a-z]+(/[\w./~%+#-]*)?", target), target
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_the_commands_on_the_page_about_reliability_run_tests() -> None:
    """Their files exist, and contain tests with names that `-k` selects."""
    page = (ROOT / "docs" / "reliability.md").read_text()
    commands = re.findall(r"`pytest (tests/[^`]+)`", page)
    assert len(commands) > 20
    for paths, _, selected in (command.partition(" -k ") for command in commands):
        named = [ROOT / path for path in paths.split()]
        files = [
            file for path in named for file in (path.rglob("*.py") if path.is_dir() else [path])
        ]
        names = re.findall(r"def (test_\w+)", "".join(file.read_text() for file in files))
        for word in selected.strip('"').split(" or "):
            assert any(word in name for name in names), (paths, word)


def test_every_page_can_be_reached_from_the_readme() -> None:
    """The README links to each page."""
    reached = {(ROOT / target.partition("#")[0]).resolve() for target in links(ROOT / "README.md")}
    pages = {page for page in PAGES if page.parent == ROOT / "docs"}
    assert pages - reached == {ROOT / "docs" / "releasing.md"}  # for maintainers


@by_name
def test_a_page_names_only_settings_that_exist(page: Path) -> None:
    others = {"_LAMBDA_FUNCTION_NAME"}  # in the README of the old buildpack
    named = set(re.findall(r"\b(_(?:LAMBDA|AWS)_[A-Z0-9_]*[A-Z0-9])\b", page.read_text()))
    assert named - others <= set(BY_VARIABLE)


def test_the_readme_is_short() -> None:
    """It contains what a newcomer needs, and links to the rest."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def reader(folder: Path, service: Service) -> Reader:
    """Return a user at a laptop whose functions are in a Lambda API over HTTP."""
    settings = service.settings("")
    del settings["_LAMBDA_FUNCTION_ARN"]
    return Reader(folder, settings)


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(one.kind == "console" for one in documentation.blocks(page))],
    ids=lambda page: page.name,
)
def test_the_commands_on_a_page_print_the_outputs_shown(
    page: Path, service: Service, tmp_path: Path
) -> None:
    """The commands run in order, in a copy of the checkout; times, sizes and hashes may differ."""
    if "hello" not in {
        one["FunctionName"] for one in service.client("lambda").list_functions()["Functions"]
    }:
        runtime = f"python3.{sys.version_info.minor}"
        service.create_function("hello", runtime, "lambda_function.lambda_handler")
    folder = tmp_path / "folder"
    (folder / "examples").mkdir(parents=True)
    shutil.copytree(ROOT / "examples" / "python", folder / "examples" / "python")
    user = Reader(folder) if page.name == "README.md" else reader(folder, service)
    for result in user.work_through(page):
        assert result.status == (2 if "Error:" in result.shown else 0), result.output
        assert matches(result.shown, result.output), f"$ {result.command}\n{result.output}"


def test_the_first_commands_of_the_readme_work_in_a_clean_clone(tmp_path: Path) -> None:
    """The README's first two commands need only Python: they install, deploy and respond."""
    clone = heroku.clone(tmp_path / "clone")
    install, deploy = shell_lines(ROOT / "README.md")[:2]
    assert install.startswith("python3 -m venv")
    assert deploy == "packager deploy --local examples/python"
    env = documentation.new_users_environment(tmp_path)
    shown = run("bash", "-c", f"{install} && {deploy}", cwd=clone, env=env)
    assert "World" in shown.splitlines()[-1]
    assert "Collecting" in shown  # pip shows its progress


@cache
def messages() -> list[str]:
    """Return the texts in the source of packager and buildpack, with … for variable parts."""
    texts = [path.read_text() for path in (ROOT / "bin").rglob("*") if path.suffix == ".sh"]
    for path in (ROOT / "packager").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
            if isinstance(node, ast.JoinedStr):
                parts = [
                    str(part.value) if isinstance(part, ast.Constant) else "…"
                    for part in node.values
                ]
                texts.append("".join(parts))
    return texts


def rows_of_messages() -> list[str]:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    tables = re.findall(r"^\| message \|.*\n\|.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    cells = [row.split("|")[1].strip() for table in tables for row in table.splitlines()]
    return [cell.strip("`") for cell in cells]


@pytest.mark.parametrize("message", rows_of_messages())
def test_a_message_in_troubleshooting_exists_in_the_source(message: str) -> None:
    """Users who search the page for the message that they see find it."""
    parts = [part.strip() for part in message.split("…") if part.strip()]
    assert any(all(part in text for part in parts) for text in messages())


@requires("node")
def test_the_picture_shows_the_output_of_watch() -> None:
    """Only times may differ; `python -m tests.watch_picture` redraws it."""

    def texts(svg: str) -> list[str]:
        found = re.findall(r">([^<]*)</text>", svg)
        return [re.sub(r"\d+([:.]\d+)+", "N", text) for text in found]

    assert texts(watch_picture.PICTURE.read_text()) == texts(watch_picture.draw())
