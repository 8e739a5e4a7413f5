"""Which files the watch mode treats as outputs of the build command."""

from __future__ import annotations

from packager.watch.build_products import Outputs
from packager.watch.snapshot import Difference


def changed(*paths: str) -> Difference:
    return Difference(changed=set(paths))


def test_a_new_file_is_an_output_of_the_build_that_ran() -> None:
    outputs = Outputs()
    assert outputs.changed_by_build(Difference(created={"dist/a"})) == set()
    assert outputs.changed_by_build(changed("dist/a")) == set()
    assert outputs.changed_by_build(Difference(removed={"dist/a"})) == set()


def test_a_known_output_never_starts_a_build() -> None:
    outputs = Outputs(["app.jar"])
    outputs.changed_between_builds(["app.jar"])
    for _ in range(5):
        assert outputs.changed_by_build(changed("app.jar")) == set()


def test_a_file_that_changes_during_a_build_is_built_again_once() -> None:
    outputs = Outputs()
    assert outputs.changed_by_build(changed("dist/a")) == {"dist/a"}
    for _ in range(5):
        assert outputs.changed_by_build(changed("dist/a")) == set()


def test_a_file_that_the_build_rewrites_unchanged_is_an_output_too() -> None:
    outputs = Outputs()
    assert outputs.changed_by_build(Difference(rewritten={"dist/a"})) == set()
    assert outputs.changed_by_build(changed("dist/a")) == set()


def test_a_source_that_is_saved_during_several_builds_is_built_each_time() -> None:
    outputs = Outputs()
    outputs.changed_between_builds(["src/a"])
    for _ in range(3):
        assert outputs.changed_by_build(changed("src/a")) == {"src/a"}
    outputs.changed_between_builds(["src/a"])
    for _ in range(3):
        assert outputs.changed_by_build(changed("src/a")) == {"src/a"}


def test_a_source_saved_during_a_build_is_not_an_output() -> None:
    outputs = Outputs()
    outputs.changed_between_builds(["src/a"])
    assert outputs.changed_by_build(Difference(created={"src/a"})) == {"src/a"}


def test_an_output_that_was_also_edited_does_not_build_forever() -> None:
    outputs = Outputs()
    outputs.changed_by_build(Difference(created={"dist/a"}))
    outputs.changed_between_builds(["dist/a"])
    builds = 0
    while outputs.changed_by_build(changed("dist/a")):
        builds += 1
    assert builds == 3
