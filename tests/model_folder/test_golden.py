import json
import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.model_folder.sealing import seal

from callnexus.errors import ModelFolderError
from callnexus.model_folder import Parts, arrays, golden, read, to_model


def rows_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "golden.jsonl").read_text(encoding="utf-8").splitlines()]


def put(folder: Path, rows: list[dict[str, object]]) -> None:
    (folder / "golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    seal(folder)


def test_the_shipped_narratives_are_many_all_different_and_of_every_kind():
    texts = golden.shipped_narratives()

    assert len(texts) == len(set(texts)) >= 60
    assert {"", " "} <= set(texts)
    assert any("\0" in text for text in texts)
    assert any(re.search("[\ud800-\udfff]", text) for text in texts)
    assert any(text.isupper() for text in texts)
    assert any("\U0001f600" in text for text in texts)
    assert any(re.search("[\u0590-\u06ff]", text) for text in texts)
    assert any(len(text) >= 5000 for text in texts)
    assert any(any(c.isdigit() for c in text) for text in texts)


def test_no_shipped_narrative_is_an_authored_example():
    data = Path(__file__).parents[2] / "data" / "authored"
    lines = [line for path in data.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    authored = {json.loads(line)["narrative"] for line in lines}

    assert authored
    assert not authored & set(golden.shipped_narratives())


def test_a_packaged_model_holds_what_it_says_of_each_narrative(small: Path):
    model = read(small)

    for row, text in zip(rows_of(small), golden.shipped_narratives(), strict=True):
        prediction = model.predict(text)
        assert row["narrative"] == text
        assert row["scores"]["safety_risk"] == pytest.approx(prediction.safety_risk.score, abs=1e-9)
        assert row["decisions"] == {
            "mh_nexus": prediction.mh_nexus.decision,
            "safety_risk": prediction.safety_risk.decision,
        }


@pytest.mark.parametrize(("difference", "refused"), [(9e-7, False), (2e-6, True), (-2e-6, True)])
def test_a_score_that_differs_by_more_than_a_millionth_is_refused_with_its_line(
    small: Path, difference: float, refused: bool
):
    rows = rows_of(small)
    rows[11]["scores"]["mh_nexus"] += difference
    put(small, rows)

    if not refused:
        read(small)
        return
    with pytest.raises(ModelFolderError, match=r"golden\.jsonl: line 12: the model says something else") as caught:
        read(small)
    assert rows[11]["narrative"] not in str(caught.value)


def test_a_decision_that_differs_is_refused(small: Path):
    rows = rows_of(small)
    rows[0]["decisions"]["safety_risk"] = "no"
    put(small, rows)

    with pytest.raises(ModelFolderError, match=r"golden\.jsonl: line 1: "):
        read(small)


def test_a_model_of_other_weights_is_refused_although_the_hashes_agree(small: Path, small_parts: Parts):
    weights = small_parts.weights + np.float32(0.01)
    known_words = np.packbits(small_parts.sufficiency.known_words)
    packed = {"weights": weights, "intercepts": small_parts.intercepts, "known_words": known_words}
    (small / "weights.npz").write_bytes(arrays.pack(packed))
    seal(small)

    with pytest.raises(ModelFolderError, match=r"golden\.jsonl: line \d+"):
        read(small)


def test_too_few_golden_predictions_are_refused(small: Path):
    put(small, rows_of(small)[: golden.FEWEST - 1])

    with pytest.raises(ModelFolderError, match="at least 50 golden predictions"):
        read(small)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"narrative": 7, "scores": {"mh_nexus": 0.0, "safety_risk": 0.0}, "decisions": {}},
        {"narrative": "SECRET", "scores": {"mh_nexus": 0.0}, "decisions": {"mh_nexus": "no", "safety_risk": "no"}},
        {"narrative": "SECRET", "scores": [0.0, 0.0], "decisions": ["no", "no"]},
        {"narrative": "SECRET", "scores": {"mh_nexus": "0", "safety_risk": None}, "decisions": {}},
    ],
)
def test_a_line_that_is_no_golden_prediction_is_refused_without_its_text(small: Path, row: dict[str, object]):
    put(small, [*rows_of(small)[:60], row])

    with pytest.raises(ModelFolderError, match=r"golden\.jsonl: line 61") as caught:
        read(small)
    assert "SECRET" not in str(caught.value)


def test_a_line_that_is_not_json_is_refused_without_its_text(small: Path):
    lines = (small / "golden.jsonl").read_bytes()
    (small / "golden.jsonl").write_bytes(lines + b'{"narrative": "SECRET", NaN')
    seal(small)

    with pytest.raises(ModelFolderError, match=r"golden\.jsonl: line 71: not JSON") as caught:
        read(small)
    assert "SECRET" not in str(caught.value)


def test_a_model_that_computes_nothing_is_not_packaged_silently(small_parts: Parts):
    endless = replace(small_parts, intercepts=np.array([np.nan, 0.0]))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lines = golden.to_lines(to_model(endless))

    with pytest.raises(ModelFolderError, match="line 1: not JSON"):
        golden.check(to_model(small_parts), lines.encode(), Path("golden.jsonl"))
