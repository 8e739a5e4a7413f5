"""Find the handler of an unpacked package."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from packager.errors import PackageError
from packager.local import classfile

Language = Literal["node", "python", "java"]

_LIBRARY = "com.amazonaws."
_INTERFACES = {
    "com.amazonaws.services.lambda.runtime.RequestHandler",
    "com.amazonaws.services.lambda.runtime.RequestStreamHandler",
}
_NAMES_IN_PYTHON = ("lambda_handler", "handler")


@dataclass(frozen=True)
class Handler:
    """A handler: the language of its runtime, and its name in the function's setting Handler."""

    language: Language
    name: str


def find_handler(task: Path, name: str | None = None, language: Language | None = None) -> Handler:
    """Return the handler of the package in `task`: the one called `name`, or its only one.

    The files of the package decide its `language`, unless that is given. Raises PackageError if
    the package has no handler, or several.
    """
    language = language or _language(task, name or "")
    if name:
        return Handler(language, name)
    found = sorted({"node": _in_node, "python": _in_python, "java": _in_java}[language](task))
    if len(found) == 1:
        return Handler(language, found[0])
    raise PackageError(
        f"The package has these handlers: {', '.join(found)}."
        if found
        else f"No handler was found in the package ({language}).",
        f"Choose the one to run with --handler (example: {_EXAMPLES[language]}).",
    )


_EXAMPLES: dict[Language, str] = {
    "node": "src/app.handler",
    "python": "lambda_function.lambda_handler",
    "java": "example.Hello::handleRequest",
}


def _language(task: Path, name: str) -> Language:
    if "::" in name:
        return "java"
    if (task / "package.json").is_file() or any(task.glob("*.*js")):
        return "node"
    if any(task.glob("*.py")):
        return "python"
    if any(_classes(task)):
        return "java"
    raise PackageError(
        "The package does not look like a Node.js, Python or Java function.",
        "Deploy without --local, which runs only these three languages.",
    )


def _in_node(task: Path) -> Iterator[str]:
    """Yield the `handler` of the module `main` of package.json, or else of top-level modules."""
    main = PurePosixPath(_main(task / "package.json") or "index")
    suffixes = (".js", ".mjs", ".cjs")
    for suffix in suffixes:
        module = main if main.suffix == suffix else main.with_name(main.name + suffix)
        if (task / module).is_file():
            yield f"{module.with_suffix('')}.handler"
            return
    if not (task / "package.json").is_file():
        modules = (path for path in task.iterdir() if path.suffix in suffixes)
        yield from (f"{module.stem}.handler" for module in modules)


def _main(description: Path) -> str | None:
    try:
        main = json.loads(description.read_bytes()).get("main")
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError, RecursionError) as error:
        raise PackageError(
            "The package.json in the package is not a JSON object.", "Fix it, then deploy again."
        ) from error
    return main if isinstance(main, str) else None


def _in_python(task: Path) -> Iterator[str]:
    """Yield the `lambda_handler` of lambda_function.py, or functions with such names elsewhere."""
    if (task / "lambda_function.py").is_file():
        yield "lambda_function.lambda_handler"
        return
    for module in task.glob("*.py"):
        for name in _functions(module):
            if name in _NAMES_IN_PYTHON:
                yield f"{module.stem}.{name}"


def _functions(module: Path) -> Iterator[str]:
    try:
        statements = ast.parse(module.read_bytes()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # Deep nesting: the last two.
        return
    for statement in statements:
        if isinstance(statement, ast.FunctionDef):
            yield statement.name


def _classes(folder: Path) -> Iterator[Path]:
    """Yield all class files; not with rglob, whose recursion fails for deeply nested folders."""
    folders = [folder]
    while folders:
        for path in folders.pop().iterdir():
            if path.is_dir() and not path.is_symlink():
                folders.append(path)
            elif path.suffix == ".class":
                yield path


def _in_java(task: Path) -> Iterator[str]:
    """Yield the classes that implement a handler's interface, except those of AWS's libraries."""
    for path in _classes(task):
        data = path.read_bytes()
        # Searching the bytes is a hundred times faster than parsing the constants.
        if b"com/amazonaws/services/lambda/runtime/Request" in data:
            try:
                found = classfile.read(data)
            except ValueError:
                continue
            if _INTERFACES.intersection(found.interfaces) and not (
                found.abstract or found.name.startswith(_LIBRARY)
            ):
                yield found.name
