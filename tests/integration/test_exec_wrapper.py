"""The script `env-exec`: every variable arrives exactly, in each shell that may run it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.errors import VariableError
from packager.package import exec_wrapper
from packager.package.exec_wrapper import LARGEST, LONGEST, write
from tests.commands import run
from tests.conftest import requires

# The platform's own, as Lambda sets them.
PLATFORM = {"PATH": os.defpath, "TZ": ":UTC", "LANG": "en_US.UTF-8", "AWS_REGION": "eu-west-1"}

# bash as sh is what Lambda has; its version 4.2 differs in nothing that the script uses.
SHELLS = {
    "bash as sh": ["bash", "--posix"],
    "bash": ["bash"],
    "dash": ["dash"],
    "busybox": ["busybox", "sh"],
}

# Names that have a meaning for some shell.
OF_SHELLS = [
    *("UID", "RANDOM", "SECONDS", "PPID", "SHLVL", "IFS", "PS1", "OPTIND", "LINENO", "HOME"),
    *("TERM", "HISTSIZE", "MAILCHECK", "GLOBIGNORE", "EXECIGNORE", "POSIXLY_CORRECT", "CDPATH"),
    *("ENV", "LC_ALL", "LC_CTYPE", "TZ", "FUNCNEST", "CHILD_MAX", "IGNOREEOF", "TEXTDOMAIN"),
    *("ATTY", "BASH_COMPAT", "BASHPID", "LANGUAGE", "SHELLOPTS", "histchars"),
]

# How many random environments the shells are given; CONTRIBUTING says how to ask for more.
ENVIRONMENTS = int(os.environ.get("WRAPPER_ENVIRONMENTS", "300"))


def started(
    script: bytes, folder: Path, shell: list[str], platform: dict[str, str] | None = None
) -> dict[str, bytes]:
    """Return the environment of a program that is started through the script."""
    path = folder / "env-exec"
    path.write_bytes(script)
    done = subprocess.run(
        [shutil.which(shell[0]) or shell[0], *shell[1:], str(path), "/usr/bin/env", "-0"],
        env=PLATFORM if platform is None else platform,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pairs = (line.partition(b"=") for line in done.stdout.split(b"\0") if line)
    return {os.fsdecode(name): value for name, _, value in pairs}


def random_name(source: random.Random) -> str:
    kind = source.randrange(4)
    if kind == 0:
        return source.choice(OF_SHELLS)
    if kind == 1:
        return source.choice(["a.b", "a-b", "1a", "-x", "-i", "é", "ns:a", "a b", "--", "$A", "'"])
    return source.choice("ABab_") + "".join(source.choices("ABCabc_123", k=source.randrange(12)))


def random_value(source: random.Random) -> str:
    alphabet = "abc \t\n\r'\"\\$`!*?[]{}()<>|&;#~=%^\x01\x7f\x85éß🎈\u2028"
    length = source.choice([0, 1, 3, 20, 500])
    return "".join(source.choices(alphabet, k=length))


@pytest.mark.parametrize("shell", SHELLS)
def test_random_environments_arrive_exactly_in_every_shell(shell: str, tmp_path: Path) -> None:
    """Names of every kind, values of any text but NUL."""
    if shutil.which(SHELLS[shell][0]) is None and os.environ.get("REQUIRE_ALL") != "1":
        pytest.skip(f"not on this machine: {SHELLS[shell][0]}")
    source = random.Random(20261127)
    for _ in range(ENVIRONMENTS // len(SHELLS)):
        variables = {random_name(source): random_value(source) for _ in range(40)}
        script = write(variables)
        found = started(script.content, tmp_path, SHELLS[shell])
        for name, value in variables.items():
            if name not in script.kept_out:
                assert found[name] == value.encode(), name


@settings(deadline=None, max_examples=50)
@given(value=st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])))
def test_any_text_arrives_exactly(value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("wrapper")
    assert started(write({"A": value}).content, folder, ["bash"])["A"] == value.encode()


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_platform_variables_take_precedence(shell: str, tmp_path: Path) -> None:
    platform = PLATFORM | {"LOG_LEVEL": "it's $debug\n", "EMPTY": "", "HISTSIZE": "1"}
    script = write({"LOG_LEVEL": "info", "EMPTY": "no", "OTHER": "1", "HISTSIZE": "2"})
    found = started(script.content, tmp_path, [shell], platform)
    assert found["LOG_LEVEL"] == b"it's $debug\n"
    assert found["EMPTY"] == b""
    assert found["OTHER"] == b"1"
    assert found["HISTSIZE"] == b"1"


@pytest.mark.parametrize(
    ("platform", "expected"), [(":UTC", b"Europe/Vienna"), ("America/Lima", b"America/Lima")]
)
def test_the_time_zone_of_the_platform_is_only_a_default(
    platform: str, expected: bytes, tmp_path: Path
) -> None:
    script = write({"TZ": "Europe/Vienna"})
    assert started(script.content, tmp_path, ["sh"], PLATFORM | {"TZ": platform})["TZ"] == expected


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONHOME", "PYTHONPATH", "NODE_OPTIONS"),
        *("JAVA_TOOL_OPTIONS", "BASH_ENV", "_HANDLER", "AWS_REGION", "AWS_LAMBDA_RUNTIME_API"),
        *("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "A=B", ""),
    ],
)
def test_a_name_that_would_break_the_runtime_is_kept_out_and_named(
    name: str, tmp_path: Path
) -> None:
    script = write({name: "canary", "A": "1"})
    assert script.kept_out == (name,)
    found = started(script.content, tmp_path, ["sh"])
    assert b"canary" not in found.values()
    assert found["A"] == b"1"


@pytest.mark.parametrize(
    ("variables", "platform", "expected"),
    [
        ({"A": "Grüße"}, {}, b"C.UTF-8"),
        ({"A": "plain"}, {}, None),
        ({"A": "Grüße"}, {"LC_ALL": "de_DE.UTF-8"}, b"de_DE.UTF-8"),
        ({"A": "Grüße", "LC_ALL": "POSIX"}, {}, b"POSIX"),
    ],
)
def test_the_locale_is_utf_8_if_a_value_needs_it_and_none_is_set(
    variables: dict[str, str], platform: dict[str, str], expected: bytes | None, tmp_path: Path
) -> None:
    found = started(write(variables).content, tmp_path, ["sh"], PLATFORM | platform)
    assert found.get("LC_ALL") == expected


def test_the_runtime_is_started_by_the_next_wrapper(tmp_path: Path) -> None:
    other = tmp_path / "it's another"
    other.write_text('#!/bin/sh\nexport WRAPPED="by $A"\nexec "$@"\n')
    other.chmod(0o755)
    found = started(write({"A": "1"}, str(other)).content, tmp_path, ["sh"])
    assert found["WRAPPED"] == b"by 1"


def test_arguments_of_the_runtime_arrive_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "env-exec"
    path.write_bytes(write({"A": "1"}).content)
    command = ("sh", path, "printf", "<%s>", "a b", "$A", "*", "", "-n")
    assert run(*command, cwd=tmp_path) == "<a b><$A><*><><-n>"


def test_a_variable_of_the_longest_length_starts_and_a_longer_one_is_refused(
    tmp_path: Path,
) -> None:
    value = "x" * (LONGEST - len("A="))
    assert started(write({"A": value}).content, tmp_path, ["sh"])["A"] == value.encode()
    with pytest.raises(VariableError, match="Linux cannot start a program with A:"):
        write({"A": value + "x"})


def test_variables_of_the_largest_size_start_and_more_are_refused(tmp_path: Path) -> None:
    count = LARGEST // 100_000
    variables = {f"A{number:02}": "x" * (100_000 - 4) for number in range(count)}
    assert len(started(write(variables).content, tmp_path, ["sh"])) >= count
    with pytest.raises(VariableError, match=r"The largest are A00, A01, "):
        write(variables | {"B": "y" * 80_000})


@requires("shellcheck")
def test_the_script_is_clean_for_shellcheck(tmp_path: Path) -> None:
    path = tmp_path / exec_wrapper.NAME
    path.write_bytes(write({"A": "it's $1", "TZ": "UTC"}, "/opt/other").content)
    # 2016: that nothing is expanded in single quotes is what they are for.
    run("shellcheck", "--exclude=SC2016", path)


def test_no_error_holds_a_value() -> None:
    with pytest.raises(VariableError) as error:
        write({"A": "canary" * LONGEST})
    assert "canary" not in error.value.message + error.value.hint
