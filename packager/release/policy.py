"""The IAM policy that allows exactly what a deploy with these settings needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packager.config.setting_values import FunctionReference
from packager.config.settings import Settings

Statement = dict[str, object]


def policy(settings: Settings) -> dict[str, object]:
    """Return the policy in IAM's format."""
    return {"Version": "2012-10-17", "Statement": [*_statements(settings)]}


def _statements(settings: Settings) -> Iterator[Statement]:
    functions = [_arn(function) for function in settings.functions]
    versions = [f"{arn}:*" for arn in functions]
    yield _allow(functions, "lambda:UpdateFunctionCode", "lambda:GetFunctionConfiguration")
    if settings.alias:
        yield _allow(
            functions,
            "lambda:PublishVersion",
            "lambda:GetAlias",
            "lambda:CreateAlias",
            "lambda:UpdateAlias",
        )
        yield _allow(versions, "lambda:GetFunctionConfiguration")
    if settings.smoke_event:
        yield _allow(versions if settings.alias else functions, "lambda:InvokeFunction")
    if settings.alias and settings.keep_versions:
        yield _allow(functions, "lambda:ListVersionsByFunction", "lambda:ListAliases")
        yield _allow(versions, "lambda:DeleteFunction")
    if settings.s3_bucket:
        yield from _storage(settings)
    if settings.kms_key:
        keys = {settings.for_function(one).kms_key for one in settings.functions}
        yield _allow(sorted(filter(None, keys)), "kms:GenerateDataKey", "kms:Decrypt")


def _storage(settings: Settings) -> Iterator[Statement]:
    prefix = f"{settings.s3_prefix.rstrip('/')}/" if settings.s3_prefix else ""
    buckets: dict[str, list[str]] = {}
    for function in settings.functions:
        bucket = f"arn:{_partition(function)}:s3:::{settings.for_function(function).s3_bucket}"
        buckets.setdefault(bucket, []).append(f"{bucket}/{prefix}{function.name}/*")
    objects = [key for keys in buckets.values() for key in keys]
    yield _allow(
        objects,
        "s3:PutObject",
        "s3:GetObject",
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    )


def _allow(resources: list[str], *actions: str) -> Statement:
    return {"Effect": "Allow", "Action": [*actions], "Resource": resources}


def _arn(function: FunctionReference) -> str:
    """Return the ARN; an account or region that the settings do not name is `*`."""
    if function.arn:
        return function.arn
    account = re.match(r"\d{12}(?=:)", function.given)
    region = function.region or "*"
    return (
        f"arn:{_partition(function)}:lambda:{region}:{account[0] if account else '*'}"
        f":function:{function.name}"
    )


def _partition(function: FunctionReference) -> str:
    """Return the partition of AWS in which the function is."""
    if function.arn:
        return function.arn.split(":")[1]
    partitions = {"cn": "aws-cn", "us-gov": "aws-us-gov", "eusc": "aws-eusc"}
    region = function.region or ""
    return next((name for start, name in partitions.items() if region.startswith(start)), "aws")
