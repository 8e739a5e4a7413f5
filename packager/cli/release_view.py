"""Show the outcome of a release, for people or for programs."""

from __future__ import annotations

from collections.abc import Mapping

from packager.progress import readable
from packager.release.outcome import Deployment, Release

_LINES = {
    "unchanged": "Unchanged: {function} ({version}) has this package already",
    "dry run": "Dry run: {function} would be updated; nothing was sent",
    "held back": "Held back: {function} ({version} was rolled back and stays back)",
    "not released": "Not released: {function} ({version})",
    "moved back": "Moved back: {function} ({alias} points to {to} again)",
    "failed": "Failed: {function}: {error}",
}
_REMINDER = "Triggers that name the bare function still run $LATEST."


def as_json(release: Release, seconds: Mapping[str, float]) -> dict[str, object]:
    """Return the release as the object of --json."""
    return {
        "outcome": release.outcome,
        "functions": [_function(deployment) for deployment in release.deployments],
        "variables": release.package.variables,
        "seconds": dict(seconds),
    }


def as_lines(release: Release, seconds: Mapping[str, float]) -> list[str]:
    """Return the lines for people; the first one names the outcome."""
    package = release.package
    shown = " · ".join(f"{stage} {time:.2f}" for stage, time in seconds.items())
    common = [f"  variables   {package.variables}", f"  seconds     {shown}"]
    if len(release.deployments) > 1:
        ended = [one.outcome for one in release.deployments]
        counts = ", ".join(f"{ended.count(one)} {one}" for one in dict.fromkeys(ended))
        head = f"{len(ended)} functions: {counts}"
        return [head, *(f"  {line}" for line in lines_of_each(release)), *common]
    [deployment] = release.deployments
    return [
        _line(deployment),
        *_created(deployment),
        *[f"  was created. {_REMINDER}"] * bool(_created(deployment)),
        f"  CodeSha256  {package.code_sha256}",
        f"  size        {readable(package.size)}",
        *common,
    ]


def lines_of_each(release: Release) -> list[str]:
    """Return a line for each function, one for each alias that was created, and one reminder."""
    lines = [
        line
        for deployment in release.deployments
        for line in (_line(deployment, deployment.label), *_created(deployment))
    ]
    return lines + [f"The aliases shown with an ARN were created. {_REMINDER}"] * any(
        map(_created, release.deployments)
    )


def _line(deployment: Deployment, label: str = "") -> str:
    function = label or deployment.function
    alias = deployment.alias
    if deployment.outcome == "deployed":
        if alias and alias.version == deployment.version:
            before = f", before: {deployment.previous}" if deployment.previous else ""
            return f"Deployed {function}: {alias.name} points to version {alias.version}{before}"
        return f"Deployed {function} ({deployment.version})"
    return _LINES[deployment.outcome].format(
        function=function,
        version=deployment.version,
        alias=alias and alias.name,
        to=alias and alias.version,
        error=deployment.error and deployment.error.message,
    )


def _created(deployment: Deployment) -> list[str]:
    if not (deployment.created and deployment.alias):
        return []
    return [f"  {deployment.alias.arn}"]


def _function(deployment: Deployment) -> dict[str, object]:
    alias = deployment.alias
    result: dict[str, object] = {
        "function": deployment.function,
        "region": deployment.region,
        "outcome": deployment.outcome,
        "version": deployment.version,
        "codeSha256": deployment.package.code_sha256,
        "size": deployment.package.size,
        "alias": None,
        "deletedVersions": list(deployment.deleted),
    }
    if alias:
        result["alias"] = {
            "name": alias.name,
            "version": alias.version,
            "previous": deployment.previous,
            "arn": alias.arn,
            "created": deployment.created,
        }
    if deployment.error:
        result |= {"error": deployment.error.message, "hint": deployment.error.hint}
    return result
