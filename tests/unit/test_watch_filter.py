"""Which files and folders are watched."""

from __future__ import annotations

import pytest

from packager.apps.ignore import Ignored
from packager.watch.filter import Filter

UNPACKAGED = Ignored(["/build/"])
IGNORED = Ignored(["*.log", "docs/"])


@pytest.fixture
def relevance() -> Filter:
    return Filter(
        "/srv/app",
        unpackaged=UNPACKAGED,
        files=["/srv/app/.lambdaignore", "/home/me/prod.env"],
        folders=["/srv/shared", "/srv/app/.config"],
        ignored=IGNORED,
    )


@pytest.mark.parametrize(
    "path",
    [
        "/srv/app/index.js",
        "/srv/app/lib/deep/er/a.js",
        "/srv/app/lib/.hidden",
        "/srv/app/node_modules/.package-lock.json",
        "/srv/app/.lambdaignore",
        "/srv/app/.config/a.json",
        "/home/me/prod.env",
        "/srv/shared/lib/a.js",
    ],
)
def test_a_packaged_or_named_file_is_watched(relevance: Filter, path: str) -> None:
    assert relevance.watches_file(path)
    assert relevance.concerns(path)
    assert relevance.watches_folder(path.rpartition("/")[0])


@pytest.mark.parametrize(
    "path",
    [
        "/srv/app/.env",
        "/srv/app/env.properties",
        "/srv/app/.git/HEAD",
        "/srv/app/.git/objects/ab/cdef",
        "/srv/app/build/out.js",
        "/srv/app/build/deep/out.js",
        "/srv/app/debug.log",
        "/srv/app/docs/a/b.md",
        "/srv/application/index.js",
        "/srv/other.js",
        "/home/me/other.env",
        "/srv/shared/.git/HEAD",
        "/srv/shared/debug.log",
        "/index.js",
    ],
)
def test_a_file_that_is_not_packaged_is_not_watched(relevance: Filter, path: str) -> None:
    assert not relevance.watches_file(path)


@pytest.mark.parametrize(
    "folder",
    ["/srv/app/.git", "/srv/app/.git/objects", "/srv/app/build", "/srv/app/docs", "/work", "/"],
)
def test_folders_without_anything_to_watch_are_not_entered(relevance: Filter, folder: str) -> None:
    assert not relevance.watches_folder(folder)
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
def test_temporary_files_of_editors_are_not_watched(relevance: Filter, name: str) -> None:
    assert not relevance.watches_file(f"/srv/app/lib/{name}")
    assert not relevance.watches_file(f"/srv/shared/{name}")


@pytest.mark.parametrize("name", ["4913.js", "a.swp.js", "swp", "#a.js", "a#", "jb_tmp", "~a.js"])
def test_a_file_that_only_resembles_an_ignored_one_is_watched(relevance: Filter, name: str) -> None:
    assert relevance.watches_file(f"/srv/app/lib/{name}")


def test_the_roots_hold_everything_that_is_watched(relevance: Filter) -> None:
    assert relevance.roots == ["/home/me", "/srv/app", "/srv/shared"]


def test_with_a_jar_only_the_jar_and_the_named_folders_are_watched() -> None:
    relevance = Filter("/app", unpackaged=None, files=["/app/target/app.jar"], folders=["/app/src"])
    assert relevance.roots == ["/app"]
    assert relevance.watches_file("/app/target/app.jar")
    assert relevance.watches_file("/app/src/main/java/A.java")
    assert not relevance.watches_file("/app/pom.xml")
    assert not relevance.watches_file("/app/target/classes/A.class")
    assert relevance.watches_folder("/app/target")
    assert not relevance.watches_folder("/app/target/classes")
    assert relevance.start("/app/src") is not None
    assert relevance.start("/app/target") is None
    assert relevance.start("/app") is None


def test_a_named_file_is_watched_even_if_its_name_is_ignored() -> None:
    relevance = Filter("/app", unpackaged=UNPACKAGED, files=["/app/a.log"], ignored=IGNORED)
    assert relevance.watches_file("/app/a.log")
    assert relevance.is_named("/app/a.log")
    assert not relevance.is_named("/app/index.js")


def test_a_folder_named_within_the_app_follows_the_rules_of_the_app() -> None:
    relevance = Filter("/app", unpackaged=UNPACKAGED, folders=["/app/lib"])
    assert relevance.watches_file("/app/lib/.hidden")
    assert relevance.roots == ["/app"]
