import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.model_folder.sealing import seal

from callnexus.errors import ModelFolderError
from callnexus.model_folder import LEXICON_FILES, identity, read, verify_files

PIECES = (b"\x00", b"\xff", b"\n", b",", b'"', b"\r", b"9" * 30, b"present", b"a " * 70_000, "é²".encode(), b"[[", b"=")
VALUES = (None, True, -1, 0, 3, 10**30, 0.5, 1e300, "", "x", [], [1], [9], ["a"], {}, {"a": 1}, {"yes_from": 1})


def test_the_loaded_model_cannot_be_changed(packaged: Path):
    model = read(packaged)

    with pytest.raises(ValueError, match="read-only"):
        model.weights[0, 0] = 1
    with pytest.raises(AttributeError):
        model.status = "approved"  # type: ignore[misc]


def test_a_link_to_a_model_folder_may_be_given(packaged: Path, tmp_path: Path):
    (tmp_path / "current").symlink_to(packaged, target_is_directory=True)

    assert read(tmp_path / "current").version == read(packaged).version


def test_nothing_is_built_from_a_folder_that_is_not_intact(small: Path):
    (small / "fairness.html").write_bytes(b"another page")

    with pytest.raises(ModelFolderError, match=r"fairness\.html: the content is not what the manifest promises"):
        verify_files(small)


def test_the_identity_of_a_folder_changes_with_the_folder(small: Path, tmp_path: Path):
    before = identity(small)
    shutil.copytree(small, tmp_path / "copy")
    shutil.rmtree(small)
    (tmp_path / "copy").rename(small)

    assert identity(small) not in (before, None)
    assert identity(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", [*LEXICON_FILES, "policy.toml"])
def test_any_text_that_is_sealed_loads_or_is_the_documented_error(packaged: Path, small: Path, name: str):
    chance = random.Random(name)
    content = (packaged / name).read_bytes()
    refused = 0
    for _ in range(60):
        place = chance.randrange(len(content))
        piece = chance.choice(PIECES)
        (small / name).write_bytes(content[:place] + piece + content[place + chance.randrange(3) :])
        seal(small)
        try:
            read(small)
        except ModelFolderError:
            refused += 1
    assert refused


def test_any_value_in_the_manifest_that_is_sealed_loads_or_is_the_documented_error(packaged: Path, small: Path):
    told = json.loads((packaged / "manifest.json").read_text(encoding="utf-8"))
    paths: list[tuple[str, ...]] = [(key,) for key in told if key not in ("files", "created", "version", "digest")]
    paths += [("features", key) for key in told["features"]]
    paths += [("thresholds", label, key) for label, pair in told["thresholds"].items() for key in pair]
    refused = 0
    for path in paths:
        # Without name and release there is nothing to seal.
        for value in VALUES[path[0] in ("name", "release") :]:
            seal(small, **{path[0]: changed(told[path[0]], path[1:], value)})
            try:
                read(small)
            except ModelFolderError:
                refused += 1
            shutil.copy(packaged / "manifest.json", small)
    assert refused > len(paths)


def changed(whole: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    return whole | {path[0]: changed(whole[path[0]], path[1:], value)}
