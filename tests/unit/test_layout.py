"""The layout of the project, and the direction in which its modules import one another."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from packager.cli import cli

ROOT = Path(__file__).parents[2]
PACKAGER = ROOT / "packager"

# The order in which data flows: a module imports only from its own line and the lines below it.
LAYERS = [
    {"__main__", "cli"},
    {"watch", "vendor"},
    {"release"},
    {"local", "aws"},
    {"package"},
    {"apps"},
    {"config"},
    {"function"},
    {"progress", "subprocesses", "descendants", "signals", "workspace", "removal", "atomic_file"},
    {"errors", "names"},
    {"lazy"},
]

# The parts that may import a library; no others do.
ONLY_IN = {
    "boto3": {"aws"},
    "botocore": {"aws", "local"},
    "watchdog": {"watch"},
    "moto": {"local"},
    "click": {"cli"},
    "rich": {"cli"},
    "javaproperties": {"config"},
    "pathspec": {"apps"},
    "deflate": {"package"},
    "packaging": {"apps"},
    "uv": {"apps"},
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGER.rglob("*.py") if "__pycache__" not in path.parts)


def part(path: Path) -> str:
    """Name the part of the packager that a file belongs to: its module or subpackage."""
    return path.relative_to(PACKAGER).parts[0].removesuffix(".py")


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


@functools.cache
def calls(path: Path) -> set[str]:
    """Return the functions that a file calls, as they are written there."""
    return {ast.unparse(node.func) for node in nodes(path) if isinstance(node, ast.Call)}


@functools.cache
def imports(path: Path) -> list[str]:
    """Return the full name of everything that a file imports, at its top or in functions."""
    found = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def git_files() -> list[str]:
    """Return the paths of all files in the repository."""
    command = ["git", "ls-files"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return found.stdout.split()


def level(name: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if name in layer)


def test_every_module_has_its_place_in_the_layers() -> None:
    found = {part(path) for path in modules()} - {"__init__"}
    assert found <= set().union(*LAYERS)


def test_no_function_takes_more_than_six_parameters() -> None:
    """The command line is an exception, because its parameters are its options."""
    long = {}
    for path in modules():
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and part(path) != "cli":
                parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                names = [each.arg for each in parameters if each.arg not in ("self", "cls")]
                if len(names) > 6:
                    long[f"{path.relative_to(PACKAGER)}: {node.name}"] = names
    assert long == {}


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in modules()}
    assert {path.name: lines for path, lines in lengths.items() if lines > 300} == {}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGER)))
def test_a_module_imports_only_from_its_own_layer_and_those_below(path: Path) -> None:
    own = part(path)
    for name in imports(path):
        head, _, rest = name.partition(".")
        other = rest.split(".")[0]
        if head == "packager" and (PACKAGER / other).exists() | (PACKAGER / f"{other}.py").exists():
            assert level(other) >= level(own), f"{own} imports {other}"


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_in_one_part_only(library: str) -> None:
    users = {
        part(path) for path in modules() for name in imports(path) if name.split(".")[0] == library
    }
    assert users == ONLY_IN[library]


# Modules that only one system or version has, and imports that cannot be at the top.
IMPORTS_IN_FUNCTIONS = {
    "apps/ignore.py": {"fcntl", "pathspec"},
    "apps/node.py": {"packager"},
    "apps/python/__init__.py": {"packager", "tomllib", "tomli"},
    "apps/python/requirements.py": {"tomllib", "tomli"},
    "config/env_files.py": {"javaproperties", "dotenv"},
    "descendants.py": {"_thread", "subprocess"},
    "local/service.py": {"botocore", "moto"},
    "release/target.py": {"packager"},
}


def test_lazy_imports_are_declared_at_the_top_of_a_module() -> None:
    """`lazy` declares them, so that a reader sees there everything that a module uses."""
    found: dict[str, set[str]] = {}
    for path in modules():
        for function in nodes(path):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        name = node.names[0].name if isinstance(node, ast.Import) else node.module
                        where = found.setdefault(str(path.relative_to(PACKAGER)), set())
                        where.add((name or "").split(".")[0])
    for file, names in found.items():
        assert names <= IMPORTS_IN_FUNCTIONS.get(file, set()), file


@functools.cache
def run_python(program: str, *arguments: str) -> tuple[str, frozenset[str]]:
    """Run a program in a new process; return its output, and the modules that it has loaded."""
    program = f"import sys; {program}\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    return run.stdout, frozenset(run.stderr.split())


def run_packager(*arguments: str) -> tuple[str, frozenset[str]]:
    program = "from packager.cli import main\ntry: main()\nexcept SystemExit: pass"
    return run_python(program, *arguments)


def test_help_loads_no_command() -> None:
    """The help lists each command, with the first line of the command's own help."""
    output, loaded = run_packager("--help")
    assert not loaded & {f"packager.cli.{name}" for name in cli_commands()}
    for name, command in cli_commands().items():
        assert f"{name} {command.get_short_help_str(200)}" in re.sub(r"\s+", " ", output)


def cli_commands() -> dict[str, click.Command]:
    """Load all commands."""
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in commands.items() if command}


def test_only_the_command_line_cleans_text_and_one_module_of_it_writes() -> None:
    """Errors and events hold exact text, for JSON; terminal.py cleans all text that is shown."""
    cleaning, writing = set(), set()
    for path in modules():
        if "printable" in calls(path):
            cleaning.add(part(path))
        if calls(path) & {"print", "click.echo", "click.secho", "echo", "secho"}:
            writing.add(path.relative_to(PACKAGER))
    assert cleaning == {"cli"}
    assert writing == {Path("cli/terminal.py")}


def test_only_the_command_line_prints_and_exits() -> None:
    for path in modules():
        if part(path) not in ("cli", "__main__"):
            assert not calls(path) & {"print", "sys.exit", "exit", "click.echo"}, path


@pytest.mark.parametrize(
    "arguments", [["--help"], ["deploy", "--help"], ["env", "--from-environment", "--quiet"]]
)
def test_nothing_heavy_is_imported_before_it_is_needed(arguments: list[str]) -> None:
    _, modules = run_packager(*arguments)
    _, of_python = run_python("pass")
    # click and the modules that it needs are 62 of them.
    assert len(modules - of_python) < 120
    loaded = {name.split(".")[0] for name in modules}
    assert "click" in loaded
    heavy = {"boto3", "botocore", "watchdog", "moto", "rich", "javaproperties", "pathspec"}
    assert not loaded & (heavy | {"deflate", "asyncio", "urllib3"})


def test_the_top_level_holds_only_the_expected_files() -> None:
    assert {file.split("/")[0] for file in git_files()} <= {
        *("packager", "sdk_python", "sdk_node", "sdk_java", "tests", "pyproject.toml"),
        *("README.md", "action.yml", "bin", "buildpack.toml", "docs", "examples"),
        *(".ci", ".gitignore", "LICENSE"),
        *("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    }


def test_the_map_in_contributing_is_true() -> None:
    """It names each part of the packager, and no file or folder that does not exist."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    chart = re.search(r"^packager/\n(.*?)^bin/", text, re.MULTILINE | re.DOTALL)
    assert chart
    parts = {part(path) for path in modules()} - {"__init__", "__main__"}
    named = re.findall(r"^  (\w+)(?:/|\.py) ", chart[1], re.MULTILINE)
    named += re.findall(r"[, ](\w+)\.py\b", chart[1])
    assert parts <= {*named}
    tracked = git_files()
    for name in re.findall(r"(?<![\w/.~*])[\w./]+\.(?:py|sh|md|toml|svg)\b", text):
        assert any(f"/{file}".endswith(f"/{name}") for file in tracked), name
    for name in re.findall(r"^ *([\w/]+)/(?= |,)", text, re.MULTILINE):
        assert any(f"/{name}/" in f"/{file}" for file in tracked), name
