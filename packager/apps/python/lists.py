"""Find the files that list the dependencies of a Python app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from packager.apps.python import requirements, tables
from packager.errors import PackageError
from packager.lazy import lazy

if TYPE_CHECKING:
    import ast
    import configparser
else:
    ast = lazy("ast")
    configparser = lazy("configparser")

REQUIREMENTS, PROJECT, PIPFILE = "requirements.txt", "pyproject.toml", "Pipfile"
UV, POETRY, PYLOCK, PIPENV = "uv.lock", "poetry.lock", "pylock.toml", "Pipfile.lock"
PDM = "pdm.lock"
FILES = (REQUIREMENTS, PROJECT, PIPFILE, PIPENV, UV, POETRY, PYLOCK)


def names(app: Path) -> Iterator[str]:
    """Yield the names of the files that list dependencies; there should be only one.

    A file that cannot be read counts, because it may list some.
    """
    has_requirements = _has_lines(app / REQUIREMENTS)
    if has_requirements:
        yield REQUIREMENTS
    yield from _lists_of_project(app, has_requirements=has_requirements)
    checks = [(PIPENV, _pipenv_lists)] if (app / PIPENV).is_file() else [(PIPFILE, _pipfile_lists)]
    checks += [("setup.py", _setup_py_lists), ("setup.cfg", _setup_cfg_lists)]
    for name, lists in checks:
        if (app / name).is_file() and _lists(lists, app / name):
            yield name


def _lists(check: Callable[[Path], bool], file: Path) -> bool:
    try:
        return check(file)
    except PackageError:
        return True


def _lists_of_project(app: Path, *, has_requirements: bool) -> Iterator[str]:
    """Yield the locks of a project with dependencies, or else its own file."""
    found = [name for name in (POETRY, PYLOCK, PDM) if (app / name).is_file()]
    if uv_lock(app):
        found.insert(0, UV)
    if not (app / PROJECT).is_file():
        yield from found
        return
    if _lists(_project_lists, app / PROJECT):
        # If the project reads its dependencies from requirements.txt, both are the same list.
        if found or not (has_requirements and _is_the_same(app / PROJECT)):
            yield from found or [PROJECT]
    elif PYLOCK in found:
        yield PYLOCK


def _is_the_same(project: Path) -> bool:
    return _lists(lambda file: dynamic(tables.toml(file)) == REQUIREMENTS, project)


def _has_lines(file: Path) -> bool:
    if not file.is_file():
        return False
    return _lists(lambda file: bool(requirements.lines(_text(file))), file)


def _text(file: Path) -> str:
    return tables.read(file).decode("utf-8-sig", errors="replace")


def _project_lists(file: Path) -> bool:
    table = tables.toml(file)
    return bool(declared(table) or poetry_dependencies(table) or dynamic(table))


def _pipenv_lists(file: Path) -> bool:
    # A lock that was written before the first dependency is not an empty list.
    project = file.parent / PIPFILE
    is_declared = project.is_file() and _lists(_pipfile_lists, project)
    return is_declared or bool(tables.json_object(file).get("default"))


def _pipfile_lists(file: Path) -> bool:
    return bool(tables.toml(file).get("packages"))


def declared(table: tables.Table) -> list[str]:
    """Return the dependencies that a project lists itself.

    Raises PackageError if they are not a list of strings.
    """
    found = tables.subtable(table, "project").get("dependencies", [])
    if not isinstance(found, list) or not all(isinstance(line, str) for line in found):
        raise PackageError(f"{PROJECT}: dependencies is not a list of strings.", "Fix the file.")
    return found


def poetry_dependencies(table: tables.Table) -> tables.Table:
    """Return the dependencies that a project lists in Poetry's format, in its main group."""
    poetry = tables.subtable(table, "tool", "poetry")
    listed = tables.subtable(poetry, "dependencies") | tables.subtable(
        poetry, "group", "main", "dependencies"
    )
    return {name: entry for name, entry in listed.items() if name != "python"}


def dynamic(table: tables.Table) -> str:
    """Return requirements.txt if a project reads its dependencies from there, "dynamic" if a tool
    provides them in another way, or else "".
    """
    if "dependencies" not in str(tables.subtable(table, "project").get("dynamic", "")).replace(
        "optional-dependencies", ""
    ):
        return ""
    files = tables.subtable(table, "tool", "setuptools", "dynamic", "dependencies").get("file")
    return REQUIREMENTS if files in (REQUIREMENTS, [REQUIREMENTS]) else "dynamic"


def uv_lock(app: Path) -> Path | None:
    """Return the lock of the app's project, or of the workspace that it is a member of."""
    if (app / UV).is_file():
        return app / UV
    if not (app / PROJECT).is_file():
        return None
    app = app.resolve()
    for folder in app.parents:
        if (folder / UV).is_file() and (folder / PROJECT).is_file():
            workspace = tables.subtable(tables.toml(folder / PROJECT), "tool", "uv", "workspace")
            members, excluded = (workspace.get(name, []) for name in ("members", "exclude"))
            if _matches(app, folder, members) and not _matches(app, folder, excluded):
                return folder / UV
    return None


def _matches(app: Path, folder: Path, patterns: object) -> bool:
    found = patterns if isinstance(patterns, list) else []
    names = [name for pattern in found if (name := str(pattern).strip("/"))]
    return any(app in folder.glob(name) for name in names)


def _setup_py_lists(file: Path) -> bool:
    """Return whether `setup.py` may have dependencies; one that cannot be parsed may."""
    try:
        nodes = [*ast.walk(ast.parse(tables.read(file)))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return any(
        getattr(call.func, "id", getattr(call.func, "attr", "")) == "setup"
        and {"install_requires", None} & {keyword.arg for keyword in call.keywords}
        for call in calls
    )


def _setup_cfg_lists(file: Path) -> bool:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(tables.read(file).decode("utf-8", errors="replace"))
    except configparser.Error:
        return True
    return bool(parser.get("options", "install_requires", fallback="").strip())
