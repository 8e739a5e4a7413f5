"""Which changes a snapshot of the watched files finds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from packager.apps.files import Selection
from packager.apps.ignore import Ignored
from packager.watch.filter import Filter
from packager.watch.notify import Events
from packager.watch.snapshot import Difference, Snapshot


class Registrations:
    """A watcher that reports no events, and records which folders it watches."""

    limit = None

    def __init__(self) -> None:
        self.folders: dict[str, bool] = {}

    def watch(self, folder: str, *, deep: bool) -> None:
        self.folders[folder] = deep

    def unwatch(self, folder: str) -> None:
        self.folders.pop(folder, None)

    def wait(self, seconds: float | None, wake: int | None = None) -> Events:
        return Events()

    def close(self) -> None:
        self.folders.clear()


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    for name in (
        "index.js",
        "lib/a.js",
        "lib/deep/b.js",
        ".cache/HEAD",
        "../.git/HEAD",
        "build/out.js",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def relevance(app: Path, ignored: str = "/build", files: Iterable[str] = ()) -> Filter:
    """Watch the named `files` and all of `app` except hidden and `ignored` files."""
    return Filter(str(app), unpackaged=Ignored([ignored]), files=files)


@pytest.fixture
def tree(app: Path) -> Snapshot:
    """A snapshot of the app."""
    tree = Snapshot(relevance(app), Registrations())
    tree.scan()
    return tree


def watched(tree: Snapshot) -> set[str]:
    assert isinstance(tree.watcher, Registrations)
    return set(tree.watcher.folders)


def difference(found: Difference) -> dict[str, set[str]]:
    """Return the differences of each kind, by the names of files."""
    kinds = {name: {Path(path).name for path in paths} for name, paths in vars(found).items()}
    return {name: paths for name, paths in kinds.items() if paths}


def test_only_relevant_folders_are_watched(app: Path, tree: Snapshot) -> None:
    assert watched(tree) == {str(app), str(app / "lib"), str(app / "lib/deep")}


def test_the_first_scan_finds_all_files_and_the_second_no_change(app: Path) -> None:
    tree = Snapshot(relevance(app), Registrations())
    assert difference(tree.scan()) == {"created": {"index.js", "a.js", "b.js"}}
    assert difference(tree.scan()) == {}


def test_new_contents_are_a_change(app: Path, tree: Snapshot) -> None:
    (app / "index.js").write_text("new")
    assert difference(tree.refresh([str(app / "index.js")])) == {"changed": {"index.js"}}


def test_a_touched_file_is_not_a_change(app: Path, tree: Snapshot) -> None:
    os.utime(app / "index.js")
    assert difference(tree.refresh([str(app / "index.js")])) == {"rewritten": {"index.js"}}


def test_only_the_execution_bit_of_a_mode_is_a_change(app: Path, tree: Snapshot) -> None:
    (app / "index.js").chmod(0o600)
    assert tree.refresh([str(app / "index.js")]).contents == set()
    (app / "index.js").chmod(0o700)
    assert difference(tree.refresh([str(app / "index.js")])) == {"changed": {"index.js"}}


def test_the_same_size_and_time_do_not_hide_a_change(app: Path, tree: Snapshot) -> None:
    before = (app / "index.js").stat()
    (app / "index.js").write_text("INDEX.JS")
    os.utime(app / "index.js", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert difference(tree.scan()) == {"changed": {"index.js"}}


def test_a_new_folder_is_watched_with_its_contents(app: Path, tree: Snapshot) -> None:
    (app / "new/deep/.hidden").mkdir(parents=True)
    (app / "new/deep/c.js").write_text("c")
    assert difference(tree.refresh([str(app / "new")])) == {"created": {"c.js"}}
    assert watched(tree) >= {str(app / "new"), str(app / "new/deep"), str(app / "new/deep/.hidden")}


def test_a_new_folder_that_is_ignored_is_not_mistaken_for_a_file(app: Path) -> None:
    tree = Snapshot(relevance(app, ignored="new/"), Registrations())
    tree.scan()
    (app / "new").mkdir()
    assert difference(tree.refresh([str(app / "new")])) == {}


def test_a_removed_folder_is_no_longer_watched(app: Path, tree: Snapshot) -> None:
    shutil.rmtree(app / "lib")
    assert difference(tree.refresh([str(app / "lib")])) == {"removed": {"a.js", "b.js"}}
    assert watched(tree) == {str(app)}


def test_a_renamed_folder_is_watched_under_its_new_name(app: Path, tree: Snapshot) -> None:
    (app / "lib").rename(app / "src")
    found = tree.refresh([str(app / "lib"), str(app / "src")])
    assert difference(found) == {"created": {"a.js", "b.js"}, "removed": {"a.js", "b.js"}}
    assert watched(tree) == {str(app), str(app / "src"), str(app / "src/deep")}


def test_a_file_can_become_a_folder_and_a_folder_a_file(app: Path, tree: Snapshot) -> None:
    (app / "index.js").unlink()
    (app / "index.js").mkdir()
    (app / "index.js/c.js").write_text("c")
    shutil.rmtree(app / "lib")
    (app / "lib").write_text("a file")
    found = tree.refresh([str(app / "index.js"), str(app / "lib")])
    assert difference(found) == {
        "created": {"c.js", "lib"},
        "removed": {"index.js", "a.js", "b.js"},
    }


def test_very_many_changed_paths_cause_one_scan_of_everything(app: Path, tree: Snapshot) -> None:
    (app / "index.js").write_text("new")
    paths = [str(app / f"{number}.js") for number in range(1000)]
    assert difference(tree.refresh(paths)) == {"changed": {"index.js"}}


def test_a_link_within_the_app_is_watched_as_a_link(app: Path, tree: Snapshot) -> None:
    (app / "to-file").symlink_to("index.js")
    (app / "to-folder").symlink_to("lib")
    (app / "to-nothing").symlink_to("nothing")
    (app / "loop").symlink_to("loop")
    links = {"to-file", "to-folder", "to-nothing", "loop"}
    assert difference(tree.scan()) == {"created": links}
    (app / "to-folder").unlink()
    (app / "to-folder").symlink_to("lib/deep")
    assert difference(tree.scan()) == {"changed": {"to-folder"}}


def test_a_change_behind_a_link_out_of_the_app_is_noticed(
    app: Path, tmp_path: Path, tree: Snapshot
) -> None:
    (tmp_path / "shared/sub").mkdir(parents=True)
    (tmp_path / "shared/sub/c.js").write_text("c")
    (tmp_path / "shared/back").symlink_to(tmp_path / "shared")
    (app / "lib/shared").symlink_to(tmp_path / "shared")
    assert difference(tree.scan()) == {"created": {"c.js", "back"}}
    assert str(app / "lib/shared/sub") in watched(tree)
    (tmp_path / "shared/sub/c.js").write_text("new")
    assert difference(tree.refresh([str(app / "lib/shared/sub/c.js")])) == {"changed": {"c.js"}}


def test_a_change_behind_a_link_to_an_unwatched_file_is_noticed(
    app: Path, tmp_path: Path, tree: Snapshot
) -> None:
    for name, target in (("hidden", app / ".cache/HEAD"), ("outside", tmp_path / "outside.js")):
        target.write_text("old")
        (app / name).symlink_to(target)
        assert difference(tree.scan()) == {"created": {name}}
        assert str(target.parent) in watched(tree)
        target.write_text("new")
        assert tree.concerns(str(target))
        assert difference(tree.refresh([str(target)])) == {"changed": {name}}
        target.unlink()
        assert difference(tree.refresh([str(target)])) == {"changed": {name}}


@pytest.mark.parametrize(
    ("hidden", "text", "another"),
    [("lib/a.js", ".current", "lib/deep/b.js"), ("lib", ".current/a.js", "lib/deep")],
)
def test_a_link_is_examined_when_another_link_on_its_way_changes(
    app: Path, tree: Snapshot, hidden: str, text: str, another: str
) -> None:
    """The package has a link to the final target in its place."""
    (app / "lib/deep/a.js").write_text("another")
    (app / ".current").symlink_to(hidden)
    (app / "linked.js").symlink_to(text)
    assert "linked.js" in difference(tree.scan())["created"]
    (app / ".current").unlink()
    (app / ".current").symlink_to(another)
    assert tree.concerns(str(app / ".current"))
    assert difference(tree.refresh([str(app / ".current")])) == {"changed": {"linked.js"}}


def test_the_files_of_a_snapshot_are_the_packaged_ones(app: Path, tmp_path: Path) -> None:
    """The same rules cover ignored files, secrets, virtual environments and links."""
    for name in ("shared/lib/d.js", "shared/lib/.env", "prod.env", "outside.js", "app/venv/e.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (app / "venv/pyvenv.cfg").touch()
    (app / "lib/.env").write_text("A=1")
    (app / "a.js~").touch()
    for name, target in (
        ("inside.js", "lib/a.js"),
        ("folder", "lib/deep"),
        ("hidden", ".cache/HEAD"),
        ("ignored", "build"),
        ("linked", "../shared"),
        ("outside.js", "../outside.js"),
        ("harmless-name", "../prod.env"),
        ("node_modules/.bin/missing", "../missing.js"),
        ("to-a-link", "inside.js"),
    ):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).symlink_to(target)
    packaged = {member.name for member in Selection(app, ["/build"]).members()}
    assert {"linked/lib/d.js", "outside.js", "hidden", "ignored/out.js"} <= packaged
    found = Snapshot(relevance(app), Registrations()).scan()
    assert {os.path.relpath(path, app) for path in found.created} == packaged


def test_a_pipe_or_device_is_not_opened(app: Path, tree: Snapshot) -> None:
    os.mkfifo(app / "pipe")
    assert difference(tree.scan()) == {"created": {"pipe"}}
    assert difference(tree.scan()) == {}


def test_a_missing_root_is_reported_until_it_exists(app: Path, tree: Snapshot) -> None:
    assert tree.missing_roots() == []
    app.rename(app.with_name("away"))
    assert difference(tree.refresh([str(app)])) == {"removed": {"index.js", "a.js", "b.js"}}
    assert tree.missing_roots() == [str(app)]
    app.with_name("away").rename(app)
    assert difference(tree.scan()) == {"created": {"index.js", "a.js", "b.js"}}
    assert tree.missing_roots() == []


def test_other_files_beside_a_named_file_are_not_watched(app: Path, tmp_path: Path) -> None:
    (tmp_path / "prod.env").write_text("A=1")
    (tmp_path / "other.env").write_text("B=1")
    files = [str(tmp_path / "prod.env"), str(app / ".lambdaignore")]
    tree = Snapshot(relevance(app, files=files), Registrations())
    tree.scan()
    assert watched(tree) >= {str(app), str(tmp_path)}
    (tmp_path / "prod.env").write_text("A=2")
    (tmp_path / "other.env").write_text("B=2")
    (app / ".lambdaignore").write_text("docs")
    found = tree.refresh(map(str, [*tmp_path.iterdir(), *app.iterdir()]))
    assert difference(found) == {"changed": {"prod.env"}, "created": {".lambdaignore"}}


def test_a_file_that_is_ignored_from_now_on_counts_as_removed(app: Path, tree: Snapshot) -> None:
    tree.filter = relevance(app, ignored="/lib")
    assert difference(tree.scan()) == {"created": {"out.js"}, "removed": {"a.js", "b.js"}}
    assert watched(tree) == {str(app), str(app / "build")}


def test_a_link_out_of_the_work_tree_is_not_followed(app: Path, tmp_path: Path) -> None:
    """Packaging refuses such a link, and watching its target could mean the whole disk."""
    shutil.rmtree(tmp_path / ".git")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (app / "lib/out").symlink_to(tmp_path / "elsewhere")
    (app / "lib/root").symlink_to("/")
    tree = Snapshot(relevance(app), Registrations())
    tree.scan()
    assert watched(tree) == {str(app), str(app / "lib"), str(app / "lib/deep")}


def test_folders_that_links_multiply_are_watched_up_to_a_limit(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """16 folders with 3 links each to the next one make 43 million."""
    monkeypatch.setattr("packager.apps.rules.MOST_FOLDERS_BY_LINKS", 100)
    for number in range(17):
        (tmp_path / str(number)).mkdir()
        for link in range(3 if number < 16 else 0):
            (tmp_path / str(number) / f"link{link}").symlink_to(f"../{number + 1}")
    (app / "start").symlink_to(tmp_path / "0")
    tree = Snapshot(relevance(app), Registrations())
    tree.scan()
    assert 3 < len(watched(tree)) <= 3 + 100
