"""What the watch mode looks at."""

from __future__ import annotations

import pytest

from packager.ignore import Ignored
from packager.watch.relevance import Relevance

UNPACKAGED = Ignored(["/build/"])
IGNORED = Ignored(["*.log", "docs/"])


@pytest.fixture
def relevance() -> Relevance:
    return Relevance(
        "/work/app",
        unpackaged=UNPACKAGED,
        files=["/work/app/.lambdaignore", "/home/me/prod.env"],
        folders=["/work/shared", "/work/app/.config"],
        ignored=IGNORED,
    )


@pytest.mark.parametrize(
    "path",
    [
        "/work/app/index.js",
        "/work/app/lib/deep/er/a.js",
        "/work/app/lib/.hidden",
        "/work/app/node_modules/.package-lock.json",
        "/work/app/.lambdaignore",
        "/work/app/.config/a.json",
        "/home/me/prod.env",
        "/work/shared/lib/a.js",
    ],
)
def test_what_is_packaged_or_named_is_watched(relevance: Relevance, path: str) -> None:
    assert relevance.file(path)
    assert relevance.concerns(path)
    assert relevance.folder(path.rpartition("/")[0])


@pytest.mark.parametrize(
    "path",
    [
        "/work/app/.env",
        "/work/app/env.properties",
        "/work/app/.git/HEAD",
        "/work/app/.git/objects/ab/cdef",
        "/work/app/build/out.js",
        "/work/app/build/deep/out.js",
        "/work/app/debug.log",
        "/work/app/docs/a/b.md",
        "/work/application/index.js",
        "/work/other.js",
        "/home/me/other.env",
        "/work/shared/.git/HEAD",
        "/work/shared/debug.log",
        "/index.js",
    ],
)
def test_nothing_else_is_watched(relevance: Relevance, path: str) -> None:
    assert not relevance.file(path)


@pytest.mark.parametrize(
    "folder",
    ["/work/app/.git", "/work/app/.git/objects", "/work/app/build", "/work/app/docs", "/work", "/"],
)
def test_folders_without_anything_to_watch_are_not_entered(
    relevance: Relevance, folder: str
) -> None:
    assert not relevance.folder(folder)
    assert not relevance.concerns(f"{folder}/.git/HEAD")


@pytest.mark.parametrize(
    "name",
    [
        *("a.js~", ".a.js.swp", ".a.js.swo", ".a.js.swx", "4913"),
        *("#a.js#", ".#a.js"),
        *("a.js___jb_tmp___", "a.js___jb_old___"),
        *("a.js.vsctmp", ".sublime1a2.tmp", ".a.js.kate-swp"),
        *(".goutputstream-X1Y2Z3", "a.js.sb-1a2b3c4d-Ab12Cd"),
    ],
)
def test_temporary_files_of_editors_are_not_watched(relevance: Relevance, name: str) -> None:
    assert not relevance.file(f"/work/app/lib/{name}")
    assert not relevance.file(f"/work/shared/{name}")


@pytest.mark.parametrize("name", ["4913.js", "a.swp.js", "swp", "#a.js", "a#", "jb_tmp", "~a.js"])
def test_names_that_only_look_like_them_are_watched(relevance: Relevance, name: str) -> None:
    assert relevance.file(f"/work/app/lib/{name}")


def test_the_roots_hold_everything_that_is_watched(relevance: Relevance) -> None:
    assert relevance.roots == ["/home/me", "/work/app", "/work/shared"]


def test_of_an_app_with_a_jar_only_the_jar_and_the_named_folders_are_watched() -> None:
    relevance = Relevance(
        "/app", unpackaged=None, files=["/app/target/app.jar"], folders=["/app/src"]
    )
    assert relevance.roots == ["/app"]
    assert relevance.file("/app/target/app.jar")
    assert relevance.file("/app/src/main/java/A.java")
    assert not relevance.file("/app/pom.xml")
    assert not relevance.file("/app/target/classes/A.class")
    assert relevance.folder("/app/target")
    assert not relevance.folder("/app/target/classes")
    assert relevance.whole("/app/src/main")
    assert not relevance.whole("/app/target")
    assert not relevance.whole("/app")


def test_a_named_file_is_watched_even_if_its_name_is_ignored() -> None:
    relevance = Relevance("/app", unpackaged=UNPACKAGED, files=["/app/a.log"], ignored=IGNORED)
    assert relevance.file("/app/a.log")
    assert relevance.is_named("/app/a.log")
    assert not relevance.is_named("/app/index.js")


def test_a_folder_named_within_the_app_follows_the_rules_of_the_app() -> None:
    relevance = Relevance("/app", unpackaged=UNPACKAGED, folders=["/app/lib"])
    assert relevance.file("/app/lib/.hidden")
    assert relevance.roots == ["/app"]
