"""AWS SAM's sync of a function, over a slow line to moto's CloudFormation and Lambda."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3

from tests.benchmarks import line, peers
from tests.benchmarks.endpoint import aws_settings
from tests.benchmarks.measure import Contender, Measured, run

NAME = "sam sync --code"

_SERVER = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(*server.get_host_and_port(), flush=True)
input()
"""

# The app is already built, for SAM as for the packager.
_TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Metadata: {{SkipBuild: true}}
    Properties: {{FunctionName: hello, CodeUri: {app}, Handler: index.handler, Runtime: nodejs22.x}}
"""

_ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
_FUNCTION = {
    "FunctionName": "hello",
    "Runtime": "nodejs22.x",
    "Handler": "index.handler",
    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    "Code": {"ZipFile": "exports.handler = 1"},
}


def sync(folder: Path, app: Path) -> Measured | None:
    """Measure one sync of `app`; return None if SAM cannot be installed."""
    packages = peers.of_sam()
    if packages is None:
        return None
    (folder / "template.yaml").write_text(_TEMPLATE.format(app=app))
    with _moto(packages) as url, line.to(url) as slow:
        _create_stack(url)
        options = "--stack-name stack --s3-bucket bucket --no-dependency-layer --no-watch"
        env = aws_settings(slow.url) | {
            "PYTHONPATH": str(packages),
            "HOME": str(folder),
            "SAM_CLI_TELEMETRY": "0",
        }
        # SAM asks whether the stack is for development.
        command = f"echo y | {sys.executable} -m samcli sync --code {options}"
        contender = Contender(NAME, ["sh", "-c", command], env=env, cwd=folder)
        before = slow.sent
        measured = run(contender)
        return replace(measured, size=slow.sent - before)


@contextlib.contextmanager
def _moto(packages: Path) -> Iterator[str]:
    """Run moto's server with the extras that CloudFormation needs; yield its URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env={"PYTHONPATH": str(packages)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        host, port = process.stdout.readline().split()
        yield f"http://{host}:{port}"
    finally:
        process.communicate("\n")


def _create_stack(url: str) -> None:
    session = boto3.session.Session("invented", "invented", region_name="eu-west-1")
    session.client("s3", endpoint_url=url).create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    resources = {"Role": _ROLE, "Hello": {"Type": "AWS::Lambda::Function", "Properties": _FUNCTION}}
    session.client("cloudformation", endpoint_url=url).create_stack(
        StackName="stack", TemplateBody=json.dumps({"Resources": resources})
    )
