import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callnexus
from callnexus import Decision, Model
from callnexus.errors import ModelFolderError
from callnexus.model import Thresholds
from callnexus.training.fit import NarrativeFeatures
from tests.texts import narratives

ODD = ["", " ", "x", "\x00", "\ud800\udfff", "😀" * 50, "他在桥上" * 10, "a" * 5000, "?" * 99, "'", "́́", "\n\n"]


def test_predictions_do_not_depend_on_the_batch(model: Model):
    texts = [*ODD, "male with a gun", "off his meds, hearing voices"] * 40

    together = model.predict_many(texts)

    assert together == [model.predict(text) for text in texts]


@pytest.mark.parametrize("size", [1, 3, 64, 1000])
def test_scores_are_the_same_in_any_batch_size_and_order(model: Model, size: int):
    texts = [*ODD, *(f"male {age} off his meds x{age}, denies a gun? knife" for age in range(200))]
    order = np.random.default_rng(size).permutation(len(texts))
    expected = model.scores(texts)

    parts = [model.scores([texts[i] for i in order[start : start + size]]) for start in range(0, len(texts), size)]

    assert np.allclose(np.concatenate(parts), expected[order], rtol=0, atol=1e-6)


def test_threads_that_share_a_model_get_the_scores_of_one(model: Model):
    batches = [[f"female {age}, hearing voices, neg weapons, {word}" for age in range(60)] for word in ("sad", "an é")]
    expected = [model.scores(batch) for batch in batches]

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(model.scores, batches * 20))

    for number, scores in enumerate(found):
        assert np.allclose(scores, expected[number % 2], rtol=0, atol=1e-6)


@given(text=narratives)
def test_any_string_gives_a_prediction_whose_parts_add_up(model: Model, text: str):
    prediction = model.predict(text)

    for name in callnexus.LABEL_NAMES:
        found = getattr(prediction, name)
        listed = sum(e.weight for e in prediction.evidence if e.label == name)
        assert 0 < found.probability < 1
        assert found.intercept + listed + found.rest == pytest.approx(found.score, abs=1e-9)
    for piece in prediction.evidence:
        assert 0 <= piece.start < piece.end <= len(text)
        assert text[piece.start : piece.end] == piece.text
    json.dumps(prediction.to_dict())


@given(texts=st.lists(narratives, min_size=1, max_size=4))
def test_our_arithmetic_agrees_with_scikit_learn_on_the_same_features(model: Model, texts: list[str]):
    matrix = NarrativeFeatures(model.extractor.spec, model.extractor.lexicon).transform(texts)

    theirs = matrix.astype(np.float64) @ model.weights.astype(np.float64) + model.intercepts

    assert np.allclose(model.scores(texts), theirs, atol=1e-5)


def test_a_narrative_of_a_million_characters_is_read_whole(model: Model):
    text = "he said hello to the neighbor " * 35_000 + "then pulled a knife"

    prediction = model.predict(text)

    assert len(text) > 1_000_000
    assert 0 < prediction.safety_risk.probability < 1


def test_text_in_another_script_is_insufficient(model: Model):
    prediction = model.predict("他在桥上说不想活了 请快来 帮帮他")

    assert prediction.safety_risk.decision is Decision.INSUFFICIENT
    assert prediction.needs_review


def test_too_few_words_are_insufficient_and_go_to_review(model: Model):
    prediction = model.predict("help")

    assert prediction.mh_nexus.decision is Decision.INSUFFICIENT
    assert prediction.response is callnexus.Response.DISPATCHER_REVIEW
    assert prediction.needs_review


@pytest.mark.parametrize("bad", [None, 7, b"bytes", ["list"]])
def test_what_is_not_a_string_is_refused_by_its_type(model: Model, bad: object):
    with pytest.raises(callnexus.NarrativeTypeError, match=type(bad).__name__):
        model.predict(bad)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="narrative 1 must be a str"):
        model.predict_many(["fine", bad])  # type: ignore[list-item]


def test_one_string_is_not_a_list_of_narratives(model: Model):
    with pytest.raises(callnexus.NarrativeTypeError, match="use predict for one"):
        model.predict_many("a narrative")


def test_probabilities_come_in_the_order_of_the_labels(model: Model):
    texts = ["male with a gun", "off his meds, hearing voices"]

    probabilities = model.predict_proba(texts)

    assert probabilities.dtype == np.float32
    assert model.labels == ("mh_nexus", "safety_risk")
    for row, prediction in zip(probabilities, model.predict_many(texts), strict=True):
        assert row.tolist() == pytest.approx([prediction.mh_nexus.probability, prediction.safety_risk.probability])
    assert model.predict_proba([]).shape == (0, 2)


def test_evidence_lies_on_the_callers_own_string(model: Model):
    text = "RP sts — “él” isn\u2019t OK // has a KNIFE"

    pieces = {piece.text for piece in model.predict(text).evidence if piece.cue.startswith("weapon")}

    assert pieces == {"KNIFE"}


def test_thresholds_out_of_order_are_refused():
    with pytest.raises(ModelFolderError, match="no_below <= yes_from"):
        Thresholds(yes_from=0.2, no_below=0.4)


def test_a_model_cannot_be_changed_after_loading(model: Model):
    with pytest.raises(AttributeError):
        model.version = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        model.weights[0, 0] = 1.0


def test_predictions_are_plain_values_that_travel_between_processes(model: Model):
    prediction = model.predict("male with a gun")

    assert pickle.loads(pickle.dumps(prediction)) == prediction  # noqa: S301 # our own bytes of a moment ago
