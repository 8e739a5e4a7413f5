"""Check that a Node.js function can run: its handler, and the native code of its packages."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packager.apps import native, node_ranges
from packager.apps.contents import Contents, Finding

# The order in which the runtime interface client looks for a handler's module
# (https://github.com/aws/aws-lambda-nodejs-runtime-interface-client, src/UserFunction.js).
_SUFFIXES = ("", ".js", ".mjs", ".cjs")

# Node.js runs TypeScript without a flag since 22.18.
_TYPESCRIPT = (".ts", ".mts", ".cts")
_FIRST_WITH_TYPESCRIPT = 22

# The part of a handler's file name before its first dot is the module; the rest names the export.
_HANDLER = re.compile(r"(?P<module>(?:.*/)?[^./]+)\.(?P<export>.+)")

# Greedy, to match the innermost of nested packages.
_PLACE = re.compile(r"(?:.*/)?node_modules/(?:@[^/]+/)?[^/@.][^/]*/")
_MANIFEST = re.compile(r"(?:.*/)?node_modules/(?P<package>(?:@[^/]+/)?[^/@.][^/]*)/package\.json")
_PLATFORM = re.compile(r"darwin|macos|win32|windows|linux|freebsd|android")

# npm's words for Lambda's architectures.
_CPUS = {"x86_64": "x64", "arm64": "arm64"}

# Machine code, for one platform or for all.
_CODE = re.compile(r"\.(?:node|so|wasm)$")

# The owner of native code outside of any package.
APP = "The app"


def check_handler(contents: Contents, handler: str, runtime: str) -> Iterator[Finding]:
    """Check that the module that exports the handler exists."""
    match = _HANDLER.fullmatch(handler)
    if match is None:
        yield Finding(
            f"The function's handler is {handler}, which does not name a file and its export.",
            "Set the function's Handler to FILE.EXPORT (example: index.handler).",
        )
        return
    module = posixpath.normpath(match["module"])
    suffixes = _SUFFIXES + (_TYPESCRIPT if _version(runtime) >= _FIRST_WITH_TYPESCRIPT else ())
    tried = [module + suffix for suffix in suffixes]
    packages = [f"node_modules/{module}", module]
    in_package = any(
        name in contents.names for package in packages for name in _main_of(package, suffixes)
    )
    if not in_package and not contents.names & set(tried):
        yield Finding(
            f"The function's handler is {handler}, and the package has no {module}.js, .mjs or"
            f" .cjs. {_similar(contents, posixpath.basename(module))}".rstrip(),
            "Set the function's Handler to a file of the package, or package the folder that"
            " contains it.",
        )


def _main_of(package: str, suffixes: Iterable[str]) -> Iterator[str]:
    yield f"{package}/package.json"
    for suffix in suffixes:
        if suffix:
            yield f"{package}/index{suffix}"


def _similar(contents: Contents, base: str) -> str:
    """Return a sentence that names a file of the same name in another folder, or nothing."""
    found = sorted(
        name
        for name in contents.names
        if "node_modules/" not in name
        and posixpath.splitext(posixpath.basename(name))[0] == base
        and posixpath.splitext(name)[1] in (".js", ".mjs", ".cjs")
    )
    return f"There is {found[0]}." if found else ""


def _version(runtime: str) -> int:
    match = re.match(r"nodejs(\d+)", runtime)
    return int(match[1]) if match else 0


def check_dependencies(
    contents: Contents, runtime: str, architecture: str, command: str
) -> Iterator[Finding]:
    """Check the native code of each package, and the versions of Node.js that the app accepts.

    `command` installs the app's dependencies.
    """
    yield from _check_native(contents, architecture, command)
    yield from _check_engines(contents, runtime)


def _check_engines(contents: Contents, runtime: str) -> Iterator[Finding]:
    engines = _manifest(contents, "").get("engines")
    wanted = engines.get("node") if isinstance(engines, dict) else None
    if isinstance(wanted, str) and not node_ranges.fits_major(_version(runtime), wanted):
        yield Finding(
            f"package.json accepts Node.js {wanted}, and the function's runtime is {runtime}.",
            "Change the function's runtime, or `engines` in package.json.",
            certain=False,
        )


def _check_native(contents: Contents, architecture: str, command: str) -> Iterator[Finding]:
    hint = f"Install for Lambda: `{_for_linux(command, architecture)}`."
    libraries = [name for name in contents.names if native.is_library(name)]
    manifests = {
        place: manifest
        for place in {_owner(name) for name in libraries} | _with_platform_in_name(contents)
        if (manifest := _manifest(contents, place))
    }
    only_elsewhere = {
        place for place, manifest in manifests.items() if not _fits(manifest, architecture)
    }
    for dependency, found in native.unfit(contents, libraries, architecture, _owner):
        if dependency not in only_elsewhere:
            yield native.finding(package_of(dependency), found, architecture, hint)
    installed = {package_of(place): place not in only_elsewhere for place in manifests}
    with_code = {package_of(_owner(name)) for name in contents.names if _CODE.search(name)}
    for package, builds in _with_optional_builds(contents, installed):
        if builds and not any(installed[name] for name in builds):
            yield Finding(
                f"The only build of {package} in the package is"
                f" {builds[0]}, but the function runs on Linux {architecture}.",
                hint,
            )
        elif not builds and package not in with_code:
            yield Finding(
                f"{package} has builds for single platforms as optional dependencies, and none of"
                " them is in the package.",
                f"If the function needs it: {hint[0].lower()}{hint[1:]}",
                certain=False,
            )


def _for_linux(command: str, architecture: str) -> str:
    if command.startswith("yarn"):
        return f"{command}` on Linux {architecture}, or with `supportedArchitectures` set"
    return f"{command} --os=linux --cpu={_CPUS[architecture]}"


def _owner(name: str) -> str:
    """Return the place of the package that an entry belongs to."""
    match = _PLACE.match(name)
    return match[0].rstrip("/") if match else APP


def package_of(place: str) -> str:
    """Return the name of the package at `place`."""
    return place.rpartition("node_modules/")[2]


def _with_platform_in_name(contents: Contents) -> set[str]:
    """Return packages named after a platform: esbuild's, for example, hold a program without a
    suffix.
    """
    suffix = "/package.json"
    return {
        name.removesuffix(suffix)
        for name in contents.names
        if name.endswith(suffix) and _PLATFORM.search(name.rpartition("node_modules/")[2])
    }


def _manifest(contents: Contents, place: str) -> Mapping[str, Any]:
    name = f"{place}/package.json".lstrip("/")
    if name not in contents.names:
        return {}
    try:
        manifest = json.loads(contents.read(name))
    except (ValueError, RecursionError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _fits(manifest: Mapping[str, Any], architecture: str) -> bool:
    """Return whether npm would install the package in Lambda, by its `os`, `cpu` and `libc`."""
    return (
        _allows(manifest.get("os"), "linux")
        and (_allows(manifest.get("cpu"), _CPUS[architecture]) or manifest["cpu"] == ["wasm32"])
        and _allows(manifest.get("libc"), "glibc")
    )


def _allows(field: object, value: str) -> bool:
    """Return whether a field of a manifest names `value`, or excludes others than it (`!win32`)."""
    names = [field] if isinstance(field, str) else field
    if not isinstance(names, list) or not names:
        return True
    if f"!{value}" in names:
        return False
    return value in names or "any" in names or all(str(name).startswith("!") for name in names)


def _with_optional_builds(
    contents: Contents, installed: Mapping[str, bool]
) -> Iterator[tuple[str, list[str]]]:
    """Yield packages that offer builds for Linux, each with its `installed` builds.

    A package that offers builds only for other systems works without them: chokidar and fsevents.
    """
    for name in sorted(contents.names):
        if not (match := _MANIFEST.fullmatch(name)):
            continue
        if b'"optionalDependencies"' not in contents.read(name):
            continue
        optional = _manifest(contents, name.removesuffix("/package.json"))["optionalDependencies"]
        if isinstance(optional, dict) and any("linux" in package for package in optional):
            yield match["package"], sorted(installed.keys() & optional.keys())
