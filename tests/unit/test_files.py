"""Which files of an app's folder are packaged, and which cannot be."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.apps import files, walk
from packager.apps.files import Member, Selection
from packager.errors import PackageError
from tests.trees import Link, Tree, age, plant

LINK = stat.S_IFLNK | 0o777


def names(app: Path) -> list[str]:
    return [member.name for member in Selection(app).members()]


def links(app: Path) -> dict[str, str]:
    """Return the symbolic links that are kept, each with its target."""
    return {
        member.name: member.content.decode()
        for member in Selection(app).members()
        if member.mode == LINK and isinstance(member.content, bytes)
    }


def error(app: Path) -> PackageError:
    with pytest.raises(PackageError) as raised:
        Selection(app).members()
    return raised.value


def test_all_files_are_packaged_except_top_level_dot_names_and_the_apps_own_config(
    tmp_path: Path,
) -> None:
    plant(
        tmp_path,
        dict.fromkeys(
            [
                *(".env", ".git/config", ".lambdaignore", "env.properties", "docs/a.md"),
                *("index.js", "lib/env.properties", "lib/.hidden", "node_modules/.bin/x"),
                *("node_modules/a/.npmrc", "node_modules/a/docs/b.md", "README"),
            ],
            b"",
        ),
    )
    (tmp_path / ".lambdaignore").write_text("/docs\n")
    (tmp_path / "empty").mkdir()
    assert names(tmp_path) == [
        *("README", "index.js", "lib/.hidden", "lib/env.properties", "node_modules/.bin/x"),
        *("node_modules/a/.npmrc", "node_modules/a/docs/b.md"),
    ]


def test_members_are_sorted_by_the_bytes_of_their_names(tmp_path: Path) -> None:
    tree = ["a/b", "a-b", "a.b", "a0", "B", "z", "\u00e9", "\uffee", "\U0001f600"]
    plant(tmp_path, dict.fromkeys(tree, b""))
    assert names(tmp_path) == sorted(tree, key=str.encode)


@pytest.mark.parametrize(
    ("on_disk", "in_package"),
    [
        *((0o644, 0o644), (0o600, 0o644), (0o666, 0o644), (0o400, 0o644), (0o611, 0o644)),
        *((0o755, 0o755), (0o700, 0o755), (0o777, 0o755), (0o500, 0o755), (0o6711, 0o755)),
    ],
)
def test_files_are_readable_for_all_and_executable_if_they_are_for_their_owner(
    tmp_path: Path, on_disk: int, in_package: int
) -> None:
    plant(tmp_path, {"run": b""})
    (tmp_path / "run").chmod(on_disk)
    (member,) = Selection(tmp_path).members()
    assert member.mode == stat.S_IFREG | in_package


@pytest.mark.parametrize(
    ("link", "target", "kept"),
    [
        ("b", "a", "a"),
        ("lib/b", "../a", "../a"),
        ("b", "lib", "lib"),
        ("b", "./lib/c", "lib/c"),
        ("lib/b", "c", "c"),
        ("lib/b", "../lib/c", "../lib/c"),
        ("lib/b", "..", ".."),
        ("lib/deep/b", "..//../a", "../../a"),
        # An absolute link names a folder that does not exist in Lambda.
        ("b", "{}/a", "a"),
        ("lib/b", "{}/a", "../a"),
        ("lib/b", "{}", ".."),
        ("b", "{}/lib/../a", "a"),
        # Out of the app and back in.
        ("b", "../app/a", "a"),
        ("lib/b", "../../app/lib/c", "c"),
    ],
)
def test_a_link_that_stays_inside_is_kept_and_leads_to_the_same_place(
    tmp_path: Path, link: str, target: str, kept: str
) -> None:
    app = plant(tmp_path / "app", {"a": b"a", "lib/c": b"c"})
    plant(app, {link: Link(target)})
    assert links(app) == {link: kept}
    assert names(app) == sorted(["a", "lib/c", link])


def test_chains_and_circles_of_links_that_all_lead_somewhere_are_kept(tmp_path: Path) -> None:
    tree: Tree = {
        "lib.so": Link("lib.so.1"),
        "lib.so.1": Link("lib.so.1.2"),
        "lib.so.1.2": b"",
        # pnpm makes these for two packages that need each other.
        "packages/a/node_modules/b": Link("../../b"),
        "packages/b/node_modules/a": Link("../../a"),
        "packages/a/index.js": b"",
        "packages/b/index.js": b"",
    }
    plant(tmp_path, tree)
    assert links(tmp_path) == {
        name: content.target for name, content in tree.items() if isinstance(content, Link)
    }


def test_a_link_that_leads_outside_is_replaced_by_the_file_there(tmp_path: Path) -> None:
    plant(tmp_path, {".git/HEAD": b"", "shared/run": b"data", "app/run": Link("../shared/run")})
    (tmp_path / "shared" / "run").chmod(0o700)
    (member,) = Selection(tmp_path / "app").members()
    assert member.name == "run"
    assert member.mode == stat.S_IFREG | 0o755
    assert member.content == os.path.realpath(tmp_path / "shared" / "run")


def test_a_link_that_leads_outside_is_replaced_by_the_folder_there(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".git/HEAD": b"",
            "shared/package.json": b"",
            "shared/.npmrc": b"",
            "shared/cli.js": b"",
            # Links within that folder, and links back to the app, stay links.
            "shared/node_modules/.bin/cli": Link("../../cli.js"),
            "shared/absolute": Link("{}/shared/cli.js"),
            "shared/back": Link("../app/index.js"),
            "app/index.js": b"",
            "app/node_modules/shared": Link("../../shared"),
        },
    )
    app = tmp_path / "app"
    assert names(app) == [
        "index.js",
        *(
            f"node_modules/shared/{name}"
            for name in (".npmrc", "absolute", "back", "cli.js", "node_modules/.bin/cli")
        ),
        "node_modules/shared/package.json",
    ]
    assert links(app) == {
        "node_modules/shared/absolute": "cli.js",
        "node_modules/shared/back": "../../index.js",
        "node_modules/shared/node_modules/.bin/cli": "../../cli.js",
    }


def test_two_folders_outside_that_link_to_each_other_are_packaged_once(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".git/HEAD": b"",
            "one/other": Link("../two"),
            "two/other": Link("../one"),
            "app/one": Link("../one"),
        },
    )
    assert links(tmp_path / "app") == {"one/other/other": ".."}


def test_a_link_to_a_file_that_is_left_out_is_replaced_by_the_file(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".lambdaignore": b"/vendor\n",
            ".cache/a": b"",
            "vendor/b": b"",
            "vendor/c": Link("../index.js"),
            "index.js": b"",
            "a": Link(".cache/a"),
            "b": Link("vendor"),
            # A folder on the path to it is not in the package.
            "c": Link("vendor/c"),
        },
    )
    assert names(tmp_path) == ["a", "b/b", "b/c", "c", "index.js"]
    assert links(tmp_path) == {"b/c": "../index.js", "c": "index.js"}


def test_a_link_to_the_apps_own_env_properties_leads_to_the_new_one(tmp_path: Path) -> None:
    plant(tmp_path, {"env.properties": b"OLD=1", "lib/config": Link("../env.properties")})
    assert links(tmp_path) == {"lib/config": "../env.properties"}
    assert names(tmp_path) == ["lib/config"]


def test_a_file_that_replaces_a_link_can_be_left_out(tmp_path: Path) -> None:
    tree: Tree = {"shared/docs/a.md": b"", "shared/b.js": b"", "app/shared": Link("../shared")}
    plant(tmp_path, {".git/HEAD": b"", **tree})
    app = tmp_path / "app"
    (app / ".lambdaignore").write_text("docs\n")
    assert names(app) == ["shared/b.js"]
    (app / ".lambdaignore").write_text("shared/\n")
    assert names(app) == []


def test_an_app_can_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    plant(tmp_path, {"real/a": b"", "real/b": Link("{}/app/a"), "app": Link("real")})
    assert links(tmp_path / "app") == {"b": "a"}


@pytest.mark.parametrize(
    ("link", "target", "problem"),
    [
        ("b", "gone", "is broken: gone does not exist"),
        ("b", "/gone/for/good", "is broken: /gone/for/good does not exist"),
        ("b", "a/below", "is broken: a/below does not exist"),
        ("b", "b", "is a loop: b leads back to it"),
        ("b", "c", "is a loop: c leads back to it"),
        ("lib/b", "../..", "is a loop: it leads to ../.., a folder that contains the link"),
        ("b", "/", "is a loop: it leads to /, a folder that contains the link"),
    ],
)
def test_a_broken_link_is_an_error_unless_it_is_left_out(
    tmp_path: Path, link: str, target: str, problem: str
) -> None:
    app = plant(tmp_path / "app", {"a": b"", link: Link(target)})
    if target == "c":
        plant(app, {"c": Link("b")})
    found = error(app)
    assert found.message == f"The symbolic link {link} {problem}."
    assert ".lambdaignore" in found.hint
    (app / ".lambdaignore").write_text("b\nc\n")
    assert names(app) == ["a"]


def test_a_pipe_or_socket_is_an_error_unless_it_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert error(tmp_path).message.startswith("pipe is neither a file nor a folder")
    (tmp_path / ".lambdaignore").write_text("pipe\n")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert error(tmp_path).message.startswith("socket is neither a file nor a folder")
    (tmp_path / ".lambdaignore").write_text("pipe\nsocket\n")
    assert names(tmp_path) == []


@pytest.mark.parametrize("place", ["{}", "lib/{}", "{}/file", "link"])
def test_a_name_that_is_not_utf8_is_an_error(tmp_path: Path, place: str) -> None:
    odd = os.fsdecode(b"caf\xe9")
    tree: Tree = {"link": Link(odd), odd: b""} if place == "link" else {place.format(odd): b""}
    try:
        plant(tmp_path, tree)
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    assert "caf\udce9" in error(tmp_path).message
    assert "not UTF-8" in error(tmp_path).message


def test_a_missing_app_folder_is_an_error(tmp_path: Path) -> None:
    assert "No such file or directory" in error(tmp_path / "gone").message


def test_folders_nested_deeper_than_the_recursion_limit_are_walked(
    tmp_path: Path, recursion_limit: int
) -> None:
    depth = recursion_limit + 100
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    try:
        assert names(tmp_path) == ["d/" * depth + "file"]
    finally:
        # pytest removes the folders of tests recursively, and would fail.
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat files as settled at once, because the tests cannot wait."""
    monkeypatch.setattr(walk, "TICK_NS", 0)


def test_a_second_walk_finds_changed_files(tmp_path: Path, settled: None) -> None:
    app = plant(tmp_path, {"a": b"", "lib/b": b"", "lib/deep/c": b"", "node_modules/d/e": b""})
    age(app)
    kept = Selection(app)
    before = kept.members()
    assert kept.members() == before
    changes: list[Callable[[], object]] = [
        lambda: plant(app, {"lib/new": b""}),
        lambda: (app / "lib" / "b").unlink(),
        lambda: plant(app, {"lib/deep/c": b"longer"}),
        lambda: (app / "a").chmod(0o755),
        lambda: (app / "lib").rename(app / "library"),
        lambda: plant(app, {"node_modules/d/new": b""}),
        lambda: plant(app, {"library/link": Link("../a")}),
        lambda: plant(app, {".lambdaignore": b"node_modules\n"}),
    ]
    for change in changes:
        change()
        after = kept.members()
        assert after == Selection(app).members()
        assert after != before
        before = after


def test_a_file_in_node_modules_is_looked_at_again_once_it_is_forgotten(
    tmp_path: Path, settled: None
) -> None:
    app = plant(tmp_path, {"node_modules/a/b": b"", "node_modules/c/d": b""})
    age(app)
    kept = Selection(app)
    before = kept.members()
    plant(app, {"node_modules/a/b": b"changed"})
    assert kept.members() == before
    kept.forget([os.path.realpath(app / "node_modules/a/b")])
    assert kept.members() == Selection(app).members() != before


def test_a_file_that_was_just_written_has_no_version(tmp_path: Path) -> None:
    plant(tmp_path, {"new": b""})
    (member,) = Selection(tmp_path).members()
    assert member.version is None


def test_a_normal_path_has_no_links_in_its_folders(tmp_path: Path) -> None:
    plant(tmp_path, {"real/a": b"", "link": Link("real"), "real/b": Link("a")})
    real = (tmp_path / "real").resolve()
    assert files.normal(str(tmp_path / "link" / "a")) == str(real / "a")
    assert files.normal(str(tmp_path / "link" / "b")) == str(real / "b")
    assert files.normal(str(tmp_path / "link" / ".." / "real" / "a")) == str(real / "a")


def test_members_can_be_given_by_their_bytes() -> None:
    assert Member("a", b"").mode == stat.S_IFREG | 0o644
