import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from callnexus import model_folder
from callnexus.errors import ModelFolderError
from callnexus.model_folder import FILES, Parts, read, write

ROOT = Path(__file__).parents[2]
TEXTS = ["male with a gun", "off his meds, hearing voices", "dog barking", ""]


def test_a_saved_model_predicts_as_before(small_parts: Parts, reports: dict[str, str], tmp_path: Path):
    folder = write(tmp_path, small_parts, reports)

    saved, unsaved = read(folder), model_folder.to_model(small_parts)

    assert np.array_equal(saved.scores(TEXTS), unsaved.scores(TEXTS))
    assert folder.name == "frozen-0.0.1"
    assert saved.version.startswith("frozen-0.0.1+")


def test_the_same_parts_give_the_same_bytes_apart_from_the_time(
    small_parts: Parts, reports: dict[str, str], tmp_path: Path
):
    one, other = write(tmp_path / "a", small_parts, reports), write(tmp_path / "b", small_parts, reports)

    for name in FILES:
        if name != "manifest.json":
            assert (one / name).read_bytes() == (other / name).read_bytes()
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (one, other)]
    for manifest in manifests:
        del manifest["created"], manifest["digest"]
    assert manifests[0] == manifests[1]


def test_the_version_changes_if_a_weight_changes(small_parts: Parts, reports: dict[str, str], tmp_path: Path):
    weights = small_parts.weights.copy()
    weights[3, 0] += 1

    before, after = (
        read(write(tmp_path / name, p, reports))
        for name, p in (("a", small_parts), ("b", replace(small_parts, weights=weights)))
    )

    assert before.version != after.version


def test_the_same_content_is_left_alone_and_other_content_is_refused_unless_asked(
    small_parts: Parts, reports: dict[str, str], tmp_path: Path
):
    folder = write(tmp_path, small_parts, reports)
    written = (folder / "manifest.json").stat().st_mtime_ns

    assert write(tmp_path, small_parts, reports) == folder
    assert (folder / "manifest.json").stat().st_mtime_ns == written
    other = replace(small_parts, sufficiency=replace(small_parts.sufficiency, fewest_words=5))
    with pytest.raises(ModelFolderError, match="raise the release"):
        write(tmp_path, other, reports)
    write(tmp_path, other, reports, replace=True)
    assert read(folder).sufficiency.fewest_words == 5
    assert sorted(os.listdir(tmp_path)) == ["CHANGELOG.md", folder.name]


def test_a_write_that_fails_leaves_the_old_folder_and_nothing_else(
    small_parts: Parts, reports: dict[str, str], tmp_path: Path
):
    folder = write(tmp_path, small_parts, reports)
    version = read(folder).version
    broken = replace(small_parts, weights=np.full_like(small_parts.weights, np.nan))

    with pytest.raises(ModelFolderError, match="finite"):
        write(tmp_path, broken, reports, replace=True)

    assert read(folder).version == version
    assert sorted(os.listdir(tmp_path)) == ["CHANGELOG.md", folder.name]


def test_a_place_that_cannot_be_written_to_is_named(small_parts: Parts, reports: dict[str, str], tmp_path: Path):
    (tmp_path / "models").write_text("a file", encoding="utf-8")

    with pytest.raises(ModelFolderError, match="models: cannot be written: File exists"):
        write(tmp_path / "models", small_parts, reports)


def test_a_folder_that_is_damaged_is_replaced_only_if_asked(
    small_parts: Parts, reports: dict[str, str], tmp_path: Path
):
    folder = write(tmp_path, small_parts, reports)
    (folder / "weights.npz").unlink()

    with pytest.raises(ModelFolderError, match="exists with other content"):
        write(tmp_path, small_parts, reports)

    assert read(write(tmp_path, small_parts, reports, replace=True)).version


def run_writers(what: str, how: str, models: Path) -> None:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.model_folder.writers", what, how, str(models)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="writers are forked")
@pytest.mark.parametrize("how", ["exchange", "aside"])
def test_a_writer_killed_at_200_moments_leaves_a_whole_version(how: str, tmp_path: Path):
    run_writers("killed", how, tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="writers are forked")
def test_two_writers_and_a_reader_at_once_never_see_half_a_version(tmp_path: Path):
    run_writers("replacing", "exchange", tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="writers are forked")
def test_of_two_writers_of_a_new_release_one_wins_and_the_other_is_told(tmp_path: Path):
    run_writers("first", "exchange", tmp_path)
