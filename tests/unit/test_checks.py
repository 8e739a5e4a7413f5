"""Checks before a package is sent: certain failures are errors, possible ones are warnings."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from packager.apps.contents import Finding
from packager.errors import PackageError
from packager.function import FunctionState, NotInstalled, Package
from packager.package.contents import ZipContents
from packager.release.checks import _of_the_dependencies, findings, report, wrapper_note

NODE = FunctionState("", "$LATEST", "Successful", "", "nodejs22.x", "x86_64", "index.handler")
PYTHON = replace(NODE, runtime="python3.13", handler="lambda_function.handler")
JAVA = replace(NODE, runtime="java21", handler="example.Hello::handleRequest")

ELF = {
    processor: b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(44)
    for processor, machine in {"x86_64": 62, "arm64": 183}.items()
}
MACH_O = bytes.fromhex("cffaedfe0c000001") + bytes(56)
PE = b"MZ" + bytes(62)


def java_class(version: int) -> bytes:
    return b"\xca\xfe\xba\xbe\x00\x00" + struct.pack(">H", version) + bytes(20)


def jar(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, java_class(65))
    return content.getvalue()


def found(
    tmp_path: Path,
    entries: dict[str, bytes],
    state: FunctionState,
    language: str | None = None,
) -> list[Finding]:
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with ZipContents.opened(package) as contents:
        return list(findings(contents, state, language, "npm ci"))


@pytest.mark.parametrize(
    ("handler", "entry"),
    [
        ("index.handler", "index.js"),
        ("index.handler", "index.mjs"),
        ("index.handler", "index.cjs"),
        ("index.handler", "index"),
        ("index.nested.handler", "index.js"),
        ("src/app.main", "src/app.js"),
        ("./src/app.main", "src/app.js"),
        ("src.v2/app.main", "src.v2/app.js"),
        ("index.handler", "index.ts"),
        ("app.handler", "app/index.js"),
        ("my-package.handler", "node_modules/my-package/package.json"),
    ],
)
def test_a_node_handler_is_found_where_the_runtime_looks(
    handler: str, entry: str, tmp_path: Path
) -> None:
    assert not found(tmp_path, {entry: b""}, replace(NODE, handler=handler))


@pytest.mark.parametrize(
    ("handler", "entry"),
    [
        ("a.b.fn", "a/b.py"),
        ("a/b.fn", "a/b.py"),
        ("a.b.fn", "a/b/__init__.py"),
        ("a.b.fn", "a/b/in_a_namespace.py"),
        ("fast.fn", "fast.pyc"),
        ("fast.fn", "fast.so"),
        ("fast.fn", "fast.cpython-313-x86_64-linux-gnu.so"),
        ("fast.fn", "fast.abi3.so"),
    ],
)
def test_a_python_handler_is_found_where_the_runtime_looks(
    handler: str, entry: str, tmp_path: Path
) -> None:
    assert not found(tmp_path, {entry: b""}, replace(PYTHON, handler=handler))


@pytest.mark.parametrize(
    ("handler", "entries"),
    [
        ("example.Hello::handleRequest", {"example/Hello.class": java_class(65)}),
        ("example.Hello", {"example/Hello.class": java_class(52)}),
        ("example.Outer$Inner", {"example/Outer$Inner.class": java_class(65)}),
        (
            "org.springframework.cloud.function.adapter.aws.FunctionInvoker",
            {
                "lib/other.jar": jar("a/B.class"),
                "lib/adapter.jar": jar(
                    "org/springframework/cloud/function/adapter/aws/FunctionInvoker.class"
                ),
            },
        ),
    ],
)
def test_a_java_handler_is_found_at_the_root_and_in_the_jars_of_lib(
    handler: str, entries: dict[str, bytes], tmp_path: Path
) -> None:
    assert not found(tmp_path, entries, replace(JAVA, handler=handler))


@pytest.mark.parametrize(
    ("state", "handler", "entries", "words"),
    [
        (NODE, "src/app.main", {"index.js": b""}, "src/app.main.*no src/app.js"),
        (NODE, "app.main", {"dist/app.js": b""}, "There is dist/app.js"),
        (NODE, "index", {"index.js": b""}, "does not name a file and its export"),
        (NODE, "index.handler", {"index.py": b""}, "no index.js"),
        (PYTHON, "app.main.fn", {"app.py": b""}, "app.main.fn.*no app/main.py"),
        (PYTHON, "main.fn", {"src/main.py": b""}, "There is src/main.py"),
        (PYTHON, "main", {"main.py": b""}, "does not name a module and a function"),
        (JAVA, "example.Gone", {"example/Hello.class": java_class(65)}, "no example/Gone.class"),
        (JAVA, "a.Hello", {"b/Hello.class": java_class(65)}, "There is b/Hello.class"),
    ],
)
def test_a_handler_that_is_not_in_the_package_is_a_certain_failure(
    state: FunctionState, handler: str, entries: dict[str, bytes], words: str, tmp_path: Path
) -> None:
    (finding,) = found(tmp_path, entries, replace(state, handler=handler))
    assert finding.certain
    assert re.search(words, finding.message), finding.message


@pytest.mark.parametrize(
    "state",
    [
        replace(NODE, handler="run.sh", exec_wrapper="/opt/bootstrap", has_layers=True),
        replace(NODE, handler="newrelic-lambda-wrapper.handler", has_layers=True),
        replace(PYTHON, handler="datadog_lambda.handler.handler", has_layers=True),
        replace(PYTHON, handler="newrelic_lambda_wrapper.handler", has_layers=True),
    ],
)
def test_a_handler_that_a_layer_or_wrapper_may_provide_is_a_warning(
    state: FunctionState, tmp_path: Path
) -> None:
    """Lambda Web Adapter, Datadog and New Relic provide such handlers."""
    (finding,) = found(tmp_path, {"index.js": b"", "app.py": b""}, state)
    assert not finding.certain


@pytest.mark.parametrize(
    "state",
    [
        replace(NODE, handler="/opt/nodejs/node_modules/datadog-lambda-js/handler.handler"),
        replace(NODE, runtime="provided.al2023", handler="bootstrap"),
        replace(NODE, runtime=None, handler=None),
    ],
)
def test_a_handler_outside_of_the_package_is_not_checked(
    state: FunctionState, tmp_path: Path
) -> None:
    assert not found(tmp_path, {"main": b""}, state)


@pytest.mark.parametrize(
    ("language", "state", "words"),
    [
        ("java", NODE, "Java app.*nodejs22.x"),
        ("node", PYTHON, "Node.js app.*python3.13"),
        ("python", JAVA, "Python app.*java21"),
        ("node", replace(NODE, runtime="ruby3.4"), "Node.js app.*ruby3.4"),
    ],
)
def test_an_app_of_another_language_than_the_runtime_is_an_error(
    language: str, state: FunctionState, words: str, tmp_path: Path
) -> None:
    (finding,) = found(tmp_path, {"index.js": b""}, state, language)
    assert finding.certain
    assert re.search(words, finding.message), finding.message


def test_any_app_fits_a_custom_runtime(tmp_path: Path) -> None:
    state = replace(NODE, runtime="provided.al2023")
    assert not found(tmp_path, {"bootstrap": b""}, state, "node")


@pytest.mark.parametrize(
    ("version", "runtime", "fits"),
    [(52, "java8.al2", True), (55, "java11", True), (61, "java11", False), (69, "java21", False)],
)
def test_a_class_runs_on_its_own_version_of_java_and_newer_ones(
    version: int, runtime: str, fits: bool, tmp_path: Path
) -> None:
    entries = {"example/Hello.class": java_class(version)}
    result = found(tmp_path, entries, replace(JAVA, runtime=runtime))
    assert fits == (not result)
    if not fits:
        assert f"compiled for Java {version - 44}" in result[0].message
        assert result[0].certain


def wheel(*tags: str) -> bytes:
    return b"Wheel-Version: 1.0\n" + "".join(f"Tag: {tag}\n" for tag in tags).encode()


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        (["py3-none-any"], True),
        (["py2-none-any", "py3-none-any"], True),
        (["py2.py3-none-any"], True),
        (["cp313-cp313-manylinux_2_17_x86_64"], True),
        (["cp37-abi3-manylinux_2_17_x86_64"], True),
        (["cp312-cp312-manylinux_2_17_x86_64"], False),
        (["cp314-abi3-manylinux_2_17_x86_64"], False),
        (["py2-none-any"], False),
    ],
)
def test_a_wheel_fits_the_python_that_it_is_built_for(
    tags: list[str], fits: bool, tmp_path: Path
) -> None:
    entries = {"lambda_function.py": b"", "fast-1.0.dist-info/WHEEL": wheel(*tags)}
    result = found(tmp_path, entries, PYTHON)
    assert fits == (not result)
    if not fits:
        assert "fast 1.0" in result[0].message
        assert result[0].certain


@pytest.mark.parametrize(
    ("libraries", "fits"),
    [
        ({"a.node": ELF["x86_64"]}, True),
        ({"prebuilds/linux-x64/a.node": ELF["x86_64"], "prebuilds/darwin/a.node": MACH_O}, True),
        ({"a.node": ELF["x86_64"], "a.dll": PE}, True),
        ({"a.node": b"not native code"}, True),
        ({"a.node": ELF["arm64"]}, False),
        ({"a.node": MACH_O}, False),
        ({"a.node": PE}, False),
        ({"lib/liba.so.1.2": ELF["arm64"]}, False),
    ],
)
def test_native_code_needs_one_build_that_fits_in_each_package(
    libraries: dict[str, bytes], fits: bool, tmp_path: Path
) -> None:
    entries = {"index.js": b"", "node_modules/other/b.node": ELF["x86_64"]}
    entries |= {f"node_modules/@scope/a/{name}": data for name, data in libraries.items()}
    result = found(tmp_path, entries, NODE)
    assert fits == (not result), result
    if not fits:
        assert result[0].certain
        assert "@scope/a" in result[0].message
        assert "npm ci --os=linux --cpu=x64" in result[0].hint


def test_python_modules_for_another_processor_are_an_error(tmp_path: Path) -> None:
    entries = {
        "lambda_function.py": b"",
        "numpy/core.cpython-313-aarch64-linux-gnu.so": ELF["arm64"],
        "numpy.libs/libblas.so.3": ELF["arm64"],
    }
    (finding,) = found(tmp_path, entries, PYTHON)
    assert finding.certain
    assert "numpy has native code for Linux arm64 only" in finding.message
    assert not found(tmp_path, entries, replace(PYTHON, architecture="arm64"))


def test_packages_in_one_folder_are_checked_one_by_one(tmp_path: Path) -> None:
    """A package that fits does not hide one that does not."""
    entries = {
        "lambda_function.py": b"",
        "vendor/one/__init__.py": b"",
        "vendor/one/a.cpython-313-darwin.so": MACH_O,
        "vendor/two/__init__.py": b"",
        "vendor/two/b.cpython-313-x86_64-linux-gnu.so": ELF["x86_64"],
    }
    (finding,) = found(tmp_path, entries, PYTHON)
    assert "vendor/one has native code for macOS only" in finding.message


@pytest.mark.parametrize(
    ("modules", "fits"),
    [
        (["a.cpython-39-x86_64-linux-gnu.so"], False),
        (["a.cpython-39-x86_64-linux-gnu.so", "a.cpython-313-x86_64-linux-gnu.so"], True),
        (["a.cpython-313-x86_64-linux-gnu.so"], True),
        (["a.abi3.so"], True),
        (["a.so"], True),
    ],
)
def test_compiled_modules_for_another_python_are_a_warning(
    modules: list[str], fits: bool, tmp_path: Path
) -> None:
    """They have no metadata of a wheel, and the package may run without them."""
    entries = {"lambda_function.py": b""} | {f"fast/{name}": ELF["x86_64"] for name in modules}
    result = found(tmp_path, entries, PYTHON)
    assert fits == (not result)
    if not fits:
        assert "fast has compiled modules for cpython-39 only" in result[0].message
        assert not result[0].certain


def platform_package(name: str, **fields: object) -> dict[str, bytes]:
    return {
        f"node_modules/{name}/package.json": json.dumps({"name": name, **fields}).encode(),
        f"node_modules/{name}/a.node": ELF["x86_64"] if "linux-x64" in name else MACH_O,
    }


def listing(name: str, *optional: str) -> dict[str, bytes]:
    content = {"name": name, "optionalDependencies": dict.fromkeys(optional, "1")}
    return {f"node_modules/{name}/package.json": json.dumps(content).encode()}


LINUX = platform_package("@img/sharp-linux-x64", os=["linux"], cpu=["x64"])
MAC = platform_package("@img/sharp-darwin-arm64", os=["darwin"], cpu=["arm64"])
SHARP = listing("sharp", "@img/sharp-linux-x64", "@img/sharp-darwin-arm64")


@pytest.mark.parametrize(
    ("installed", "fits"),
    [
        (SHARP | LINUX, True),
        (SHARP | LINUX | MAC, True),
        (SHARP | MAC, False),
        (listing("chokidar", "fsevents") | platform_package("fsevents", os=["darwin"]), True),
    ],
    ids=["for Linux", "for both", "for macOS", "only on macOS"],
)
def test_a_package_with_builds_for_single_platforms_needs_one_that_fits(
    installed: dict[str, bytes], fits: bool, tmp_path: Path
) -> None:
    result = found(tmp_path, {"index.js": b""} | installed, NODE)
    assert fits == (not result), result
    if not fits:
        assert "The only build of sharp in the package is @img/sharp-darwin-arm64" in str(result)


def test_a_package_whose_builds_for_platforms_are_all_absent_is_a_warning(tmp_path: Path) -> None:
    """`npm ci --omit=optional` leaves them out; the package may work without them."""
    (finding,) = found(tmp_path, {"index.js": b""} | SHARP, NODE)
    assert "sharp has builds for single platforms" in finding.message
    assert "--os=linux --cpu=x64" in finding.hint
    assert not finding.certain
    for name in ("sharp.wasm", "build/Release/sharp.node"):
        own = {f"node_modules/sharp/{name}": ELF["x86_64"]}
        assert not found(tmp_path, {"index.js": b""} | SHARP | own, NODE)


@pytest.mark.parametrize(("wanted", "count"), [(">=18", 0), ("22.x", 1), ("lts", 0)])
def test_a_runtime_that_package_json_does_not_accept_is_a_warning(
    wanted: str, count: int, tmp_path: Path
) -> None:
    """Lambda does not compare them, and the function may run."""
    app = {"index.js": b"", "package.json": json.dumps({"engines": {"node": wanted}}).encode()}
    result = found(tmp_path, app, replace(NODE, runtime="nodejs20.x"))
    assert len(result) == count
    assert not any(finding.certain for finding in result)


def test_a_function_that_is_a_container_image_or_has_failed_is_an_error(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, {}, replace(NODE, package_type="Image"))
    assert "container image" in finding.message
    state = replace(NODE, state="Failed", state_reason="the subnet is gone")
    (finding,) = found(tmp_path, {"index.js": b""}, state)
    assert "the subnet is gone" in finding.message


@pytest.mark.parametrize("mode", ["error", "warn"])
def test_the_mode_decides_whether_a_certain_finding_refuses_or_warns(mode: str) -> None:
    certain, uncertain = Finding("It fails.", "Fix it."), Finding("It may fail.", "Look.", False)
    warnings: list[str] = []
    if mode == "error":
        with pytest.raises(PackageError, match="It fails") as error:
            report([certain, uncertain], "error", warnings.append)
        assert "--checks warn" in error.value.hint
        report([uncertain], "error", warnings.append)
        assert warnings == ["It may fail. Look."]
    else:
        report([certain, uncertain], "warn", warnings.append)
        assert len(warnings) == 2


def test_a_broken_entry_does_not_make_a_check_crash(tmp_path: Path) -> None:
    """A malformed package is never reported as a defect of the packager."""
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.js", b"")
        archive.writestr("node_modules/a/a.node", ELF["x86_64"] * 50)
    content = bytearray(package.read_bytes())
    start = content.index(b"a.node") + len("a.node")
    content[start : start + 10] = b"\xff" * 10
    package.write_bytes(content)
    with ZipContents.opened(package) as contents:
        assert not list(findings(contents, NODE, "node", "npm ci"))


OURS = "/var/task/env-exec"


def test_a_function_that_starts_through_the_exec_wrapper_needs_it_in_the_package(
    tmp_path: Path,
) -> None:
    state = replace(NODE, exec_wrapper=OURS)
    (finding,) = found(tmp_path, {"index.js": b""}, state)
    assert finding.certain
    assert "would not start" in finding.message
    assert not found(tmp_path, {"index.js": b"", "env-exec": b""}, state)


def test_our_own_wrapper_provides_no_handler(tmp_path: Path) -> None:
    state = replace(NODE, exec_wrapper=OURS, handler="gone.handler")
    (finding,) = found(tmp_path, {"index.js": b"", "env-exec": b""}, state)
    assert finding.certain


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (NODE, f"Variables={{AWS_LAMBDA_EXEC_WRAPPER={OURS}}}"),
        (replace(NODE, exec_wrapper="/opt/other"), "update-function-configuration"),
        (replace(NODE, runtime="provided.al2023"), "does not support exec wrappers"),
        (replace(NODE, exec_wrapper=OURS), None),
    ],
)
def test_the_command_that_enables_the_wrapper_is_shown_until_it_was_run(
    state: FunctionState, words: str | None, tmp_path: Path
) -> None:
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("env-exec", b"")
    with ZipContents.opened(package) as contents:
        note = wrapper_note(contents, state, "hello")
    assert note is None if words is None else words in str(note)


@pytest.mark.parametrize(
    ("state", "certain"),
    [(NODE, True), (replace(NODE, has_layers=True), False), (None, False)],
    ids=["without layers", "with a layer", "without the permission to ask"],
)
def test_a_missing_dependency_is_a_certain_failure_unless_a_layer_may_have_it(
    state: FunctionState | None, certain: bool, tmp_path: Path
) -> None:
    package = Package(
        tmp_path / "package.zip", 1, "ab" * 32, 1, missing=NotInstalled("No express.", "Run it.")
    )
    (finding,) = _of_the_dependencies(package, state)
    assert finding.message == "No express."
    assert finding.hint == "Run it."
    assert finding.certain is certain
