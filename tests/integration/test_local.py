"""The embedded Lambda service, and handlers run on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packager.aws.client import Clients
from packager.aws.lambda_function import LambdaFunction
from packager.aws.storage import package_store
from packager.config.setting_values import functions
from packager.config.settings import Credentials, Settings
from packager.errors import ArchiveError, DeployError, PackageError, PackagerError
from packager.function import FunctionState, Package
from packager.local import Handler, LocalFunction, LocalLambda, classfile, find_handler, invoke
from packager.local.task import unpack
from packager.progress import Event, Note, Progress
from packager.removal import remove
from tests.commands import packager, run
from tests.conftest import requires
from tests.e2e.runtimes import tools
from tests.trees import plant

OWN_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"

needs_node = requires("node")
needs_java = requires("java", "javac", "mvn")

Files = dict[str, str]

NO_SETTINGS = Settings()


def package(files: Files) -> bytes:
    """Return a deployment package with these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def response(
    task: Path, event: object = None, handler: str | None = None, timeout: float = 60
) -> object:
    """Run the handler of an unpacked package and return its response."""
    return json.loads(
        invoke(find_handler(task, handler), task, json.dumps(event).encode(), timeout=timeout)
    )


# The service.


@pytest.fixture(scope="module")
def service() -> LocalLambda:
    """The embedded service."""
    return LocalLambda()


def local_function(
    service: LocalLambda, name: str, settings: Settings = NO_SETTINGS
) -> LambdaFunction:
    service.ensure_function(name)
    local = service.settings_for(replace(settings, functions=functions(name)))
    clients = Clients(local, timeout=30, hide=str, respond=service.respond)
    store = package_store(local, clients) if local.s3_bucket else None
    return LambdaFunction(local, clients, store)


def send(function: LambdaFunction, path: Path) -> FunctionState:
    content = path.read_bytes()
    sent = Package(path, len(content), hashlib.sha256(content).hexdigest(), variables=0)
    return function.send(sent, Progress())


def test_a_deployed_package_is_downloaded_as_it_was_sent(
    service: LocalLambda, tmp_path: Path
) -> None:
    function = local_function(service, "downloaded")
    (tmp_path / "package").write_bytes(package({"index.js": "1", "a/b.txt": "é"}))
    sent = send(function, tmp_path / "package")
    service.download("downloaded", tmp_path / "task", sent.code_sha256)
    assert (tmp_path / "task" / "index.js").read_text() == "1"
    assert (tmp_path / "task" / "a" / "b.txt").read_text() == "é"


def test_the_last_of_two_deploys_is_downloaded(service: LocalLambda, tmp_path: Path) -> None:
    function = local_function(service, "deployed-twice")
    for text in ("first", "second"):
        (tmp_path / "package").write_bytes(package({"index.js": text}))
        sent = send(function, tmp_path / "package")
        service.download("deployed-twice", tmp_path / text, sent.code_sha256)
        assert (tmp_path / text / "index.js").read_text() == text


def test_a_package_that_was_not_sent_is_neither_unpacked_nor_run(
    service: LocalLambda, tmp_path: Path
) -> None:
    """If something else changes the package in the service, its hash differs, which is an error."""
    function = local_function(service, "replaced")
    for text in ("ours", "theirs"):
        (tmp_path / text).write_bytes(package({"index.js": text}))
    sent = send(function, tmp_path / "ours")
    send(function, tmp_path / "theirs")
    with pytest.raises(DeployError, match="another package of replaced than the one sent"):
        service.download("replaced", tmp_path / "task", sent.code_sha256)
    assert not (tmp_path / "task").exists()


@pytest.mark.parametrize("size", [1, 20 << 20], ids=["at once", "in parts"])
def test_a_package_sent_through_s3_is_downloaded(
    service: LocalLambda, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.aws.storage.SMALLEST_PART", 0)
    service.ensure_bucket("packages-here")
    service.ensure_bucket("packages-here")
    place = Settings(s3_bucket="packages-here", s3_prefix="a key? with #é%41")
    function = local_function(service, "by-s3", place)
    (tmp_path / "package").write_bytes(package({"index.js": "1" * size}))
    sent = send(function, tmp_path / "package")
    service.download("by-s3", tmp_path / "task", sent.code_sha256)
    assert (tmp_path / "task" / "index.js").read_text() == "1" * size


def test_an_existing_function_keeps_its_package(service: LocalLambda, tmp_path: Path) -> None:
    function = local_function(service, "kept")
    (tmp_path / "package").write_bytes(package({"index.js": "1"}))
    deployed = send(function, tmp_path / "package")
    service.ensure_function("kept")
    assert function.state().code_sha256 == deployed.code_sha256


def test_a_function_is_created_with_its_runtime_and_architecture(service: LocalLambda) -> None:
    service.ensure_function("python", runtime="python3.12", architecture="arm64")
    state = local_function(service, "python").state()
    assert (state.runtime, state.architecture) == ("python3.12", "arm64")


def test_the_users_own_aws_endpoint_and_credentials_have_no_effect(service: LocalLambda) -> None:
    users = Settings(
        functions=functions("arn:aws:lambda:eu-west-1:111122223333:function:shop"),
        region="eu-west-1",
        credentials=Credentials("invented-id", "invented-secret"),
        profile="work",
        endpoint_url="https://lambda.example",
        s3_prefix="kept",
    )
    local = service.settings_for(users)
    assert (local.function, local.endpoint_url) == ("shop", "https://local.invalid")
    assert local.profile is None
    assert local.credentials not in (None, users.credentials)
    assert local.s3_prefix == "kept"


def test_a_missing_function_is_an_error_and_the_service_prints_nothing(
    service: LocalLambda, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    local_function(service, "silent").state()
    local = service.settings_for(Settings(functions=functions("missing")))
    with pytest.raises(DeployError, match="The function does not exist"):
        LambdaFunction(local, Clients(local, timeout=30, hide=str, respond=service.respond)).state()
    with pytest.raises(DeployError, match="no function missing"):
        service.download("missing", tmp_path / "task", "")
    assert capfd.readouterr() == ("", "")


def test_a_request_that_the_service_does_not_know_is_not_sent_elsewhere(
    service: LocalLambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = local_function(service, "closed")
    monkeypatch.setattr(service, "_stubber", lambda *_: None)
    with pytest.raises(DeployError, match=r"does not know the request before-send\.lambda"):
        function.state()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto.core.botocore_stubber", None)
    with pytest.raises(PackagerError) as error:
        LocalLambda()
    assert "pip install 'heroku-lambda-packager[local]'" in error.value.hint


# Unpacking.


def entry(name: str, mode: int = 0o100644, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = system
    info.external_attr = mode << 16
    return info


def unpacked(folder: Path, *entries: tuple[zipfile.ZipInfo, str]) -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for info, text in entries:
            archive.writestr(info, text)
    unpack(content, folder / "task")
    return folder / "task"


def test_the_modes_of_files_are_kept(tmp_path: Path) -> None:
    task = unpacked(tmp_path, (entry("run", 0o100755), ""), (entry("read", 0o100640), ""))
    assert (task / "run").stat().st_mode & 0o777 == 0o755
    assert (task / "read").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("mode", [0o104755, 0o102755, 0o101755, 0o107755])
def test_bits_that_let_others_run_a_file_as_this_user_are_dropped(
    tmp_path: Path, mode: int
) -> None:
    task = unpacked(tmp_path, (entry("run", mode), ""))
    assert stat.S_IMODE((task / "run").stat().st_mode) == 0o755


def test_folders_nested_deeply_are_unpacked_and_searched(tmp_path: Path) -> None:
    """The nesting is deeper than Python's limit of recursion."""
    name = "a/" * 1500 + "A.class"
    task = unpacked(tmp_path, (entry(name), ""), (entry("package.json"), "[" * 100_000))
    try:
        assert (task / name).exists()
        with pytest.raises(PackageError, match="No handler was found"):
            find_handler(task, language="java")
        with pytest.raises(PackageError, match="not a JSON object"):
            find_handler(task)
    finally:
        assert remove(task), "pytest itself could not"


def test_a_python_module_nested_too_deeply_has_no_handler(tmp_path: Path) -> None:
    source = "x = " + "(" * 5000 + ")" * 5000
    task = plant(tmp_path, {"a.py": source, "b.py": "def handler(): 0"})
    assert find_handler(task) == Handler("python", "b.handler")


def test_an_entry_without_modes_can_be_read_by_all(tmp_path: Path) -> None:
    task = unpacked(tmp_path, (entry("A.class", 0, system=0), ""))
    assert (task / "A.class").stat().st_mode & 0o777 == 0o644


def test_links_are_kept_as_links(tmp_path: Path) -> None:
    task = unpacked(
        tmp_path,
        (entry("node_modules/a", 0o120777), "../packages/a"),
        (entry("packages/a/index.js"), "1"),
    )
    assert (task / "node_modules" / "a").readlink() == Path("../packages/a")
    assert (task / "node_modules" / "a" / "index.js").read_text() == "1"


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_an_entry_outside_of_the_package_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveError, match="outside of it"):
        unpacked(tmp_path, (entry("inside"), ""), (entry(name), ""))
    assert not (tmp_path / "outside").exists()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(ArchiveError, match="more than one entry link, of different kinds"):
        unpacked(
            tmp_path,
            (entry("link", 0o120777), str(tmp_path / "target")),
            (entry("link/file"), "1"),
        )
    assert list((tmp_path / "target").iterdir()) == []


def test_a_truncated_package_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        unpack(io.BytesIO(package({"a": "1"})[:-30]), tmp_path / "task")


# Finding the handler.


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"index.js": ""}, Handler("node", "index.handler")),
        ({"index.mjs": ""}, Handler("node", "index.handler")),
        ({"package.json": "{}", "index.js": ""}, Handler("node", "index.handler")),
        (
            {"package.json": '{"main": "./src/app"}', "src/app.js": ""},
            Handler("node", "src/app.handler"),
        ),
        ({"package.json": '{"main": "a.cjs"}', "a.cjs": ""}, Handler("node", "a.handler")),
        (
            {"lambda_function.py": "", "a.py": "def handler(): 0"},
            Handler("python", "lambda_function.lambda_handler"),
        ),
        ({"a.py": "def handler(): 0", "b.py": "def other(): 0"}, Handler("python", "a.handler")),
    ],
)
def test_the_only_handler_is_found(files: Files, handler: Handler, tmp_path: Path) -> None:
    assert find_handler(plant(tmp_path, files)) == handler


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"package.json": "{}"}, "No handler was found"),
        ({"package.json": "[]"}, "not a JSON object"),
        ({"package.json": "{"}, "not a JSON object"),
        ({"a.py": "def handler(): 0", "b.py": "def handler(): 0"}, "a.handler, b.handler"),
        ({"a.py": "def handler("}, "No handler was found"),
        ({"README": ""}, "does not look like a Node.js, Python or Java function"),
    ],
)
def test_no_handler_or_several_are_an_error(files: Files, message: str, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=message):
        find_handler(plant(tmp_path, files))


def test_a_named_handler_is_used_without_a_search(tmp_path: Path) -> None:
    task = plant(tmp_path, {"a.py": "", "package.json": "{}"})
    assert find_handler(task, "a.run", "python") == Handler("python", "a.run")
    assert find_handler(task, "a.run") == Handler("node", "a.run")
    assert find_handler(task, "a.B::run") == Handler("java", "a.B::run")


@given(st.binary() | st.binary().map(b"\xca\xfe\xba\xbe".__add__))
def test_data_that_is_not_a_class_file_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a class file"):
        classfile.read(data)


# Running a handler.


@needs_node
@pytest.mark.parametrize(
    "module",
    [
        "exports.handler = async event => event",
        "exports.handler = (event, context, callback) => setTimeout(callback, 1, null, event)",
        "exports.handler = (event, context) => { context.succeed(event) }",
        "exports.handler = event => ({ then: resolve => resolve(event) })",
    ],
)
def test_a_node_handler_of_any_style_responds(module: str, tmp_path: Path) -> None:
    assert response(plant(tmp_path, {"index.js": module}), {"é": [1, None]}) == {"é": [1, None]}


@needs_node
@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"index.mjs": "export const handler = async () => 1"}, None),
        (
            {
                "package.json": '{"type": "module"}',
                "index.js": "export const handler = async () => 1",
            },
            None,
        ),
        ({"src/app.js": "exports.handler = async () => 1"}, "src/app.handler"),
        ({"index.js": "exports.a = { b: async () => 1 }"}, "index.a.b"),
        ({"index.cjs": "exports.handler = async () => require('./b.json')", "b.json": "1"}, None),
    ],
)
def test_a_node_handler_is_found_wherever_lambda_finds_it(
    files: Files, handler: str | None, tmp_path: Path
) -> None:
    task = plant(tmp_path, {"package.json": "{}"} | files)
    assert response(task, {}, handler) == 1


@needs_node
def test_a_node_handler_without_a_result_responds_with_null(tmp_path: Path) -> None:
    assert response(plant(tmp_path, {"index.js": "exports.handler = () => {}"})) is None
    assert response(plant(tmp_path, {"index.js": "exports.handler = async () => {}"})) is None


@needs_node
def test_an_open_connection_does_not_keep_a_node_handler(tmp_path: Path) -> None:
    module = "exports.handler = async () => { setInterval(() => {}, 1000); return 1 }"
    assert response(plant(tmp_path, {"index.js": module})) == 1


def python(body: str, before: str = "") -> Files:
    return {
        "lambda_function.py": f"{before}\ndef lambda_handler(event, context):\n    return {body}"
    }


def test_a_python_handler_responds(tmp_path: Path) -> None:
    task = plant(tmp_path, python("[event, context.function_name]"))
    assert response(task, {"é": [1, None]}) == [{"é": [1, None]}, "function"]


def test_a_python_handler_in_a_folder_is_found(tmp_path: Path) -> None:
    task = plant(tmp_path, {"app/main.py": "def run(event, context): return 1", "a.py": ""})
    assert response(task, {}, "app.main.run") == 1
    assert response(task, {}, "app/main.run") == 1


def test_python_has_boto3_as_in_lambda_and_nothing_else_of_this_machine(tmp_path: Path) -> None:
    assert response(plant(tmp_path, python("boto3.__name__", before="import boto3"))) == "boto3"
    with pytest.raises(DeployError, match="ModuleNotFoundError"):
        response(plant(tmp_path, python("1", before="import click")))


def test_a_thread_does_not_keep_a_python_handler(tmp_path: Path) -> None:
    before = "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()"
    assert response(plant(tmp_path, python("1", before=before))) == 1


@pytest.fixture(scope="session")
def java_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Java handlers of every kind, compiled, with the interfaces that they implement."""
    task = tmp_path_factory.mktemp("java")
    (jar,) = tools.java_core().glob("*.jar")
    sources = (Path(__file__).parent / "handlers").rglob("*.java")
    run("javac", "-Xlint:all", "-Werror", "-cp", jar, "-d", task, *sources)
    (task / "lib").mkdir()
    shutil.copy(jar, task / "lib")
    return task


def response_of_java(task: Path, handler: str, event: object) -> object:
    return response(task, event, f"handlers.Handlers${handler}")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@needs_java
@given(event=st.lists(JSON, max_size=30))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_java_handler_receives_all_json_unchanged(java_task: Path, event: object) -> None:
    assert response_of_java(java_task, "Echo", event) == event


@needs_java
@pytest.mark.parametrize(
    ("handler", "event", "answer"),
    [
        ("Streams", {"a": 1}, {"a": 1}),
        (
            "ReversingPets",
            [{"name": "é", "age": 1, "kind": "CAT"}, {"name": "b", "age": 2, "kind": "DOG"}],
            [{"name": "b", "age": 2, "kind": "DOG"}, {"name": "é", "age": 1, "kind": "CAT"}],
        ),
        (
            "Methods::bean",
            {"Name": "A", "pets": [{"name": "b", "age": 2}], "unknown": 1},
            {"name": "A", "pets": [{"name": "b", "age": 2, "kind": None}], "happy": True},
        ),
        ("Methods::staticOne", "text", "text function"),
        ("Methods::doubled", {"a": 1, "b": 2**40}, {"a": 2, "b": 2**41}),
        ("Methods::square", 10**30, 10**60),
        ("Methods::nothing", {}, None),
    ],
)
def test_a_java_handler_receives_and_returns_its_declared_types(
    java_task: Path, handler: str, event: object, answer: object
) -> None:
    assert response_of_java(java_task, handler, event) == answer


@needs_java
@pytest.mark.parametrize(
    ("handler", "said"),
    [
        ("takesWhatNoJsonIs", "cannot make java.time.Instant of the event"),
        ("givesWhatNoJsonIs", "cannot write java.time.Instant as JSON"),
    ],
)
def test_a_java_type_that_cannot_be_is_named(
    java_task: Path, handler: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeployError, match=r"failed: java.lang.IllegalArgumentException"):
        response_of_java(java_task, f"Methods::{handler}", "1")
    assert said in capfd.readouterr().err


@needs_java
def test_the_classes_that_are_java_handlers_are_found(java_task: Path) -> None:
    with pytest.raises(PackageError) as error:
        find_handler(java_task)
    assert error.value.message == (
        "The package has these handlers: handlers.Handlers$Echo, handlers.Handlers$Streams."
    )


@needs_java
def test_a_class_file_has_the_name_and_interfaces_of_its_source(java_task: Path) -> None:
    found = classfile.read((java_task / "handlers" / "Handlers$Reversing.class").read_bytes())
    assert found == classfile.ClassFile(
        name="handlers.Handlers$Reversing",
        interfaces=("com.amazonaws.services.lambda.runtime.RequestHandler",),
        abstract=True,
    )


# All languages.

ENVIRONMENT: dict[str, Files] = {
    "node": {"index.js": "exports.handler = async () => [process.cwd(), process.env]"},
    "python": python("[os.getcwd(), dict(os.environ)]", before="import os"),
}


@pytest.mark.parametrize("language", [pytest.param("node", marks=needs_node), "python"])
def test_a_handler_has_the_environment_of_lambda_and_none_of_ours(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "NODE_OPTIONS", "HOME"):
        monkeypatch.setenv(name, "ours")
    task = plant(tmp_path.resolve(), ENVIRONMENT[language])
    answer = response(task)
    assert isinstance(answer, list)
    folder, environment = answer
    assert folder == environment["LAMBDA_TASK_ROOT"] == str(task)
    assert "ours" not in environment.values()
    assert {"_HANDLER", "PATH", "TZ", "LANG", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME"} <= set(
        environment
    )


PRINTING: dict[str, Files] = {
    "node": {"index.js": "exports.handler = async () => { console.log('printed'); return 1 }"},
    "python": python("print('printed') or 1"),
}


@pytest.mark.parametrize("language", [pytest.param("node", marks=needs_node), "python"])
def test_output_of_a_handler_goes_to_stderr(
    language: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert response(plant(tmp_path, PRINTING[language])) == 1
    assert capfd.readouterr() == ("", "printed\n")


@needs_java
def test_output_and_logs_of_a_java_handler_go_to_stderr(
    java_task: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert response_of_java(java_task, "Methods::logs", {}) is True
    assert capfd.readouterr() == ("", "printed é\nlogged 你好\n")


FAILING: dict[str, Files] = {
    "node": {"index.js": "exports.handler = async () => { throw new RangeError('said') }"},
    "python": python("[][0]", before="said = 1"),
}


@pytest.mark.parametrize(
    ("language", "error"),
    [pytest.param("node", "RangeError", marks=needs_node), ("python", "IndexError")],
)
def test_a_handler_that_fails_says_so_itself_and_we_say_its_error(
    language: str, error: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeployError) as raised:
        response(plant(tmp_path, FAILING[language]))
    assert raised.value.message.endswith(f"handler failed: {error}.")
    assert error in capfd.readouterr().err


@needs_java
def test_a_java_handler_that_fails_says_so_itself_and_we_say_its_error(
    java_task: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeployError, match=r"::throwing failed: java.lang.IllegalStateException\."):
        response_of_java(java_task, "Methods::throwing", {})
    written = capfd.readouterr().err
    assert "the message" in written
    assert "InvokeHandler" not in written


EXITING: dict[str, Files] = {
    "node": {"index.js": "exports.handler = async () => process.exit(7)"},
    "python": python("os._exit(7)", before="import os"),
}


@pytest.mark.parametrize("language", [pytest.param("node", marks=needs_node), "python"])
def test_a_handler_that_ends_its_process_is_an_error(language: str, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"ended its process \(exit status 7\)"):
        response(plant(tmp_path, EXITING[language]))


@needs_java
def test_a_java_handler_that_ends_its_process_is_an_error(java_task: Path) -> None:
    with pytest.raises(DeployError, match=r"ended its process \(exit status 7\)"):
        response_of_java(java_task, "Methods::exiting", {})


@pytest.mark.parametrize(
    ("files", "handler", "said"),
    [
        pytest.param(
            {"index.js": ""}, "index.run", "index.run is not a function", marks=needs_node
        ),
        pytest.param({"index.js": ""}, "other.run", "no other.js", marks=needs_node),
        pytest.param({"index.js": ""}, "index", "module.function", marks=needs_node),
        ({"a.py": ""}, "a.run", "a has no function run"),
        ({"a.py": ""}, "b.run", "no module b"),
    ],
)
def test_a_missing_handler_is_an_error(
    files: Files, handler: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeployError, match="failed: HandlerNotFound"):
        response(plant(tmp_path, files), {}, handler)
    written = capfd.readouterr().err
    assert said in written
    assert "invoke" not in written


def test_a_handler_that_takes_too_long_is_stopped_with_all_it_has_started(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    child = (
        f"import time, pathlib\nwhile True: pathlib.Path({str(alive)!r}).touch(); time.sleep(0.01)"
    )
    before = f"import subprocess, sys\nchild = {child!r}"
    body = "subprocess.run([sys.executable, '-c', child])"
    with pytest.raises(DeployError, match="did not return within 3 s"):
        response(plant(tmp_path / "task", python(body, before=before)), timeout=3)
    alive.unlink()
    time.sleep(0.2)
    assert not alive.exists()


@pytest.mark.parametrize("name", ["deploy", "watch"])
@pytest.mark.parametrize("event", ["{secret", "", "NaN", "[1]\udcff", '"secret\udcff"'])
def test_an_event_that_is_not_json_is_wrong_before_anything_is_done_and_is_not_shown(
    event: str, name: str, tmp_path: Path
) -> None:
    run = packager(name, tmp_path, "--local", "--invoke", event)
    assert run.returncode == 2
    assert "It is not JSON" in run.stderr
    assert "secret" not in run.stdout + run.stderr


def test_invoke_without_local_is_refused(tmp_path: Path) -> None:
    """It is refused even if its event is the default one."""
    (tmp_path / "package.json").write_text("{}")
    settings = ("--function", "hello", "--region", "eu-west-1")
    run = packager("deploy", tmp_path, *settings, "--invoke", "{}")
    assert run.returncode == 2
    assert "--invoke needs --local." in run.stderr


@pytest.mark.parametrize("name", ["handler", ".handler", "module."])
def test_a_python_handler_without_a_dot_is_named(name: str, tmp_path: Path) -> None:
    task = plant(tmp_path / "task", {"module.py": "def handler(event, context): pass"})
    with pytest.raises(DeployError, match="HandlerNotFound"):
        invoke(Handler("python", name), task, b"{}", timeout=10)


@requires("node")
def test_an_app_with_files_of_two_kinds_is_run_as_the_kind_that_was_packaged(
    tmp_path: Path,
) -> None:
    """It runs as Node.js unless the setting of the runtime names Python."""
    plant(
        tmp_path,
        {
            "package.json": b"{}",
            "index.js": b"exports.handler = async () => 'Node.js'",
            "requirements.txt": b"",
            "lambda_function.py": b"def lambda_handler(event, context): return 'Python'",
        },
    )
    for options, answer in (((), "Node.js"), (("--runtime", OWN_RUNTIME), "Python")):
        run = packager("deploy", tmp_path, "--local", "--json", *options)
        assert json.loads(run.stdout)["response"] == answer, run.stderr


@requires("java", "javac")
def test_a_jar_with_a_package_json_is_run_by_java(java_task: Path, tmp_path: Path) -> None:
    """Some libraries have one at their root."""
    with zipfile.ZipFile(tmp_path / "app.jar", "w") as jar:
        jar.writestr("package.json", "{}")
        for path in java_task.rglob("*.class"):
            jar.write(path, path.relative_to(java_task))
    run = packager("deploy", tmp_path, "--jar", "app.jar", "--local", "--handler", "absent.Handler")
    assert "absent.js" not in run.stderr
    assert "absent.Handler" in run.stderr


def broken_shim(path: Path) -> None:
    """Create a program like a version manager's that has no version to start."""
    plant(
        path.parent, {path.name: f"#!/bin/sh\necho {path.name}: v0.0 is not installed\nexit 127\n"}
    )
    path.chmod(0o755)


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_runtime_that_is_missing_or_does_not_run_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_broken: bool
) -> None:
    if is_broken:
        broken_shim(tmp_path / "node")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match="The program node is not installed"):
        invoke(Handler("node", "index.handler"), tmp_path, b"{}", timeout=1)


def test_nothing_is_left_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    response(plant(tmp_path / "task", python("1")))
    assert list(temporary.iterdir()) == []


# The command.


@needs_node
@pytest.mark.parametrize(
    "variable",
    [
        ("AWS_PROFILE", "missing"),
        ("AWS_CONFIG_FILE", __file__),
        ("AWS_DEFAULT_REGION", "nowhere-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("_AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("_LAMBDA_FUNCTION_ARN", "arn:aws:lambda:eu-west-1:111122223333:function:shop"),
    ],
    ids=lambda variable: variable[0],
)
def test_the_users_own_aws_settings_have_no_effect_on_a_local_deploy(
    variable: tuple[str, str], tmp_path: Path
) -> None:
    module = "exports.handler = async event => event"
    app = plant(tmp_path, {"index.js": module, "package.json": "{}"})
    done = packager("deploy", "--local", app, "--invoke", "[1]", "--json", env=dict([variable]))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["response"] == [1]


@needs_node
def test_output_of_a_handler_is_not_in_the_json_of_the_command(tmp_path: Path) -> None:
    module = "exports.handler = async () => { console.log('printed') }"
    app = plant(tmp_path, {"index.js": module, "package.json": "{}"})
    done = packager("deploy", "--local", app, "--json")
    assert json.loads(done.stdout)["response"] is None
    assert "printed" in done.stderr


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param(
            *("app.mjs", "export const handler = async () => 'one file'"), marks=requires("node")
        ),
        pytest.param(
            *("index.js", "exports.handler = async () => 'one file'"), marks=requires("node")
        ),
        ("app.py", "def handler(event, context): return 'one file'"),
        ("lambda_function.py", "def lambda_handler(event, context): return 'one file'"),
    ],
)
def test_a_function_of_a_single_file_is_deployed_and_run(
    name: str, code: str, tmp_path: Path
) -> None:
    plant(tmp_path, {name: code.encode(), ".env": b"A=1\n"})
    run = packager("deploy", tmp_path, "--local", "--env-file", tmp_path / ".env")
    assert run.stdout == '"one file"\n', run.stderr


# The function as a handler on this machine sees it.


def as_function(
    task: Path, function: LocalFunction, event: object = None
) -> tuple[object, list[str]]:
    events: list[Event] = []
    answer = invoke(
        find_handler(task),
        task,
        json.dumps(event).encode(),
        timeout=60,
        function=function,
        progress=Progress(events.append),
    )
    return json.loads(answer), [event.text for event in events if isinstance(event, Note)]


REGION_OF_HANDLER = {
    "lambda_function.py": "import os\ndef lambda_handler(event, context):\n"
    "    return [os.environ['AWS_REGION'], os.environ['AWS_DEFAULT_REGION'],"
    " context.invoked_function_arn]\n"
}


def test_a_handler_has_the_region_of_the_settings(tmp_path: Path) -> None:
    task = plant(tmp_path, REGION_OF_HANDLER)
    found, _ = as_function(task, LocalFunction("hello", region="eu-central-1"))
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:hello"
    assert found == ["eu-central-1", "eu-central-1", arn]


def test_a_runtime_that_this_machine_lacks_is_one_line_that_names_both(tmp_path: Path) -> None:
    task = plant(tmp_path, REGION_OF_HANDLER)
    _, notes = as_function(task, LocalFunction(runtime="python3.9999"))
    (note,) = notes
    assert "python3.9999" in note
    assert OWN_RUNTIME in note
    assert as_function(task, LocalFunction(runtime=OWN_RUNTIME))[1] == []


def test_a_shim_of_a_version_manager_that_cannot_start_the_runtime_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_shim(tmp_path / "bin" / "python3.9999")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    task = plant(tmp_path / "task", REGION_OF_HANDLER)
    _, notes = as_function(task, LocalFunction(runtime="python3.9999"))
    (note,) = notes
    assert OWN_RUNTIME in note


def test_the_interpreter_of_the_functions_runtime_is_used_if_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other Python is a script that reports itself and then runs this one."""
    other = tmp_path / "bin" / "python3.9998"
    other.parent.mkdir()
    other.write_text(
        '#!/bin/sh\n[ "$1" != --version ] || { echo Python 3.9998.0; exit; }\n'
        f'export OTHER=1\nexec {sys.executable} "$@"\n'
    )
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent), prepend=":")
    files = {
        "lambda_function.py": "import os\n"
        "def lambda_handler(event, context): return os.environ['OTHER']"
    }
    found, notes = as_function(
        plant(tmp_path / "task", files), LocalFunction(runtime="python3.9998")
    )
    assert (found, notes) == ("1", [])


@needs_node
@pytest.mark.parametrize(
    ("files", "shown"),
    [
        (
            {"index.js": "exports.handler = async () => { throw new Error('x') }"},
            "index.js:1",
        ),
        ({"lambda_function.py": "def lambda_handler(event, context): 1 / 0"}, "lambda_function.py"),
    ],
    ids=["node", "python"],
)
def test_a_stack_trace_names_the_users_files(
    files: Files, shown: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    task = plant(tmp_path / "unpacked", files)
    app = tmp_path / "app"
    app.mkdir()
    with pytest.raises(DeployError):
        as_function(task, LocalFunction(app=app))
    output = capfd.readouterr().err
    assert str(app / shown) in output
    assert str(task) not in output


@needs_node
def test_an_error_names_lambdas_sdk_if_this_machine_lacks_it(tmp_path: Path) -> None:
    files = {"index.js": "require('@aws-sdk/client-s3')\nexports.handler = async () => 1"}
    with pytest.raises(DeployError) as error:
        response(plant(tmp_path, files))
    assert "Lambda's runtime has the AWS SDK" in error.value.hint


@needs_node
def test_a_handler_that_streams_its_response_runs(tmp_path: Path) -> None:
    files = {
        "index.js": """
          exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
            stream = awslambda.HttpResponseStream.from(stream, { statusCode: 200 })
            stream.setContentType('application/json')
            stream.write('{"name": ')
            stream.write(JSON.stringify(event.name))
            stream.end('}')
          })
        """
    }
    assert response(plant(tmp_path, files), {"name": "Zoë"}) == {"name": "Zoë"}


def test_a_local_handler_starts_through_the_exec_wrapper_if_it_is_on(tmp_path: Path) -> None:
    app = plant(
        tmp_path / "app",
        {
            ".env": "GREETING='Grüße 🎈'\nLINES='one\ntwo'\n",
            "lambda_function.py": "import os\n"
            "def lambda_handler(event, context):\n"
            "    return [os.environ['GREETING'], os.environ['LINES']]\n",
        },
    )
    env_file = ("--env-file", app / ".env")
    done = packager("deploy", "--local", app, *env_file, "--exec-wrapper")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["Grüße 🎈", "one\ntwo"]


@pytest.mark.parametrize("source", ["profile", "settings"])
def test_a_handler_gets_the_users_own_aws_credentials_only_if_asked_for(
    source: str, tmp_path: Path
) -> None:
    app = plant(
        tmp_path / "app",
        {
            ".env": "A=1\n",
            "lambda_function.py": "import os\n"
            "def lambda_handler(event, context):\n"
            "    return [os.environ['AWS_ACCESS_KEY_ID'], os.environ['AWS_SESSION_TOKEN']]\n",
        },
    )
    profile = "[profile mine]\naws_access_key_id=id-mine\naws_secret_access_key=secret-mine\n"
    config = plant(tmp_path, {"config": profile})
    env = {"AWS_CONFIG_FILE": str(config / "config")}
    options = ["--profile", "mine"]
    common: list[str | Path]
    if source == "settings":
        env = {"_AWS_ACCESS_KEY_ID": "id-mine", "_AWS_SECRET_ACCESS_KEY": "secret-mine"}
        options = []
    common = ["deploy", "--local", app, "--env-file", app / ".env", *options]
    done = packager(*common, "--with-aws-credentials", env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["id-mine", ""]
    assert "secret-mine" not in done.stdout + done.stderr
    assert json.loads(packager(*common, env=env).stdout) == ["local", "local"]


def test_the_users_own_aws_credentials_are_refused_without_local(tmp_path: Path) -> None:
    plant(tmp_path, {"index.js": "", ".env": "A=1\n"})
    settings = ("--function", "hello", "--region", "eu-west-1", "--env-file", tmp_path / ".env")
    run = packager("deploy", tmp_path, *settings, "--with-aws-credentials")
    assert run.returncode == 2
    assert "--with-aws-credentials needs --local." in run.stderr
