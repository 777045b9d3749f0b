import json
import random
from pathlib import Path
from typing import Any

import pytest
from tests.model_folder.sealing import seal

import callnexus
from callnexus.errors import ModelFolderError
from callnexus.model_folder import FORMAT, LEXICON_FILES, files, manifest, read
from callnexus.model_folder.changelog import release_order


@pytest.mark.parametrize("name", ["manifest.json", *LEXICON_FILES])
def test_every_changed_byte_of_manifest_and_lexicon_is_refused(packaged: Path, name: str):
    contents = files.read_files(packaged)
    damaged = bytearray(contents[name])
    for place in range(len(damaged)):
        damaged[place] ^= 1 << (place % 8)

        with pytest.raises(ModelFolderError):
            manifest.verified(contents | {name: bytes(damaged)}, packaged)
        damaged[place] ^= 1 << (place % 8)
    assert bytes(damaged) == contents[name]


def test_five_thousand_changed_bytes_of_the_weights_are_refused(packaged: Path):
    contents = files.read_files(packaged)
    damaged = bytearray(contents["weights.npz"])
    chance = random.Random(0)
    for _ in range(5000):
        place, bit = chance.randrange(len(damaged)), 1 << chance.randrange(8)
        damaged[place] ^= bit

        with pytest.raises(ModelFolderError, match=r"weights\.npz: the content is not"):
            manifest.verified(contents | {"weights.npz": bytes(damaged)}, packaged)
        damaged[place] ^= bit


@pytest.mark.parametrize("name", files.FILES_OF[FORMAT])
def test_a_changed_byte_of_any_file_is_refused_by_name(small: Path, name: str):
    content = bytearray((small / name).read_bytes())
    content[len(content) // 2] ^= 1
    (small / name).write_bytes(content)

    with pytest.raises(ModelFolderError, match=name.replace(".", r"\.")):
        read(small)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"format"', '"format": 2, "format"'),
        ('"fewest_words": 2', '"fewest_words": NaN'),
        ('"fewest_words": 2', '"fewest_words": -Infinity'),
        ('"fewest_words": 2', '"fewest_words": 1e999'),
        ('"fewest_words": 2', '"fewest_words": ' + "9" * 5000),
        ('"fewest_words": 2', '"fewest_words": 0.' + "9" * 5000),
        ('"fewest_words": 2', '"fewest_words": ' + "[" * 100_000 + "]" * 100_000),
        ('"fewest_words": 2', '"fewest_words": ' + '{"a":' * 100_000 + "1" + "}" * 100_000),
        ('"fewest_words": 2', '"fewest_words": "\\ud800'),
        ("{", "[{"),
        ('"format": 2', '"format": true'),
        ('"format": 2', '"format": 0'),
        ('"format": 2', '"format": -1'),
        ('"format": 2', '"format": 2.0'),
        ('"format": 2', '"format": null'),
        ('"format": 2', '"format": "2"'),
    ],
)
def test_a_manifest_of_strange_json_is_refused(small: Path, before: str, after: str):
    path = small / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")

    with pytest.raises(ModelFolderError, match=r"manifest\.json"):
        read(small)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"\xff\xfe", b"\x00", b'{"format": 2}', b"{"])
def test_what_is_no_manifest_is_refused(small: Path, content: bytes):
    (small / "manifest.json").write_bytes(content)

    with pytest.raises(ModelFolderError, match=r"manifest\.json: not a manifest"):
        read(small)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "../../etc"),
        ("name", 7),
        ("release", "1"),
        ("labels", {"mh_nexus": ""}),
        ("labels", [1]),
        ("thresholds", {"mh_nexus": {}}),
        ("features", None),
        ("features", [1]),
        ("fewest_words", -1),
        ("fewest_words", True),
        ("status", "approved"),
        ("status", None),
    ],
)
def test_a_field_of_the_wrong_kind_is_named_although_the_hashes_agree(small: Path, key: str, value: Any):
    seal(small, **{key: value})

    with pytest.raises(ModelFolderError, match=rf"manifest\.json: {key} is missing or not of the right kind"):
        read(small)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("thresholds", {"mh_nexus": {"yes_from": 2, "no_below": 0}, "safety_risk": {"yes_from": 1, "no_below": 0}}),
        ("thresholds", {"mh_nexus": [1], "safety_risk": [1]}),
        ("thresholds", {"mh_nexus": {"yes_from": "x", "no_below": "y"}, "safety_risk": {}}),
        ("features", {"bits": 60}),
        ("features", {"bits": "x"}),
        ("features", {"word_lengths": 3}),
        ("features", {"unknown": 1}),
    ],
)
def test_a_value_that_no_model_can_have_is_refused_although_the_hashes_agree(small: Path, key: str, value: Any):
    seal(small, **{key: value})

    with pytest.raises(ModelFolderError):
        read(small)


def test_a_newer_format_is_refused_with_the_release_that_is_needed(small: Path):
    seal(small, format=FORMAT + 1, needs="9.8.7")

    with pytest.raises(ModelFolderError, match=rf"format {FORMAT + 1} is newer .* needed: 9\.8\.7"):
        read(small)


def test_a_newer_format_that_names_no_release_is_refused_with_what_to_do(small: Path):
    seal(small, format=FORMAT + 1, needs="\x1b[31m")

    with pytest.raises(ModelFolderError, match="update callnexus, needed: a newer release"):
        read(small)


def test_this_release_reads_what_it_writes(packaged: Path):
    told = json.loads((packaged / "manifest.json").read_text(encoding="utf-8"))

    assert told["format"] == FORMAT == max(files.FILES_OF)
    assert release_order(told["needs"]) <= release_order(callnexus.__version__)


def test_a_note_that_is_not_finite_is_refused_when_it_is_written():
    with pytest.raises(ModelFolderError, match="a note that JSON cannot hold"):
        manifest.canonical({"notes": {"auc": float("nan")}})
