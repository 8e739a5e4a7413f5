"""The packager's settings."""

from __future__ import annotations

from pathlib import Path

import botocore.session
import pytest

from packager.config.setting_values import FunctionReference
from packager.config.settings import Credentials, Settings, read, without_prefix
from packager.errors import SettingsError

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:hello"
ELSEWHERE = "in the environment, or in the file given by --env-file."
KMS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab"
KEYS = {"_AWS_ACCESS_KEY_ID": "the-key", "_AWS_SECRET_ACCESS_KEY": "the-secret"}


def test_every_setting_is_read_from_its_variable() -> None:
    settings = read(
        {
            "_LAMBDA_FUNCTION_ARN": ARN,
            "_AWS_SESSION_TOKEN": "the-token",
            "_AWS_DEFAULT_REGION": "eu-west-1",
            "_AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
            "_LAMBDA_JAR_FILE": "target/a.jar",
            "_LAMBDA_ALIAS": "live",
            "_LAMBDA_SMOKE_EVENT": '{"a": 1}',
            "_LAMBDA_KEEP_VERSIONS": "5",
            "_LAMBDA_KMS_KEY_ARN": KMS_KEY,
            "_LAMBDA_CHECKS": "warn",
            "_LAMBDA_LANGUAGE": "python",
            "_LAMBDA_REQUIREMENTS": "lambda.txt",
            "_LAMBDA_REQUIREMENTS_ENV": "TOKEN, USER",
            "_LAMBDA_PROPERTIES_FORMAT": "properties-reader",
            "_LAMBDA_EXEC_WRAPPER": "/opt/other",
            "_LAMBDA_HANDLER": "app.handler",
            "_LAMBDA_S3_BUCKET": "a-bucket",
            "_LAMBDA_S3_PREFIX": "packages",
            "_LAMBDA_ENV_EXCLUDE": "A, B* C",
            "_LAMBDA_RUNTIME": "python3.13",
            "_LAMBDA_ARCHITECTURE": "arm64",
            **KEYS,
        }
    )
    assert settings == Settings(
        functions=(FunctionReference(ARN, "hello", "eu-west-1"),),
        alias="live",
        smoke_event='{"a": 1}',
        keep_versions=5,
        kms_key=KMS_KEY,
        checks="warn",
        language="python",
        requirements=Path("lambda.txt"),
        requirements_env=("TOKEN", "USER"),
        properties_format="properties-reader",
        exec_wrapper="/opt/other",
        handler="app.handler",
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
    assert (settings.function, settings.function_name) == (ARN, "hello")


def test_an_option_wins_over_the_variable() -> None:
    given = {"_LAMBDA_FUNCTION_ARN": "one", "_AWS_DEFAULT_REGION": "eu-west-1"}
    settings = read(given, {"_LAMBDA_FUNCTION_ARN": "two", "_AWS_DEFAULT_REGION": None})
    assert (settings.function, settings.region) == ("two", "eu-west-1")


def test_without_a_region_setting_the_arn_decides() -> None:
    assert read({"_LAMBDA_FUNCTION_ARN": ARN}).region == "eu-west-1"


@pytest.mark.parametrize(
    "function",
    ["hello", "123456789012:function:hello", "function:hello", ARN.replace("aws:", "aws-us-gov:")],
)
def test_a_function_is_given_by_name_partial_arn_or_arn(function: str) -> None:
    assert read({"_LAMBDA_FUNCTION_ARN": function}).function_name == "hello"


BOTOCORE = botocore.session.Session()


@pytest.mark.parametrize("partition", BOTOCORE.get_available_partitions())
def test_every_region_that_has_lambda_is_accepted_alone_and_in_an_arn(partition: str) -> None:
    regions = BOTOCORE.get_available_regions("lambda", partition)
    assert regions
    for region in regions:
        given = {"_LAMBDA_FUNCTION_ARN": ARN.replace("aws:", f"{partition}:", 1)}
        given = {name: arn.replace("eu-west-1", region) for name, arn in given.items()}
        assert read(given).region == region
        assert read(given | {"_AWS_DEFAULT_REGION": region}).region == region


def test_several_functions_are_separated_by_blanks_or_commas() -> None:
    """A bare name is in the default region, an ARN in its own."""
    given = {"_LAMBDA_FUNCTION_ARN": f"one, {ARN}\ntwo", "_AWS_DEFAULT_REGION": "us-east-1"}
    settings = read(given)
    assert [(each.name, each.region, each.arn) for each in settings.functions] == [
        ("one", "us-east-1", None),
        ("hello", "eu-west-1", ARN),
        ("two", "us-east-1", None),
    ]
    with pytest.raises(SettingsError, match="names 3 functions"):
        _ = settings.function


def test_the_region_placeholder_becomes_the_region_of_each_function() -> None:
    given = {
        "_LAMBDA_FUNCTION_ARN": f"{ARN} {ARN.replace('eu-west-1', 'us-east-1')}",
        "_LAMBDA_S3_BUCKET": "packages-{region}",
        "_LAMBDA_KMS_KEY_ARN": KMS_KEY.replace("eu-west-1", "{region}"),
    }
    settings = read(given)
    one, two = map(settings.for_function, settings.functions)
    assert (one.region, one.s3_bucket, one.kms_key) == ("eu-west-1", "packages-eu-west-1", KMS_KEY)
    assert (two.region, two.s3_bucket) == ("us-east-1", "packages-us-east-1")
    assert two.function == ARN.replace("eu-west-1", "us-east-1")


@pytest.mark.parametrize(("value", "meaning"), [("true", True), ("false", False), ("", False)])
def test_the_exec_wrapper_is_a_switch(value: str, meaning: bool) -> None:
    given = {"_LAMBDA_FUNCTION_ARN": "a", "_LAMBDA_EXEC_WRAPPER": value}
    assert read(given).exec_wrapper is meaning


def test_an_event_may_be_a_file() -> None:
    given = {"_LAMBDA_FUNCTION_ARN": "a", "_LAMBDA_SMOKE_EVENT": "@event.json"}
    assert read(given).smoke_event == "@event.json"


def test_an_empty_setting_counts_as_not_given() -> None:
    assert read({"_LAMBDA_FUNCTION_ARN": "a", "_LAMBDA_JAR_FILE": " "}).jar is None


def test_only_a_deploy_needs_a_function() -> None:
    assert read({}, deploying=False).function is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"_LAMBDA_FUNCTION_ARN": ""}, "_LAMBDA_FUNCTION_ARN (--function) is missing"),
        ({"_LAMBDA_FUNCTION_ARN": "no name!"}, "_LAMBDA_FUNCTION_ARN (--function) is not"),
        ({"_LAMBDA_FUNCTION_ARN": f"{ARN}:live"}, "version or alias (:live)"),
        ({"_LAMBDA_FUNCTION_ARN": "hello:$LATEST"}, "version or alias (:$LATEST)"),
        ({"_AWS_DEFAULT_REGION": "Ireland"}, "_AWS_DEFAULT_REGION (--region) is not an AWS region"),
        (
            {"_LAMBDA_FUNCTION_ARN": ARN, "_AWS_DEFAULT_REGION": "us-east-1"},
            "is us-east-1, but the ARN of _LAMBDA_FUNCTION_ARN says eu-west-1",
        ),
        (
            {"_LAMBDA_FUNCTION_ARN": ARN, "_AWS_DEFAULT_REGION": "canary/key"},
            "_AWS_DEFAULT_REGION (--region) is not an AWS region (example: eu-west-1).",
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
        ({"_LAMBDA_JAR_FILE": "canary\0"}, "_LAMBDA_JAR_FILE (--jar) contains a NUL character."),
        ({"_LAMBDA_S3_PREFIX": "canary\0"}, "(--s3-prefix) contains a NUL character."),
        ({"_LAMBDA_ENV_EXCLUDE": "'CANARY*'"}, "(--exclude) is not a list of shell patterns"),
        ({"_LAMBDA_ENV_EXCLUDE": "CANARY;A"}, "(--exclude) is not a list of shell patterns"),
        ({"_LAMBDA_ENV_EXCLUDE": "^CANARY|A$"}, "(--exclude) is not a list of shell patterns"),
        ({"_LAMBDA_ENV_EXCLUDE": "{CANARY,A}*"}, "(--exclude) is not a list of shell patterns"),
        ({"_LAMBDA_ENV_EXCLUDE": "! CANARY"}, "(--exclude) is not a list of shell patterns"),
        ({"_LAMBDA_RUNTIME": "Python 3"}, "_LAMBDA_RUNTIME (--runtime) is not"),
        ({"_LAMBDA_ARCHITECTURE": "arm"}, "is not x86_64 or arm64"),
        ({"_LAMBDA_FUNCTION_ARN": ","}, "_LAMBDA_FUNCTION_ARN (--function) is not the name"),
        ({"_LAMBDA_FUNCTION_ARN": "one,one"}, "names a function twice"),
        ({"_LAMBDA_FUNCTION_ARN": "one two:live"}, "version or alias (:live)"),
        ({"_LAMBDA_ALIAS": "12"}, "_LAMBDA_ALIAS (--alias) is not the name of an alias"),
        ({"_LAMBDA_SMOKE_EVENT": "{canary}"}, "(--smoke-event) is neither JSON nor @FILE"),
        ({"_LAMBDA_SMOKE_EVENT": "NaN"}, "(--smoke-event) is neither JSON nor @FILE"),
        ({"_LAMBDA_SMOKE_EVENT": "[" * 100_000}, "(--smoke-event) is neither JSON nor @FILE"),
        ({"_LAMBDA_KEEP_VERSIONS": "0"}, "(--keep-versions) is not a positive whole number"),
        ({"_LAMBDA_KMS_KEY_ARN": "canary"}, "_LAMBDA_KMS_KEY_ARN (--kms-key) is not the ARN"),
        ({"_LAMBDA_CHECKS": "canary"}, "_LAMBDA_CHECKS (--checks) is not error or warn or off"),
        ({"_LAMBDA_LANGUAGE": "ruby"}, "_LAMBDA_LANGUAGE (--language) is not node or python"),
        ({"_LAMBDA_PROPERTIES_FORMAT": "x"}, "is not java or properties-reader"),
        ({"_LAMBDA_EXEC_WRAPPER": "yes"}, "is not true, false or an absolute path"),
        (
            {"_LAMBDA_FUNCTION_ARN": f"{ARN} a", "_LAMBDA_S3_BUCKET": "b1-{region}"},
            "_LAMBDA_S3_BUCKET (--s3-bucket) contains {region}, but a function has no region",
        ),
        (
            {
                "_LAMBDA_FUNCTION_ARN": f"{ARN} {ARN.replace('eu-west-1', 'us-east-1')}",
                "_LAMBDA_S3_BUCKET": "packages",
            },
            "the functions are in 2: write {region} in its place",
        ),
    ],
)
def test_a_missing_or_wrong_setting_is_an_error_that_shows_no_secret(
    given: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError) as error:
        read({"_LAMBDA_FUNCTION_ARN": "hello", **given})
    assert message in error.value.message
    assert "canary" not in error.value.message
    assert "the-secret" not in error.value.message


def test_one_message_lists_every_problem() -> None:
    with pytest.raises(SettingsError) as error:
        read({"_AWS_ACCESS_KEY_ID": "k", "_LAMBDA_ARCHITECTURE": "x", "_AWS_DEFAULT_REGION": "y"})
    for name in ("_LAMBDA_FUNCTION_ARN", "_AWS_SECRET_", "_LAMBDA_ARCH", "_AWS_DEFAULT_REGION"):
        assert name in error.value.message
    assert "\n" not in error.value.message


@pytest.mark.parametrize(
    ("given", "on_dyno", "hint"),
    [
        ({}, True, "Set it with `heroku config:set _LAMBDA_FUNCTION_ARN=…`."),
        (
            {},
            False,
            f"Set it with --function, or _LAMBDA_FUNCTION_ARN {ELSEWHERE}",
        ),
        (
            {"_LAMBDA_FUNCTION_ARN": ARN, "_AWS_ACCESS_KEY_ID": "the-key"},
            False,
            f"Set it {ELSEWHERE}",
        ),
        (
            {"_LAMBDA_CHECKS": "x"},
            False,
            f"Set them with their options, or {ELSEWHERE}",
        ),
    ],
)
def test_a_hint_names_heroku_only_on_a_dyno(
    given: dict[str, str], on_dyno: bool, hint: str
) -> None:
    with pytest.raises(SettingsError) as error:
        read(given, on_dyno=on_dyno)
    assert error.value.hint == hint


@pytest.mark.parametrize("text", ["A", "*_TOKEN, !A?", "[A-C]*\n[!X]_-.b", "!*", "Ä*", "a.b"])
def test_patterns_of_names_are_separated_by_blanks_or_commas(text: str) -> None:
    given = {"_LAMBDA_FUNCTION_ARN": "a", "_LAMBDA_ENV_EXCLUDE": text}
    assert read(given).exclude == tuple(text.replace(",", " ").split())


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("LAMBDA_ENV_EXCLUDE", "_LAMBDA_ENV_EXCLUDE"),
        ("LAMBDA_ENV_EXLUDE", "_LAMBDA_ENV_EXCLUDE"),
        ("lambda_env_exclude", "_LAMBDA_ENV_EXCLUDE"),
        ("LAMBDA_RUNTIME_DIR", None),
        ("LAMBDA_URL", None),
        ("AWS_ACCESS_KEY_ID", None),
    ],
)
def test_a_name_that_lacks_the_first_underscore_of_a_setting_is_recognized(
    name: str, setting: str | None
) -> None:
    assert without_prefix({name: "x"}) == ({name: setting} if setting else {})


def test_the_repr_of_credentials_is_empty() -> None:
    settings = read({"_LAMBDA_FUNCTION_ARN": ARN, "_AWS_SESSION_TOKEN": "the-token", **KEYS})
    assert "the-" not in repr(settings)
