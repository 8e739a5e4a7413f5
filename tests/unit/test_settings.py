"""The packager's settings."""

from __future__ import annotations

from pathlib import Path

import botocore.session
import pytest

from packager.config.settings import DEFAULT_EXCLUDE, Credentials, Settings, read
from packager.errors import SettingsError

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:hello"
KEYS = {"_AWS_ACCESS_KEY_ID": "the-key", "_AWS_SECRET_ACCESS_KEY": "the-secret"}


def test_every_setting_is_read_from_its_variable() -> None:
    settings = read(
        {
            "_LAMBDA_FUNCTION_ARN": ARN,
            "_AWS_SESSION_TOKEN": "the-token",
            "_AWS_DEFAULT_REGION": "eu-west-1",
            "_AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
            "_LAMBDA_JAR_FILE": "target/a.jar",
            "_LAMBDA_S3_BUCKET": "a-bucket",
            "_LAMBDA_S3_PREFIX": "packages",
            "_LAMBDA_ENV_EXCLUDE": "A, B* C",
            "_LAMBDA_RUNTIME": "python3.13",
            "_LAMBDA_ARCHITECTURE": "arm64",
            **KEYS,
        }
    )
    assert settings == Settings(
        function=ARN,
        region="eu-west-1",
        credentials=Credentials("the-key", "the-secret", "the-token"),
        endpoint_url="http://127.0.0.1:5000",
        jar=Path("target/a.jar"),
        s3_bucket="a-bucket",
        s3_prefix="packages",
        exclude=("A", "B*", "C"),
        runtime="python3.13",
        architecture="arm64",
    )
    assert settings.function_name == "hello"


def test_an_option_wins_over_the_variable() -> None:
    given = {"_LAMBDA_FUNCTION_ARN": "one", "_AWS_DEFAULT_REGION": "eu-west-1"}
    settings = read(given, {"_LAMBDA_FUNCTION_ARN": "two", "_AWS_DEFAULT_REGION": None})
    assert (settings.function, settings.region) == ("two", "eu-west-1")


def test_without_a_region_the_arn_says_it() -> None:
    assert read({"_LAMBDA_FUNCTION_ARN": ARN}).region == "eu-west-1"


@pytest.mark.parametrize(
    "function",
    ["hello", "123456789012:function:hello", "function:hello", ARN.replace("aws:", "aws-us-gov:")],
)
def test_a_function_is_given_by_name_partial_arn_or_arn(function: str) -> None:
    assert read({"_LAMBDA_FUNCTION_ARN": function}).function_name == "hello"


@pytest.mark.parametrize("partition", botocore.session.Session().get_available_partitions())
def test_every_region_that_has_lambda_is_taken_by_itself_and_in_an_arn(partition: str) -> None:
    regions = botocore.session.Session().get_available_regions("lambda", partition)
    assert regions
    for region in regions:
        given = {"_LAMBDA_FUNCTION_ARN": ARN.replace("aws:", f"{partition}:", 1)}
        given = {name: arn.replace("eu-west-1", region) for name, arn in given.items()}
        assert read(given).region == region
        assert read(given | {"_AWS_DEFAULT_REGION": region}).region == region


def test_the_exclusion_has_a_default_which_an_empty_one_replaces() -> None:
    assert read({"_LAMBDA_FUNCTION_ARN": "a"}).exclude == DEFAULT_EXCLUDE
    assert read({"_LAMBDA_FUNCTION_ARN": "a", "_LAMBDA_ENV_EXCLUDE": ""}).exclude == ()


def test_any_other_empty_setting_counts_as_not_given() -> None:
    assert read({"_LAMBDA_FUNCTION_ARN": "a", "_LAMBDA_JAR_FILE": " "}).jar is None


def test_only_a_deploy_needs_a_function() -> None:
    assert read({}, deploying=False).function is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"_LAMBDA_FUNCTION_ARN": ""}, "_LAMBDA_FUNCTION_ARN (--function) is missing"),
        ({"_LAMBDA_FUNCTION_ARN": "no name!"}, "_LAMBDA_FUNCTION_ARN (--function) is not"),
        ({"_LAMBDA_FUNCTION_ARN": f"{ARN}:live"}, "version or alias (:live)"),
        ({"_LAMBDA_FUNCTION_ARN": "hello:$LATEST"}, "version or alias (:$LATEST)"),
        ({"_AWS_DEFAULT_REGION": "Ireland"}, "_AWS_DEFAULT_REGION (--region) is not a region"),
        (
            {"_LAMBDA_FUNCTION_ARN": ARN, "_AWS_DEFAULT_REGION": "us-east-1"},
            "is us-east-1, but the ARN of _LAMBDA_FUNCTION_ARN says eu-west-1",
        ),
        (
            {"_LAMBDA_FUNCTION_ARN": ARN, "_AWS_DEFAULT_REGION": "canary/key"},
            "_AWS_DEFAULT_REGION (--region) is not a region, as eu-west-1.",
        ),
        (KEYS, "_AWS_DEFAULT_REGION (--region) is missing"),
        ({"_AWS_ACCESS_KEY_ID": "canary"}, "_AWS_SECRET_ACCESS_KEY is missing"),
        ({"_AWS_SECRET_ACCESS_KEY": "canary"}, "_AWS_ACCESS_KEY_ID is missing"),
        ({"_AWS_SESSION_TOKEN": "canary"}, "_AWS_ACCESS_KEY_ID is missing"),
        (KEYS | {"_AWS_SECRET_ACCESS_KEY": "canary\nx"}, "_AWS_SECRET_ACCESS_KEY is not one word"),
        ({"_AWS_ENDPOINT_URL": "canary"}, "_AWS_ENDPOINT_URL (--endpoint-url) is not"),
        ({"_AWS_ENDPOINT_URL": "http://[::canary/"}, "_AWS_ENDPOINT_URL (--endpoint-url) is not"),
        ({"_AWS_ENDPOINT_URL": "http://a:canary/"}, "_AWS_ENDPOINT_URL (--endpoint-url) is not"),
        ({"_AWS_ENDPOINT_URL": "http://a/canary\udcff"}, "(--endpoint-url) is not UTF-8."),
        (KEYS | {"_AWS_ACCESS_KEY_ID": "canary\udcff"}, "_AWS_ACCESS_KEY_ID is not UTF-8;"),
        (KEYS | {"_AWS_SECRET_ACCESS_KEY": "canary\udcff"}, "_AWS_SECRET_ACCESS_KEY is not UTF-8;"),
        (KEYS | {"_AWS_SESSION_TOKEN": "canary\udcff"}, "_AWS_SESSION_TOKEN is not UTF-8;"),
        ({"_LAMBDA_S3_PREFIX": "canary\udcff"}, "_LAMBDA_S3_PREFIX (--s3-prefix) is not UTF-8."),
        ({"_LAMBDA_JAR_FILE": "a", "_LAMBDA_ZIP_FILE": "b"}, "_LAMBDA_ZIP_FILE (--zip) cannot"),
        ({"_LAMBDA_S3_BUCKET": "a/b"}, "_LAMBDA_S3_BUCKET (--s3-bucket) is not"),
        ({"_LAMBDA_RUNTIME": "Python 3"}, "_LAMBDA_RUNTIME (--runtime) is not"),
        ({"_LAMBDA_ARCHITECTURE": "arm"}, "is not x86_64 or arm64"),
    ],
)
def test_what_is_missing_or_wrong_is_said_without_a_secret(
    given: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError) as error:
        read({"_LAMBDA_FUNCTION_ARN": "hello", **given})
    assert said in error.value.message
    assert "canary" not in error.value.message
    assert "the-secret" not in error.value.message


def test_all_that_is_wrong_is_said_in_one_message() -> None:
    with pytest.raises(SettingsError) as error:
        read({"_AWS_ACCESS_KEY_ID": "k", "_LAMBDA_ARCHITECTURE": "x", "_AWS_DEFAULT_REGION": "y"})
    for name in ("_LAMBDA_FUNCTION_ARN", "_AWS_SECRET_", "_LAMBDA_ARCH", "_AWS_DEFAULT_REGION"):
        assert name in error.value.message
    assert "\n" not in error.value.message


def test_credentials_show_nothing_of_themselves() -> None:
    settings = read({"_LAMBDA_FUNCTION_ARN": ARN, "_AWS_SESSION_TOKEN": "the-token", **KEYS})
    assert "the-" not in repr(settings)
