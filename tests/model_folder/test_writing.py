import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from callnexus import model_folder
from callnexus.errors import ModelFolderError
from callnexus.model_folder import FILES, Parts, read, write

TEXTS = ["male with a gun", "off his meds, hearing voices", "dog barking", ""]
REPORTS = {"card.md": "card", "fairness.html": "page", "fairness.json": "{}"}


def test_a_saved_model_predicts_as_before(parts: Parts, tmp_path: Path):
    folder = write(tmp_path, parts, REPORTS)

    saved, unsaved = read(folder), model_folder.to_model(parts)

    assert np.array_equal(saved.scores(TEXTS), unsaved.scores(TEXTS))
    assert folder.name == "callnexus-0.1.0"
    assert saved.version.startswith("callnexus-0.1.0+")


def test_the_same_parts_give_the_same_bytes_apart_from_the_time(parts: Parts, tmp_path: Path):
    one, other = write(tmp_path / "a", parts, REPORTS), write(tmp_path / "b", parts, REPORTS)

    for name in FILES:
        if name != "manifest.json":
            assert (one / name).read_bytes() == (other / name).read_bytes()
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (one, other)]
    for manifest in manifests:
        del manifest["created"], manifest["digest"]
    assert manifests[0] == manifests[1]


def test_the_version_changes_if_a_weight_changes(parts: Parts, tmp_path: Path):
    weights = parts.weights.copy()
    weights[3, 0] += 1

    before, after = (
        read(write(tmp_path / name, p, REPORTS)) for name, p in (("a", parts), ("b", replace(parts, weights=weights)))
    )

    assert before.version != after.version


def test_the_same_content_is_left_alone_and_other_content_is_refused_unless_asked(parts: Parts, tmp_path: Path):
    folder = write(tmp_path, parts, REPORTS)
    written = (folder / "manifest.json").stat().st_mtime_ns

    assert write(tmp_path, parts, REPORTS) == folder
    assert (folder / "manifest.json").stat().st_mtime_ns == written
    other = replace(parts, fewest_words=5)
    with pytest.raises(ModelFolderError, match="raise the release"):
        write(tmp_path, other, REPORTS)
    write(tmp_path, other, REPORTS, replace=True)
    assert read(folder).fewest_words == 5
    assert os.listdir(tmp_path) == [folder.name]


def test_a_write_that_fails_leaves_the_old_folder_and_nothing_else(parts: Parts, tmp_path: Path):
    folder = write(tmp_path, parts, REPORTS)
    version = read(folder).version
    broken = replace(parts, weights=np.full_like(parts.weights, np.nan))

    with pytest.raises(ModelFolderError, match="finite"):
        write(tmp_path, broken, REPORTS, replace=True)

    assert read(folder).version == version
    assert os.listdir(tmp_path) == [folder.name]
