"""Files that are made whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from packager import output
from packager.errors import PackagerError


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    with output.created(tmp_path / "new") as file:
        file.write(b"data")
    assert (tmp_path / "new").read_bytes() == b"data"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_file_that_is_not_finished_is_gone(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), output.created(tmp_path / "new") as file:
        file.write(b"data")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "new"
    with pytest.raises(PackagerError) as error, output.created(path):
        pass
    assert error.value.message == f"{path} cannot be written: No such file or directory."
