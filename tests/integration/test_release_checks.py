"""A package that the function cannot run is not sent, and every other one is deployed."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from packager.errors import PackageError
from tests.commands import run
from tests.conftest import cached, requires
from tests.releases import Releases
from tests.trees import plant
from tests.unit.test_checks import ELF, java_class, platform_package

NODE = {"Runtime": "nodejs22.x", "Handler": "index.handler"}
PYTHON = {"Runtime": "python3.13", "Handler": "app.handler"}
JAVA = {"Runtime": "java21", "Handler": "example.Hello::handleRequest"}
LAYERS = [{"Arn": "arn:aws:lambda:eu-west-1:123456789012:layer:some:1"}]
WRAPPER = {"Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap"}}}
HANDLER = {
    "package.json": b"{}",
    "package-lock.json": b"{}",
    "index.js": b"exports.handler = async () => 1\n",
}


@dataclass(frozen=True)
class Case:
    """An app, and the function that it is deployed to."""

    files: Mapping[str, bytes]
    function: Mapping[str, Any]
    settings: dict[str, str] = field(default_factory=dict)
    words: str = ""

    def written(self, releases: Releases) -> Releases:
        """Write the app, and configure the function."""
        for path in (releases.folder / "app").iterdir():
            path.unlink()
        plant(releases.folder / "app", dict(self.files))
        releases.function.configuration.update(self.function)
        return releases


def archive(**entries: bytes) -> bytes:
    """Return a jar or zip of classes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, entry in entries.items():
            made.writestr(name, entry)
    return content.getvalue()


def jar(version: int, name: str = "example/Hello.class") -> dict[str, bytes]:
    return {"app.jar": archive(**{name: java_class(version)})}


REFUSED = {
    "a Node.js handler in another folder": Case(
        HANDLER, NODE | {"Handler": "src/app.main"}, words="src/app"
    ),
    "a Python handler in a module that is not there": Case(
        {"app.py": b"def fn(event, context): ..."},
        PYTHON | {"Handler": "app.main.fn"},
        words="app.main",
    ),
    "a Java handler of a class that is not there": Case(
        jar(65), JAVA | {"Handler": "example.Other"}, words="example.Other"
    ),
    "a jar for Node.js": Case(jar(65), NODE | {"Runtime": "nodejs20.x"}, words="nodejs20.x"),
    "a Node.js app for Python": Case(HANDLER, PYTHON, words="is a Node.js app"),
    "classes of Java 17 on Java 11": Case(jar(61), JAVA | {"Runtime": "java11"}, words="Java 17"),
    "native code for the other processor": Case(
        HANDLER
        | {"node_modules/fast/package.json": b"{}", "node_modules/fast/a.node": ELF["x86_64"]},
        NODE | {"Architectures": ["arm64"]},
        words="npm ci --os=linux --cpu=arm64",
    ),
    "a container image": Case(
        HANDLER, {"PackageType": "Image", "Runtime": None, "Handler": None}, words="container image"
    ),
    "a function that has failed": Case(
        HANDLER, NODE | {"State": "Failed", "StateReason": "The key is disabled"}, words="disabled"
    ),
    "dependencies that are not installed": Case(
        HANDLER | {"package.json": b'{"dependencies": {"ms": "2.1.3"}}'}, NODE, words="npm ci"
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_package_that_the_function_cannot_run_is_not_sent(name: str, releases: Releases) -> None:
    case = REFUSED[name]
    with pytest.raises(PackageError) as error:
        case.written(releases).release(**_given(case))
    assert error.value.exit_status == 2
    assert case.words in f"{error.value.message} {error.value.hint}"
    assert set(releases.stub.calls) == {"GetFunctionConfiguration"}


DEPLOYED = {
    "Lambda Web Adapter": Case(HANDLER, NODE | WRAPPER | {"Handler": "run.sh", "Layers": LAYERS}),
    "Datadog": Case(
        HANDLER,
        NODE
        | {
            "Handler": "/opt/nodejs/node_modules/datadog-lambda-js/handler.handler",
            "Layers": LAYERS,
        },
    ),
    "New Relic": Case(
        {"app.py": b""}, PYTHON | {"Handler": "newrelic_lambda_wrapper.handler", "Layers": LAYERS}
    ),
    "TypeScript": Case(
        {"package.json": b"{}", "index.ts": b"export const handler = async () => 1"},
        NODE | {"Runtime": "nodejs24.x"},
    ),
    "an ES module": Case({"index.mjs": b"export const handler = async () => 1"}, NODE),
    "a namespace package": Case(
        {"shop/orders.py": b"", "app.py": b""}, PYTHON | {"Handler": "shop.orders.handler"}
    ),
    "Spring's nested jars": Case(
        {"app.zip": archive(**{"lib/app.jar": jar(65)["app.jar"]})},
        JAVA,
        {"zip_file": "app.zip"},
    ),
    "a runtime of its own": Case(
        {"app.zip": archive(bootstrap=b"#!/bin/sh")},
        {"Runtime": "provided.al2023", "Handler": "anything"},
        {"zip_file": "app.zip"},
    ),
    "a bundle without node_modules": Case(
        HANDLER
        | {
            "package.json": b'{"dependencies": {"ms": "2.1.3"}}',
            ".lambdaignore": b"node_modules\n",
        },
        NODE,
    ),
    "an optional package for other systems only": Case(
        HANDLER | platform_package("fsevents", os=["darwin"]), NODE
    ),
    "the SDK that the runtime provides": Case(
        HANDLER | {"package.json": b'{"dependencies": {"@aws-sdk/client-s3": "3"}}'}, NODE
    ),
}


@pytest.mark.parametrize("name", DEPLOYED)
def test_a_package_that_the_function_may_be_able_to_run_is_deployed(
    name: str, releases: Releases
) -> None:
    case = DEPLOYED[name]
    case.written(releases).release(**_given(case))
    assert releases.stub.calls.count("UpdateFunctionCode") == 1


def _given(case: Case) -> dict[str, Any]:
    if "app.jar" in case.files:
        return {"jar_file": "app.jar"}
    return dict(case.settings)


@requires("npm")
def test_sharp_is_deployed_with_its_optional_builds(
    releases: Releases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The install has the build for the function's system, and none for others."""
    source = plant(
        tmp_path_factory.mktemp("sharp"),
        HANDLER | {"package.json": b'{"dependencies": {"sharp": "0.34.4"}}'},
    )

    def install(folder: Path) -> None:
        run(
            *("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"),
            *("--os=linux", "--cpu=x64", "--libc=glibc", "--prefix", folder),
        )

    def build(folder: Path) -> None:
        plant(folder, {path.name: path.read_bytes() for path in source.iterdir()})
        install(folder)

    installed = cached("sharp", source, build)
    releases.function.configuration.update(NODE)
    app = releases.folder / "app"
    for path in app.iterdir():
        path.unlink()
    app.rmdir()
    app.symlink_to(installed)
    releases.release()
    assert releases.stub.calls.count("UpdateFunctionCode") == 1
    releases.function.configuration["Architectures"] = ["arm64"]
    releases.variables = {"A": "2"}
    with pytest.raises(PackageError, match="sharp"):
        releases.release()


def test_the_package_is_sent_once_the_function_is_not_pending_any_more(releases: Releases) -> None:
    """It is sent only once."""
    releases.function.configuration.update(NODE | {"State": "Pending"})

    def activate() -> None:
        while "GetFunctionConfiguration" not in releases.stub.calls:
            time.sleep(0.01)
        time.sleep(0.3)
        del releases.function.configuration["State"]

    activating = threading.Thread(target=activate)
    activating.start()
    releases.release()
    activating.join()
    assert releases.stub.calls.count("UpdateFunctionCode") == 1
