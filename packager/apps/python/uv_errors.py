"""Translate error messages of uv to our errors, without credentials."""

from __future__ import annotations

import re

from packager.apps.python.platform import Platform
from packager.errors import PackageError

_NO_WHEEL = re.compile(
    r"no usable wheels|no wheels with a matching|has no binary distribution"
    r"|[Bb]uilding source distributions? (?:for .* )?is disabled|because building from source is",
)
# The package that is not available: `name==version`, or `name` alone.
_NAMED = re.compile(
    r"(?:Because |and )(?:only )?(?P<asked>[\w.-]+(?:\[[\w,.-]*\])?(?:[=<>~!]+[^\s,]+)?)"
    r"(?:,[<>=!~][^\s,]+)* has no (?:usable )?wheels"
    r"|Package `(?P<package>[^`]+)` can't be installed|attempted to build `(?P<built>[^`]+)`"
    r"|Wheels are required for `(?P<required>[^`]+)`"
)
_BUILD = re.compile(r"Failed to (?:download and )?build `(?P<asked>[^`\s]+)")
_GIT = re.compile(r"Git operation failed|failed to (?:clone|fetch) |fatal: ")
_HASH = re.compile(r"Hash mismatch for `(?P<asked>[^`\s]+)")
_NO_HASH = re.compile(
    r"no trusted hash was provided for: `(?P<asked>[^`\s]+)"
    r"|(?:pinned with `==`|have a hash), but (?:found|none were provided for): (?P<listed>[^\s`]+)"
)
_UNKNOWN = re.compile(r"[Bb]ecause (?P<asked>[\w.-]+) was not found in the (?:package|provided)")
_STATUS = re.compile(
    r"HTTP status \w+ error \((?P<status>401|403)\b|authentication credentials \((?P<lack>\d+)"
    r"|(?P<word>[Uu]nauthorized)"
)
_UNREACHABLE = re.compile(
    r"error sending request|client error \(Connect\)|Connection refused|dns error|timed? ?out"
)
_HOST = re.compile(r"https?://(?:[^/\s@]*@)?(?P<host>(?:\[[\da-f:]+\]|[^/\s?#@:)`]+)(?::\d+)?)")
_NEWER = re.compile(r"unsupported (?:lock|schema) version")
_UNREADABLE = re.compile(r"TOML parse error at line (?P<line>\d+)")
_FILE = re.compile(r"[`/]?(?P<name>uv\.lock|pylock[\w.-]*\.toml|pyproject\.toml)")

# Credentials may be before the host, in the path or in the query. Some errors show only the path.
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:[^/\s]*@)?(?P<host>(?:\[[\da-f:]+\]|[^/\s?#@:\[)`]*)(?::\d+)?)"
    r"(?:[^\s?#]*/(?P<wheel>[\w.+!-]+\.whl))?[^\s`)]*"
    r"|(?<=url: )/\S*",
    re.IGNORECASE,
)

_CREDENTIALS = (
    "For an index that a project names, set UV_INDEX_NAME_USERNAME and UV_INDEX_NAME_PASSWORD, and"
    " pass both on by _LAMBDA_REQUIREMENTS_ENV."
)


class NoWheelError(PackageError):
    """A dependency has no wheel for the platform, but may be built from source."""


def explained(errors: str, platform: Platform | None = None) -> PackageError:
    """Return the error for uv's output on stderr."""
    errors = _URL.sub(_shortened, errors)
    where = f" for {platform}" if platform else ""
    if _NO_WHEEL.search(errors):
        return NoWheelError(
            f"{_named(errors)} has no wheel{where}.",
            "Choose a version that has one, or build the wheel for that platform and name its"
            " file.",
        )
    if found := _HASH.search(errors):
        return PackageError(
            f"{found['asked']} is not the file whose hash is listed: another one has been"
            " downloaded.",
            "Check where it comes from. If that is right, write the list of hashes again.",
        )
    if found := _NO_HASH.search(errors):
        return PackageError(
            f"{found['asked'] or found['listed']} has no hash or no exact version. If one"
            " dependency is listed with a hash, all of them need both, and so do their own"
            " dependencies.",
            "Write the list with all of them: `uv pip compile --generate-hashes`. Or remove the"
            " hashes.",
        )
    if _GIT.search(errors):
        found = _BUILD.search(errors)
        return PackageError(
            f"The git repository{_host(errors)} that {found['asked'] if found else 'a dependency'}"
            " comes from cannot be fetched.",
            "Check the network, the address, and that git may read it: `git ls-remote URL`.",
        )
    if found := _BUILD.search(errors):
        return PackageError(
            f"{found['asked']} has no wheel{where}, and its source cannot be built here"
            f"{_reason(errors)}.",
            "Choose a version that has one, or build the wheel for that platform and name its"
            " file.",
        )
    if found := _STATUS.search(errors):
        return PackageError(
            f"The package index{_host(errors)} refuses the credentials"
            f" ({found['status'] or found['lack'] or 'unauthorized'}), or has none.",
            f"Check the credentials in its URL. {_CREDENTIALS}",
        )
    if _UNREACHABLE.search(errors):
        return PackageError(
            f"The package index{_host(errors)} that the app's dependencies come from cannot be"
            " reached.",
            "Check the network, the proxy and the address of the index.",
        )
    if found := _UNKNOWN.search(errors):
        return PackageError(
            f"{found['asked']} is not on the package index.",
            "Check its name and the index. An index may also report this if its credentials are"
            f" wrong or missing. {_CREDENTIALS}",
        )
    return _unreadable(errors) or PackageError(
        f"uv could not install the dependencies{where}: {_first_line(errors)}",
        "Try the same with `uv pip install --target`, which shows more.",
    )


def _unreadable(errors: str) -> PackageError | None:
    file = _FILE.search(errors)
    if file and _NEWER.search(errors):
        return PackageError(
            f"{file['name']} has a newer format than this uv can read.",
            "Update uv: `python -m pip install --upgrade uv`. Or write the file with an older one.",
        )
    if file and (line := _UNREADABLE.search(errors)):
        return PackageError(
            f"{file['name']} cannot be read: line {line['line']}.", "Write the file again."
        )
    return None


def _named(errors: str) -> str:
    found = _NAMED.search(errors)
    return next((name for name in found.groups() if name), "") if found else "A dependency"


def _host(errors: str) -> str:
    found = _HOST.search(errors)
    return f" at {found['host']}" if found else ""


def _reason(errors: str) -> str:
    """Return the last exception in the output of a build, which is usually the cause."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    last = [line for line in lines if re.match(r"\w*(?:Error|Exception)\b", line)][-1:]
    return f" ({last[0]})" if last else ""


def _first_line(errors: str) -> str:
    found = re.findall(r"^\s*(?:error|cause): (.+)", errors, re.MULTILINE)
    return (
        ": ".join(line.strip().rstrip(".:") for line in found[:2]) + "." if found else "no reason."
    )


def _shortened(url: re.Match[str]) -> str:
    """Return the part of a URL that can be shown: host and wheel, or the path of a local file."""
    scheme, host, wheel = url["scheme"] or "", url["host"] or "", url["wheel"]
    if url[0].startswith("file:///"):
        return url[0]
    return f"{scheme}{host}/…/{wheel}" if wheel else f"{scheme}{host}/…"
