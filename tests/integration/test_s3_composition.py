"""Packages that S3 assembles: what is sent, what is checked, and what stays in the bucket."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packager.aws import composition
from packager.aws.client import Clients
from packager.aws.lambda_function import LambdaFunction
from packager.aws.storage import package_store
from packager.config.setting_values import functions
from packager.config.settings import Credentials, Settings
from packager.errors import DeployError
from packager.function import Package
from packager.progress import Event, Progress, Warning
from tests import s3_stub
from tests.commands import packager
from tests.s3_stub import LostResponse, Refusal, Request, Stub
from tests.service import KEY_ID, REGION, SECRET_KEY
from tests.trees import Tree, plant

CANARY = b"canary of the config"
MIN = composition.SMALLEST_PART
PREFIX = os.urandom(MIN)
TAIL = CANARY + os.urandom(1000)


@dataclass
class Sender:
    """Sends packages to the functions of one region, and collects the warnings."""

    stub: Stub
    folder: Path
    warnings: list[str] = field(default_factory=list)

    def function(self, *names: str) -> list[LambdaFunction]:
        """Return functions that share a store."""
        own = Settings(
            functions=functions(names[0]),
            region=REGION,
            endpoint_url=self.stub.url,
            credentials=Credentials(KEY_ID, SECRET_KEY, None),
            s3_bucket="bucket",
        )
        clients = Clients(own, timeout=3, hide=str)
        store = package_store(own, clients, len(names))
        made = []
        for name in names:
            each = Settings(**vars(own) | {"functions": functions(name)})
            made.append(LambdaFunction(each, clients, store))
        return made

    def package(self, prefix: bytes = PREFIX, tail: bytes = TAIL) -> Package:
        """Write a package of these two parts."""
        path = self.folder / "package.zip"
        path.write_bytes(prefix + tail)
        return Package(
            path=path,
            size=len(prefix + tail),
            sha256=hashlib.sha256(prefix + tail).hexdigest(),
            variables=1,
            prefix_size=len(prefix),
            prefix_sha256=hashlib.sha256(prefix).hexdigest(),
        )

    def send(self, package: Package | None = None) -> None:
        """Send the package to a function, as a deploy does; Lambda has it afterwards."""
        package = package or self.package()
        progress = Progress(sink=self._keep)
        [function] = self.function("hello")
        try:
            state = function.send(package, progress)
        finally:
            function.clear(progress)
        assert state.code_sha256 == package.code_sha256
        assert self.stub.code == package.path.read_bytes()

    def _keep(self, event: Event) -> None:
        if isinstance(event, Warning):
            self.warnings.append(event.text)


@pytest.fixture
def sender(s3: Stub, tmp_path: Path) -> Sender:
    return Sender(s3, tmp_path)


def refusing(call: str, *refusals: Exception, skip: int = 0) -> Callable[[Request], None]:
    """Let the requests of a call after the first `skip` be refused; the last refusal stays."""
    left = [*refusals]
    seen = 0

    def refuse(request: Request) -> None:
        nonlocal seen
        if request.call == call:
            seen += 1
            if seen > skip:
                raise left.pop(0) if len(left) > 1 else left[0]

    return refuse


def once(call: str, error: Exception) -> Callable[[Request], None]:
    """Let the first request of a call meet an error."""
    left = [error]

    def meet(request: Request) -> None:
        if request.call == call and left:
            raise left.pop()

    return meet


def nothing_is_left(s3: Stub) -> bool:
    return s3.holding(CANARY) == [] and s3.uploads == {}


def test_only_the_tail_is_sent_once_the_prefix_is_kept(s3: Stub, sender: Sender) -> None:
    """The second package with the same prefix costs its tail, and a few small requests."""
    sender.send()
    assert s3.bytes_sent < MIN + len(TAIL) + 2000
    first = s3.bytes_sent
    sender.send(sender.package(tail=CANARY + b"2"))
    assert s3.bytes_sent - first < 2000
    assert s3.calls[-6:] == [
        "CreateMultipartUpload",
        "UploadPart",
        "UploadPart",
        "CompleteMultipartUpload",
        "UpdateFunctionCode",
        "DeleteObject",
    ]
    assert sender.warnings == []


def test_the_object_that_stays_in_the_bucket_has_no_config(s3: Stub, sender: Sender) -> None:
    """The kept prefix stays, under its hash; the package with the config is deleted."""
    sender.send()
    assert [*s3.objects] == [f"hello/code/{hashlib.sha256(PREFIX).hexdigest()}"]
    assert nothing_is_left(s3)


def test_two_deploys_of_a_package_have_keys_of_their_own(s3: Stub, sender: Sender) -> None:
    """No function deletes the package of another."""
    keys: list[str] = []
    s3.before = lambda request: keys.append(request.key)
    sender.send()
    sender.send()
    assembled = {key for key in keys if re.fullmatch(r"hello/[0-9a-f]{64}-[0-9a-f]{8}\.zip", key)}
    assert len(assembled) == 2


def test_functions_of_a_region_share_one_upload(s3: Stub, sender: Sender) -> None:
    """It is deleted when the last of them has it."""
    package, progress = sender.package(), Progress()
    one, two = sender.function("one", "two")
    one.send(package, progress)
    assert s3.holding(CANARY)
    two.send(package, progress)
    assert s3.calls.count("CompleteMultipartUpload") == 1
    assert nothing_is_left(s3)


def test_a_package_that_no_function_needs_is_deleted_at_the_end(s3: Stub, sender: Sender) -> None:
    """A function that needs no update does not keep the package in the bucket."""
    one, two = sender.function("one", "two")
    one.send(sender.package(), Progress())
    two.clear(Progress())
    assert nothing_is_left(s3)


@pytest.mark.parametrize("status", [403, 404], ids=str)
def test_a_prefix_that_may_not_be_seen_is_sent_again(s3: Stub, sender: Sender, status: int) -> None:
    """Without s3:ListBucket, S3 says 403 for what is not there."""
    s3.before = refusing("HeadObject", Refusal(status, ""))
    sender.send()
    assert "CompleteMultipartUpload" in s3.calls
    assert nothing_is_left(s3)


def test_a_foreign_object_is_never_built_in(s3: Stub, sender: Sender) -> None:
    """An object under the key of the prefix that is not the prefix is replaced."""
    key = f"hello/code/{hashlib.sha256(PREFIX).hexdigest()}"
    s3.objects[key] = s3_stub.Object(os.urandom(MIN), sha256="another")
    sender.send()
    assert s3.objects[key].data == PREFIX


@pytest.mark.parametrize("change", ["gone", "replaced"])
def test_a_prefix_that_changes_before_it_is_copied_is_not_used(
    s3: Stub, sender: Sender, change: str
) -> None:
    """Then all of the package is sent."""
    sender.send()
    [key] = s3.objects

    def change_it(request: Request) -> None:
        if request.call == "CreateMultipartUpload":
            if change == "gone":
                s3.objects.pop(key, None)
            else:
                s3.objects[key] = s3_stub.Object(os.urandom(MIN))

    s3.before = change_it
    before = s3.bytes_sent
    sender.send(sender.package(tail=CANARY + b"2"))
    assert s3.bytes_sent - before > MIN
    assert nothing_is_left(s3)


@pytest.mark.parametrize("what", ["x-amz-checksum-crc32", "x-amz-mp-object-size"])
def test_a_package_that_is_not_the_local_file_is_not_completed(
    s3: Stub, sender: Sender, what: str
) -> None:
    """S3 compares checksum and size; then all of the package is sent."""
    wrong = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-mp-object-size": "1"}
    s3.before = lambda request: (
        request.headers.update({what: wrong[what]})
        if request.call == "CompleteMultipartUpload" and s3.calls.count(request.call) == 1
        else None
    )
    sender.send()
    assert s3.calls.count("CreateMultipartUpload") + s3.calls.count("PutObject") > 2
    assert nothing_is_left(s3)


# Requests that concern the bucket.
CALLS = [call for call in s3_stub.FIRST_DEPLOY if call != "UpdateFunctionCode"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("versioned", [False, True], ids=["", "versioned"])
def test_a_request_that_is_refused_leaves_no_config(
    s3: Stub, sender: Sender, call: str, versioned: bool
) -> None:
    """Lambda has the package, and nothing of it stays in the bucket unless a warning names it."""
    s3.versioned = versioned
    s3.before = refusing(call, Refusal(403, "AccessDenied"))
    sender.send()
    for key in {*s3.holding(CANARY), *(one.key for one in s3.uploads.values())}:
        assert any(f"s3://bucket/{key}" in warning for warning in sender.warnings)
    assert call == "DeleteObject" or nothing_is_left(s3)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("versioned", [False, True], ids=["", "versioned"])
def test_a_response_that_is_lost_leaves_no_config(
    s3: Stub, sender: Sender, call: str, versioned: bool
) -> None:
    """The request is sent again, although the service has carried it out."""
    s3.versioned = versioned
    s3.after = once(call, LostResponse())
    sender.send()
    for key in {*s3.holding(CANARY), *(one.key for one in s3.uploads.values())}:
        assert any(f"s3://bucket/{key}" in warning for warning in sender.warnings)
    if call == "CreateMultipartUpload":
        assert [one.parts for one in s3.uploads.values()] == [{}]  # Its id is not known.
    else:
        assert versioned or nothing_is_left(s3)


@pytest.mark.parametrize("call", CALLS[:-1])
def test_a_service_that_fails_ends_in_a_direct_deploy(s3: Stub, sender: Sender, call: str) -> None:
    """A package of at most 50 MB needs no bucket; one warning gives the reason."""
    s3.before = refusing(call, Refusal(503, "ServiceUnavailable"))
    sender.send()
    [warning] = sender.warnings
    assert "without S3" in warning
    assert nothing_is_left(s3)


def test_a_bucket_whose_key_may_not_be_used_ends_in_a_direct_deploy(
    s3: Stub, sender: Sender
) -> None:
    """KMS refuses requests that store data, and S3 passes the refusal on."""

    def refuse(request: Request) -> None:
        if request.call in ("PutObject", "CreateMultipartUpload"):
            raise Refusal(403, "AccessDenied", "not authorized to perform: kms:GenerateDataKey")

    s3.before = refuse
    sender.send()
    [warning] = sender.warnings
    assert "without S3" in warning
    assert s3.objects == {}


def test_a_package_that_s3_refuses_and_lambda_does_not_take_is_an_error(
    s3: Stub, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.aws.lambda_function.DIRECT_LIMIT", MIN)
    s3.before = refusing("PutObject", Refusal(503, "ServiceUnavailable"))
    with pytest.raises(DeployError, match="s3:PutObject"):
        sender.send()
    assert nothing_is_left(s3)


def test_lambda_that_may_not_read_the_bucket_receives_the_package_directly(
    s3: Stub, sender: Sender
) -> None:
    """The object is still deleted."""
    s3.before = once("UpdateFunctionCode", Refusal(403, "AccessDeniedException"))
    sender.send()
    [warning] = sender.warnings
    assert "without S3" in warning
    assert nothing_is_left(s3)


def test_an_object_that_is_gone_when_lambda_looks_is_sent_directly(
    s3: Stub, sender: Sender
) -> None:
    """Another process may clean up the bucket."""

    def remove(request: Request) -> None:
        if request.call == "UpdateFunctionCode":
            s3.objects.clear()

    s3.before = remove
    sender.send()
    [warning] = sender.warnings
    assert "without S3" in warning


def test_versions_that_may_not_be_deleted_are_named(s3: Stub, sender: Sender) -> None:
    """In a bucket with versions, deleting the object alone would leave the config."""
    s3.versioned = True

    def refuse(request: Request) -> None:
        if request.call == "DeleteObject" and "versionId" in request.query:
            raise Refusal(403, "AccessDenied")

    s3.before = refuse
    sender.send()
    [key] = s3.holding(CANARY)
    [warning] = sender.warnings
    assert f"s3://bucket/{key}" in warning
    assert "s3:DeleteObjectVersion" in warning


@pytest.mark.parametrize("size", [MIN - 1, MIN, MIN + 1])
def test_a_prefix_is_kept_from_the_size_that_s3_copies(s3: Stub, sender: Sender, size: int) -> None:
    """A part of less than 5 MiB may only be the last."""
    sender.send(sender.package(PREFIX[:size].ljust(size, b"1"), TAIL))
    assert (len(s3.objects) == 1) == (size >= MIN)
    assert nothing_is_left(s3)


@given(
    around=st.integers(-40, 40),
    tail=st.binary(min_size=1, max_size=200),
    kept=st.booleans(),
    seed=st.binary(min_size=1, max_size=8),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_assembled_object_is_the_local_file(
    sender: Sender, around: int, tail: bytes, kept: bool, seed: bytes
) -> None:
    """It is, byte for byte, for every layout, whether or not the bucket has the prefix already."""
    limit = 4096
    with pytest.MonkeyPatch.context() as patched:
        for module in ("packager.aws.storage", "tests.s3_stub"):
            patched.setattr(f"{module}.SMALLEST_PART", limit)
        prefix = (seed * limit)[: limit + around]
        if kept:
            sender.send(sender.package(prefix, tail[::-1]))
        sender.send(sender.package(prefix, tail))
    assert sender.warnings == []
    assert sender.stub.uploads == {}


def deployed(s3: Stub, app: Path, temporary: Path, **config: str) -> bytes:
    """Run `packager deploy` with this config and return the function's package."""
    run = packager("deploy", app, env=s3.settings() | config, temporary=temporary)
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    return s3.code


def test_a_change_of_config_or_code_of_a_node_app_does_not_send_its_dependencies(
    s3: Stub, app: Path, temporary: Path
) -> None:
    """The bucket keeps its dependencies, which contain neither config nor the app's own files."""
    library: Tree = {
        "package.json": '{"name": "library", "version": "1.0.0"}',
        "data": os.urandom(6 << 20),
    }
    plant(app, {"package.json": '{"dependencies": {"library": "1"}}'})
    plant(app / "node_modules" / "library", library)
    deployed(s3, app, temporary, GREETING="one")
    first = s3.bytes_sent
    one = deployed(s3, app, temporary, GREETING="two")
    (app / "index.js").write_text("exports.handler = async () => 2")
    two = deployed(s3, app, temporary, GREETING="two")
    assert first > 6 << 20
    assert s3.bytes_sent - first < 10_000
    [kept] = s3.objects.values()
    assert one.startswith(kept.data) and two.startswith(kept.data)
    for name in (b"env.properties", b"index.js"):
        assert name in two
        assert name not in kept.data


def test_a_config_change_of_a_jar_sends_its_directory(
    s3: Stub, tmp_path: Path, temporary: Path
) -> None:
    """The bucket keeps the entries, without an older config that the jar had."""
    with zipfile.ZipFile(tmp_path / "some.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        jar.writestr("env.properties", CANARY)
        jar.writestr("Some.class", os.urandom(6 << 20))
    settings_ = {"_LAMBDA_JAR_FILE": "some.jar"}
    deployed(s3, tmp_path, temporary, GREETING="one", **settings_)
    first = s3.bytes_sent
    package = deployed(s3, tmp_path, temporary, GREETING="two", **settings_)
    assert s3.bytes_sent - first < 10_000
    assert CANARY not in package
    [kept] = s3.objects.values()
    assert package.startswith(kept.data)
    assert b"env.properties" not in kept.data
