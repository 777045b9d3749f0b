"""Every format that was ever released loads for ever, and says what it said then."""

import json
from pathlib import Path

import pytest

from callnexus.model_folder import FORMAT, read
from callnexus.model_folder.files import FILES_OF

OLD = Path(__file__).parent / "old_models"


def test_every_format_has_a_frozen_model():
    assert {path.name for path in OLD.iterdir() if path.name.isdigit()} == {str(number) for number in FILES_OF}
    assert max(FILES_OF) == FORMAT


@pytest.mark.parametrize("number", FILES_OF)
def test_a_frozen_model_says_what_it_said_when_it_was_packaged(number: int):
    folder = OLD / str(number)
    rows = [json.loads(line) for line in (folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]

    model = read(folder / "frozen-0.0.1")

    assert model.manifest["format"] == number
    assert len(rows) >= 10
    for row, prediction in zip(rows, model.predict_many(row["narrative"] for row in rows), strict=True):
        labels = (prediction.mh_nexus, prediction.safety_risk)
        assert [found.score for found in labels] == pytest.approx(row["scores"], abs=1e-9)
        assert [found.decision for found in labels] == row["decisions"]
        assert prediction.response == row["response"]


def test_a_frozen_model_is_small():
    for folder in OLD.iterdir():
        assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 100_000
