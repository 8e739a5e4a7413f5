"""Check that a Java function can run: its handler's class, and the version of its bytecode."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from packager.apps.contents import Contents, Finding

_JAR = re.compile(r"lib/[^/]+\.jar")

# https://docs.oracle.com/javase/specs/jvms/se25/html/jvms-4.html#jvms-4.1: magic, minor and major
# version; Java 8 is 52.
_MAGIC = b"\xca\xfe\xba\xbe"
_JAVA_8, _HEAD = 52, 8


def check_handler(contents: Contents, handler: str, runtime: str) -> Iterator[Finding]:
    """Check that the handler's class exists, at the root or in a jar in `lib/`, and its version."""
    name = handler.partition("::")[0]
    path = name.replace(".", "/") + ".class"
    if path in contents.names:
        head = contents.head(path, _HEAD)
    else:
        found, complete = _in_jars(contents, path)
        if found is None:
            simple = path.rpartition("/")[2]
            similar = sorted(
                other for other in contents.names if f"/{other}".endswith(f"/{simple}")
            )
            also = f" There is {similar[0]}." if similar else ""
            yield Finding(
                f"The function's handler is {handler}, and the package has no {path}, neither at"
                f" its root nor in a jar in lib/.{also}",
                "Set the function's Handler to a class of the package, or build a jar that includes"
                " its dependencies (example: the Maven Shade plugin).",
                certain=complete,
            )
            return
        head = found
    yield from _check_version(name, head, runtime)


def check_dependencies(
    contents: Contents, runtime: str, architecture: str, command: str
) -> Iterator[Finding]:
    """Find nothing: Java code chooses one of several platforms' libraries in a jar, or works
    without.
    """
    del contents, runtime, architecture, command
    yield from ()


def _in_jars(contents: Contents, path: str) -> tuple[bytes | None, bool]:
    """Return the first bytes of the class in a jar in `lib/`, and whether all jars were read."""
    complete = True
    for jar in sorted(name for name in contents.names if _JAR.fullmatch(name)):
        try:
            with zipfile.ZipFile(io.BytesIO(contents.read(jar))) as archive:
                return archive.open(path).read(_HEAD), True
        except KeyError:
            continue
        except Exception:  # zipfile raises exceptions of many kinds for a broken archive
            complete = False
    return None, complete


def _check_version(name: str, head: bytes, runtime: str) -> Iterator[Finding]:
    match = re.match(r"java(\d+)", runtime)
    if match is None or len(head) < _HEAD or not head.startswith(_MAGIC):
        return
    version = int.from_bytes(head[6:8], "big")
    compiled, runs = version - _JAVA_8 + 8, int(match[1])
    if compiled > runs:
        yield Finding(
            f"The class {name} is compiled for Java {compiled}, but the function's runtime is"
            f" {runtime}.",
            f"Compile it for Java {runs} (`javac --release {runs}`), or change the function's"
            " runtime.",
        )
