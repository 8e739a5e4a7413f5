"""Symbolic links: what is packaged in their place, and where they may lead."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from packager.apps import rules
from packager.apps.files import Selection
from packager.errors import PackageError
from tests.trees import Link, Tree, plant


def names(app: Path) -> list[str]:
    return [member.name for member in Selection(app).members()]


@pytest.mark.parametrize(
    "target",
    ["{}/secret", "{}/folder", "/etc/passwd", "/proc/self/environ", "/dev/null", "/sys"],
)
@pytest.mark.parametrize("place", ["data", "lib/data", "node_modules/a/data"])
def test_a_link_out_of_the_app_is_an_error(target: str, place: str, tmp_path: Path) -> None:
    tree: Tree = {"secret": b"secret", "folder/secret": b"secret", "app/index.js": b""}
    plant(tmp_path, {**tree, f"app/{place}": Link(target)})
    if not (tmp_path / "app" / place).exists():
        pytest.skip("not on this machine")
    with pytest.raises(PackageError, match="leads out of the app"):
        names(tmp_path / "app")


def test_a_link_to_another_folder_of_the_same_work_tree_is_its_contents(tmp_path: Path) -> None:
    """Monorepos share folders this way; in a submodule or work tree, `.git` is a file."""
    tree: Tree = {"shared/a.js": b"", "apps/fn/shared": Link("../../shared")}
    plant(tmp_path, {".git": b"gitdir: elsewhere", **tree})
    assert names(tmp_path / "apps" / "fn") == ["shared/a.js"]


@pytest.mark.parametrize("name", ["config", ".git/config"])
def test_a_link_into_or_out_of_the_git_repository_is_an_error(name: str, tmp_path: Path) -> None:
    plant(tmp_path, {"config": b"", "repo/.git/config": b"", "repo/app/index.js": b""})
    (tmp_path / "repo/app/link").symlink_to(Path("../..", "" if name == "config" else "repo", name))
    with pytest.raises(PackageError, match="leads out of the app"):
        names(tmp_path / "repo" / "app")


def test_a_package_that_node_modules_links_to_may_be_elsewhere(tmp_path: Path) -> None:
    """`npm install ../shared` makes such a link."""
    tree: Tree = {"shared/package.json": b"{}", "app/node_modules/a": Link("../../shared")}
    plant(tmp_path, tree)
    assert names(tmp_path / "app") == ["node_modules/a/package.json"]


def test_on_a_dyno_the_slug_is_the_work_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slug has no `.git`."""
    plant(tmp_path, {"shared/a.js": b"", "fn/shared": Link("../shared")})
    monkeypatch.setenv("DYNO", "run.1")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert names(tmp_path / "fn") == ["shared/a.js"]


def test_a_link_of_another_name_does_not_package_a_file_of_secrets(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".git": b"",
            "shared/.env": b"",
            "shared/id_rsa": b"",
            "app/index.js": b"",
            "app/config": Link("../shared/.env"),
            "app/key": Link("../shared/id_rsa"),
            "app/.lambdaignore": b"!key\n",
        },
    )
    selection = Selection(tmp_path / "app")
    assert [member.name for member in selection.members()] == ["index.js", "key"]
    assert "config" in selection.events()[0].text


@pytest.mark.parametrize("target", ["../tool/cli.js", "../../../modules/tool/cli.js"])
def test_a_link_to_a_program_of_a_missing_package_is_skipped(target: str, tmp_path: Path) -> None:
    """Yarn makes links to the programs of a workspace's packages."""
    plant(tmp_path, {"modules/tool/cli.js": b"", "app/index.js": b""})
    plant(tmp_path / "app", {"node_modules/.bin/tool": Link(target)})
    assert names(tmp_path / "app") == ["index.js"]


def test_the_lock_of_an_editor_is_not_a_broken_link(tmp_path: Path) -> None:
    """Emacs stores the user and the process as the target of a broken link."""
    plant(tmp_path, {"src/a.js": b"", "src/.#a.js": Link("ana@host.42:17")})
    assert names(tmp_path) == ["src/a.js"]


@pytest.mark.parametrize("way", ["folders", "links"])
def test_links_that_multiply_folders_are_an_error_that_names_them(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """16 folders with 3 links each to the next make 43 million; so do a few with many links."""
    monkeypatch.setattr(rules, "MOST_FOLDERS_BY_LINKS", 1000)
    depth, width = (20, 3) if way == "links" else (5, 12)
    tree: dict[str, bytes | Link] = {".git": b"", "app/start": Link("../0")}
    for number, link in itertools.product(range(depth), range(width)):
        tree[f"{number}/link{link}"] = Link(f"../{number + 1}")
    tree[f"{depth}/end"] = b""
    plant(tmp_path, tree)
    with pytest.raises(PackageError, match=r"Symbolic links lead to over .*start, start/link"):
        names(tmp_path / "app")


def test_a_virtual_environment_of_any_name_is_left_out(tmp_path: Path) -> None:
    tree = ["venv/pyvenv.cfg", "venv/lib/a.py", "lib/own/pyvenv.cfg", "lib/own/b", "app.py"]
    plant(tmp_path, dict.fromkeys([*tree, "env/conda-meta/history", "env/lib/a.py"], b""))
    assert names(tmp_path) == ["app.py"]
    (tmp_path / ".lambdaignore").write_text("!venv\n")
    assert names(tmp_path) == ["app.py", "venv/lib/a.py", "venv/pyvenv.cfg"]
