import os
import time
from pathlib import Path

import pytest

from callnexus.errors import ModelFolderError
from callnexus.model_folder import exchange


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    new, target = tmp_path / ".m-1.0.0.aa.new", tmp_path / "m-1.0.0"
    for folder in (new, target):
        folder.mkdir()
        (folder / "name").write_text(folder.name, encoding="utf-8")
    return new, target


@pytest.mark.parametrize("together", [True, False])
def test_a_folder_takes_the_place_of_another(
    folders: tuple[Path, Path], together: bool, monkeypatch: pytest.MonkeyPatch
):
    new, target = folders
    if not together:
        monkeypatch.setattr(exchange, "_exchange", lambda one, other: False)

    exchange.put(new, target, replace=True)

    assert (target / "name").read_text(encoding="utf-8") == new.name
    assert not list(target.parent.glob(".*.old"))


def test_two_folders_are_exchanged_in_one_step_where_tests_run(folders: tuple[Path, Path]):
    new, target = folders

    assert exchange._exchange(new, target)

    assert (target / "name").read_text(encoding="utf-8") == new.name
    assert (new / "name").read_text(encoding="utf-8") == target.name


def test_what_is_there_is_kept_unless_it_may_be_replaced(folders: tuple[Path, Path]):
    new, target = folders

    with pytest.raises(ModelFolderError, match="theirs was kept"):
        exchange.put(new, target, replace=False)

    assert (target / "name").read_text(encoding="utf-8") == target.name


def test_a_place_that_cannot_be_written_to_is_named(folders: tuple[Path, Path], tmp_path: Path):
    new, _ = folders

    with pytest.raises(ModelFolderError, match="cannot be written"):
        exchange.put(new, tmp_path / "nowhere" / "m-1.0.0", replace=True)


def test_a_version_that_was_moved_aside_comes_back(folders: tuple[Path, Path]):
    _, target = folders
    aside = target.with_name(".m-1.0.0.bb.old")
    target.rename(aside)

    exchange.recover(target)

    assert (target / "name").read_text(encoding="utf-8") == target.name
    assert not aside.exists()


def test_only_what_is_old_and_half_done_is_removed(folders: tuple[Path, Path]):
    new, target = folders
    stale = target.with_name(".m-1.0.0.cc.new")
    other = target.with_name(".m-1.0.0-2.dd.keep")
    for folder in (stale, other):
        folder.mkdir()
        os.utime(folder, (time.time() - 90_000,) * 2)

    exchange.recover(target)

    assert not stale.exists()
    assert new.exists()
    assert other.exists()
    assert target.exists()
