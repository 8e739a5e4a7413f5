"""Whether two texts name the same place of a package."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.apps.python import places

# Texts in one row name the same repository; those in different rows do not.
REPOSITORIES = [
    ["https://h/a/b.git", "https://user@h/a/b", "git+https://h:443/a/b/", "ssh://git@h/a/b.git"],
    ["git@h:c/b.git", "ssh://git@h:2222/c/b.git", "git@h:2222/c/b.git"],
    ["file:///a/b", "file://None/a/b", "git+file:///a/b.git"],
    ["https://other/a/b.git"],
]


def test_a_repository_is_the_same_however_it_is_written() -> None:
    for number, texts in enumerate(REPOSITORIES):
        found = {places.git(text) for text in texts}
        assert len(found) == 1, texts
        for others in REPOSITORIES[:number]:
            assert found.isdisjoint(map(places.git, others))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("git+https://h/a.git@main#subdirectory=x", places.git("https://h/a", "main")),
        ("git+https://h/a.git#egg=a@1", places.git("https://h/a")),
        ("git+ssh://git@h/a.git", places.git("https://h/a")),
        ("git+ssh://git@h/a.git@feature/x", places.git("https://h/a", "feature/x")),
        ("git+file:///a@v1", places.git("file:///a", "v1")),
        ("file:///libs/a%20b", places.path(Path("/libs"), "a b")),
        ("https://user@h/a-1.zip#sha256=00", places.archive("https://h/a-1.zip")),
        ("https://[h/a-1.zip", places.archive("https://[h/a-1.zip")),
    ],
)
def test_the_url_of_a_requirement_is_a_place(url: str, place: places.Place) -> None:
    assert places.of_requirement(url, Path("/")) == place


def test_only_pypi_is_the_same_as_no_index() -> None:
    assert places.index("PyPI") == places.index("") != places.index("corp")
