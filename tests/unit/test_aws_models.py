"""The loader of AWS's service models, beside botocore's own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import botocore.exceptions
import botocore.loaders
import pytest

from packager.aws import models

_LAMBDA = "lambda/2015-03-31/service-2"


@pytest.mark.parametrize("name", ["endpoints", "partitions", "_retry", _LAMBDA])
def test_data_is_that_of_botocores_own_loader(name: str) -> None:
    assert models.own_loader().load_data(name) == botocore.loaders.Loader().load_data(name)


def test_services_are_those_of_botocores_own_loader() -> None:
    """Only those of which nothing but other data is there may come in addition."""
    own, theirs = models.own_loader(), botocore.loaders.Loader(include_default_search_paths=True)
    assert set(theirs.list_available_services("service-2")) <= {
        *own.list_available_services("service-2")
    }


def test_a_service_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(botocore.exceptions.UnknownServiceError):
        models.own_loader().load_service_model("no-such-service", "service-2")


def test_models_in_the_users_folders_come_first(tmp_path: Path) -> None:
    """As with botocore: a model of the user's describes a service that botocore does not know."""
    folder = tmp_path / "with a $SIGN" / "invented" / "2026-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps({"metadata": {}}))
    own = models.loader(f":{tmp_path / 'with a $SIGN'}:")
    assert own.load_service_model("invented", "service-2") == {"metadata": {}}
    assert own.load_service_model("lambda", "service-2")["metadata"]["serviceId"] == "Lambda"


def test_a_client_is_created_without_a_look_at_the_other_services() -> None:
    """They are 400 folders; botocore's own loader lists all of them twice."""
    program = """
import os, sys
from packager.aws.client import Clients
from packager.config.settings import Credentials, Settings

listed = []
sys.addaudithook(lambda event, args: listed.append(args[0]) if event == "os.listdir" else None)
settings = Settings(region="eu-west-1", credentials=Credentials("key", "secret"))
Clients(settings, timeout=1, hide=str).new("lambda")
print(len([one for one in listed if "data" in str(one).split(os.sep)]))
print(sorted({"boto3", "s3transfer"} & set(sys.modules)))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    folders, loaded = run.stdout.split("\n")[:2]
    assert int(folders) <= 10
    assert loaded == "[]"
