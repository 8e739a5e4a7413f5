"""The examples, deployed by the command and run by AWS's own runtimes."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.environment import read_env_file
from packager.local import find_handler
from packager.local.task import unpack
from tests.conftest import requires
from tests.e2e.runtimes import tools
from tests.e2e.runtimes.runtime_api import serving
from tests.service import Service, command

EXAMPLES = Path(__file__).parents[2] / "examples"


def node(task: Path, handler: str) -> list[str]:
    """How Lambda starts a Node.js function."""
    return ["node", str(tools.node_client()), handler]


def python(task: Path, handler: str) -> list[str]:
    """How Lambda starts a Python function."""
    client = f"import sys; sys.path.insert(0, {str(tools.python_client())!r})"
    start = "import awslambdaric.__main__ as client; client.main(['', sys.argv[1]])"
    return [sys.executable, "-I", "-S", "-c", f"{client}; {start}", handler]


def java(task: Path, handler: str) -> list[str]:
    """How Lambda starts a Java function."""
    classes = os.pathsep.join([str(task), str(tools.java_client() / "*")])
    main = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"
    return ["java", "-cp", classes, main, handler]
