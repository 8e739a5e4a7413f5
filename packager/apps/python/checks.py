"""Check that a Python function can run: its handler, and the compiled modules it depends on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from packager.apps import native
from packager.apps.contents import Contents, Finding

# A compiled module may have a tag of its Python and platform before its suffix (PEP 3149).
_EXTENSION = re.compile(r"(?:\.(?P<tag>cpython-3\d+|abi3)[^/.]*)?\.so")

# The tag of a compiled module that is for one version of Python only.
_TAGGED = re.compile(r"cpython-3\d+(?=[-.])")

_WHEEL = re.compile(r"(?P<name>[^/]+)-(?P<version>[^/-]+)\.dist-info/WHEEL")

_EXAMPLE = "Set the function's Handler to MODULE.FUNCTION (example: lambda_function.handler)."


def check_handler(contents: Contents, handler: str, runtime: str) -> Iterator[Finding]:  # noqa: ARG001
    """Check that the handler's module exists: a file, a package or a namespace package."""
    module, dot, function = handler.rpartition(".")
    if not (dot and module and function):
        yield Finding(
            f"The function's handler is {handler}, which does not name a module and a function.",
            _EXAMPLE,
        )
        return
    path = module.replace(".", "/").strip("/")
    if _has_module(contents.names, path):
        return
    base = path.rpartition("/")[2]
    similar = sorted(name for name in contents.names if f"/{name}".endswith(f"/{base}.py"))
    also = f" There is {similar[0]}." if similar else ""
    yield Finding(
        f"The function's handler is {handler}, and the package has no {path}.py.{also}",
        "Set the function's Handler to a module of the package, or package the folder that"
        " contains it.",
    )


def _has_module(names: Iterable[str], path: str) -> bool:
    """Return whether Python could import `path`; any folder that is not empty is a namespace."""
    for name in names:
        if name.startswith(path):
            rest = name[len(path) :]
            if rest in (".py", ".pyc") or rest.startswith("/") or _EXTENSION.fullmatch(rest):
                return True
    return False


def check_dependencies(
    contents: Contents,
    runtime: str,
    architecture: str,
    command: str,  # noqa: ARG001
) -> Iterator[Finding]:
    """Check the compiled modules of each dependency, and the Python that it is for."""
    yield from _check_native(contents, architecture)
    wheels = list(_check_wheels(contents, runtime))
    yield from wheels or _check_extensions(contents, runtime)


def _check_wheels(contents: Contents, runtime: str) -> Iterator[Finding]:
    """Compare the tags of each wheel with the function's Python."""
    minor = int(re.sub(r"\D*3\.", "", runtime))
    for name in sorted(contents.names):
        if not (match := _WHEEL.fullmatch(name)):
            continue
        lines = contents.read(name).decode("utf-8", "replace").splitlines()
        tags = [line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")]
        if tags and not any(_runs_on(tag, minor) for tag in tags):
            yield Finding(
                f"{match['name']} {match['version']} is built for"
                f" {tags[0]}, but the function's runtime is {runtime}.",
                f"Install it for Python 3.{minor}, or change the function's runtime.",
            )


def _runs_on(tag: str, minor: int) -> bool:
    """Return whether a wheel with this tag runs on Python 3.`minor`, whatever the platform.

    https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
    """
    pythons, _, rest = tag.partition("-")
    abi = rest.partition("-")[0]
    for python in pythons.split("."):
        match = re.fullmatch(r"(cp|py|pp)(\d)(\d*)", python)
        if match is None:
            return True  # an implementation that these rules do not cover
        kind, major, of = match[1], match[2], int(match[3] or 0)
        if major != "3":
            continue
        if of == minor or (of < minor and (kind == "py" or "abi3" in abi.split("."))):
            return True
        if abi == "none" and kind == "cp" and of <= minor:
            return True
    return False


def _check_native(contents: Contents, architecture: str) -> Iterator[Finding]:
    """Check the compiled modules of each dependency."""
    names = contents.names
    for dependency, found in native.unfit(
        contents, names, architecture, lambda n: _owner(n, names)
    ):
        yield native.finding(
            dependency,
            found,
            architecture,
            f"Install its wheel for Linux {architecture}, or let the packager do it: list it in"
            " requirements.txt.",
        )


def _check_extensions(contents: Contents, runtime: str) -> Iterator[Finding]:
    """Compare the Python that compiled modules without a wheel's metadata are tagged for.

    A package may do without its compiled modules, so that nothing is certain.
    """
    wanted = "cpython-" + re.sub(r"\D", "", runtime)
    tags: dict[str, set[str]] = defaultdict(set)
    has_other: set[str] = set()
    for name in contents.names:
        if not name.endswith(".so"):
            continue
        module, _, rest = name.rpartition("/")[2].partition(".")
        owner = _owner(name, contents.names)
        match = _TAGGED.match(rest) if module else None
        if match:
            tags[owner].add(match[0])
        else:
            has_other.add(owner)
    for owner in sorted(tags.keys() - has_other):
        if wanted not in tags[owner]:
            yield Finding(
                f"{owner} has compiled modules for {', '.join(sorted(tags[owner]))} only, and the"
                f" function's runtime is {runtime}.",
                f"Install it for {runtime}, or change the function's runtime.",
                certain=False,
            )


def _owner(name: str, names: AbstractSet[str]) -> str:
    """Return the package that an entry belongs to, also for its `.libs` folder.

    That is the outermost folder with an `__init__.py`, so that packages in a folder such as
    `vendor` are distinguished; without one, the folder at the top.
    """
    folders = name.split("/")[:-1]
    for depth in range(1, len(folders) + 1):
        folder = "/".join(folders[:depth])
        if f"{folder}/__init__.py" in names:
            return folder
    return name.partition("/")[0].partition(".")[0]
