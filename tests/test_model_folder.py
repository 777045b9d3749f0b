import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import callnexus
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
    other = replace(parts, sufficiency=replace(parts.sufficiency, fewest_words=5))
    with pytest.raises(ModelFolderError, match="raise the release"):
        write(tmp_path, other, REPORTS)
    write(tmp_path, other, REPORTS, replace=True)
    assert read(folder).sufficiency.fewest_words == 5
    assert os.listdir(tmp_path) == [folder.name]


def test_a_write_that_fails_leaves_the_old_folder_and_nothing_else(parts: Parts, tmp_path: Path):
    folder = write(tmp_path, parts, REPORTS)
    version = read(folder).version
    broken = replace(parts, weights=np.full_like(parts.weights, np.nan))

    with pytest.raises(ModelFolderError, match="finite"):
        write(tmp_path, broken, REPORTS, replace=True)

    assert read(folder).version == version
    assert os.listdir(tmp_path) == [folder.name]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(folder: Path, name: str):
    (folder / name).unlink()

    with pytest.raises(ModelFolderError, match=name.replace(".", r"\.") + ": missing"):
        read(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_anywhere_is_refused(folder: Path, name: str):
    path = folder / name
    content = bytearray(path.read_bytes())
    for place in {0, len(content) // 3, len(content) // 2, len(content) - 1}:
        damaged = bytearray(content)
        damaged[place] ^= 1
        path.write_bytes(damaged)

        with pytest.raises(ModelFolderError):
            read(folder)


def test_every_changed_byte_of_the_manifest_is_refused(folder: Path):
    content = (folder / "manifest.json").read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << (place % 7)
        (folder / "manifest.json").write_bytes(damaged)

        with pytest.raises(ModelFolderError):
            model_folder._read_manifest(folder)


def test_an_extra_file_is_refused(folder: Path):
    (folder / "lexicon" / "run_me.py").write_text("print()")

    with pytest.raises(ModelFolderError, match=r"run_me\.py: no file of that name"):
        read(folder)


def test_a_link_is_refused(folder: Path, tmp_path: Path):
    outside = tmp_path / "outside.md"
    outside.write_bytes((folder / "card.md").read_bytes())
    (folder / "card.md").unlink()
    (folder / "card.md").symlink_to(outside)

    with pytest.raises(ModelFolderError, match="holds no links"):
        read(folder)


def test_arrays_that_unpack_to_more_than_allowed_are_refused_unread():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights.npy", b"\0" * (model_folder.LARGEST_FILE + 1))

    with pytest.raises(ModelFolderError, match="when unpacked"):
        model_folder._read_arrays(buffer.getvalue(), Path("weights.npz"))


def test_pickled_arrays_are_refused():
    buffer = io.BytesIO()
    np.savez(buffer, weights=np.array([{}], dtype=object), intercepts=np.zeros(2))

    with pytest.raises(ModelFolderError, match="not the arrays of a model"):
        model_folder._read_arrays(buffer.getvalue(), Path("weights.npz"))


def test_a_newer_format_is_refused_with_what_to_do(folder: Path):
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))

    with pytest.raises(ModelFolderError, match=r"format 2 is newer.*update callnexus"):
        read(folder)


def test_a_folder_that_does_not_exist_is_refused():
    with pytest.raises(callnexus.CallnexusError, match="no such model folder"):
        callnexus.load("nowhere")
