import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.texts import anything, call_like

import callnexus
from callnexus import Model, Prediction
from callnexus.dispatch.growth import GrowingNarrative
from callnexus.errors import CallError, NarrativeTypeError
from callnexus.features import Extractor
from callnexus.lexicon import Concept, Cue, Lexicon, Marker
from callnexus.policy import ANYWHERE

AUTHORED = sorted((Path(__file__).parents[2] / "data" / "authored").glob("*.jsonl"))[:8]
LONG_CHAIN = ["e", "a", "b", "c", "d", "e", "f", "g", "a", "b", "c", "d", "e", "f", "g", "a"]
remarks = st.lists(st.one_of(call_like, anything), max_size=6)
runs_of_words = st.lists(
    st.lists(st.sampled_from([*"abcdefg", "no", "knife", "was", ".", ",", "?", "but"]), max_size=9).map(" ".join),
    max_size=14,
)


@pytest.fixture(scope="module", params=[1, 20], ids=["short reach", "long reach"])
def tangled(model: Model, request: pytest.FixtureRequest) -> Model:
    """A model whose phrases overlap in long chains; every weight counts."""
    reach = request.param
    phrases = ("a b", "b c", "c d e", "e f g a", "a a", "b b b", "d e f g a", "g a b c d e", "knife")
    cues = tuple(Cue("one" if number % 2 else "two", phrase) for number, phrase in enumerate(phrases))
    markers = (
        Marker("negated", "before", reach, "no"), Marker("past", "after", reach, "was"),
        Marker("secured", "both", reach, "f g"), Marker("break", "both", 0, "but"),
    )  # fmt: skip
    lexicon = Lexicon((Concept("one", "risk", "x"), Concept("two", "nexus", "x")), cues, markers)
    spec = replace(model.extractor.spec, word_lengths=(1, 2, 8), character_lengths=(3,), bits=8)
    extractor = Extractor(spec, lexicon)
    weights = np.random.default_rng(1).normal(size=(extractor.columns, 2)).astype(np.float32)
    return replace(model, extractor=extractor, weights=weights)


def assert_same(found: Prediction, whole: Prediction) -> None:
    for name in callnexus.LABEL_NAMES:
        ours, theirs = getattr(found, name), getattr(whole, name)
        assert ours.score == pytest.approx(theirs.score, abs=1e-9)
        assert ours.rest == pytest.approx(theirs.rest, abs=1e-8)
        assert (ours.decision, ours.intercept) == (theirs.decision, theirs.intercept)
        # In rank order weights agree; which of equally strong pieces comes first is a matter of rounding.
        listed, expected = (
            {(e.start, e.end, e.text, e.cue): e.weight for e in prediction.evidence if e.label == name}
            for prediction in (found, whole)
        )
        assert sorted(map(abs, listed.values())) == pytest.approx(sorted(map(abs, expected.values())), abs=1e-9)
        weakest = min(map(abs, expected.values()), default=0.0)
        clear = {piece for piece, weight in expected.items() if abs(weight) > weakest + 1e-9}
        assert clear <= set(listed)
        assert all(listed[piece] == pytest.approx(expected[piece], abs=1e-9) for piece in clear)
    assert (found.response, found.provisional) == (whole.response, whole.provisional)


def assert_grows_exactly(model: Model, remarks: list[str]) -> None:
    grown = GrowingNarrative(model)
    for number, remark in enumerate(remarks, start=1):
        grown.append(remark)

        text = "\n".join(remarks[:number])
        assert grown.text == text
        found = grown.predict(ANYWHERE)
        assert_same(found, model.predict(text))
        assert all(text[piece.start : piece.end] == piece.text for piece in found.evidence)


@settings(deadline=None)  # a sequence of predictions takes longer than one
@given(said=remarks)
@example(said=["", "", "knife", "?", "// no", "", "gun"])
@example(said=["knife " * 60, "?", "knife"])
@example(said=["他在桥上 不想活了", "help", "a" * 400, "\ud800", "é́́ \u200b x"])
def test_after_any_remarks_the_prediction_is_that_of_the_whole(model: Model, said: list[str]):
    assert_grows_exactly(model, said)


@settings(deadline=None)  # a sequence of predictions takes longer than one
@given(said=runs_of_words)
@example(said=LONG_CHAIN * 3)
@example(said=["a"] * 90)
@example(said=["knife", *"ddfedfeedfdefdefdeddfe", "was"])
def test_phrases_that_overlap_in_chains_across_remarks_come_out_as_in_the_whole(tangled: Model, said: list[str]):
    assert_grows_exactly(tangled, said)


def test_random_words_one_at_a_time_come_out_as_in_the_whole(tangled: Model):
    draw = random.Random(5)
    for _ in range(10):
        said = [
            " ".join(draw.choices([*"abcdefg", "no", "was", "."], k=draw.choice((0, 1, 1, 2, 7)))) for _ in range(60)
        ]

        assert_grows_exactly(tangled, said)


@pytest.mark.parametrize("path", AUTHORED, ids=lambda path: path.stem)
def test_authored_narratives_cut_into_remarks_come_out_as_in_the_whole(model: Model, path: Path):
    draw = random.Random(path.stem)
    texts = [json.loads(line)["narrative"] for line in path.read_text(encoding="utf-8").splitlines()]
    for _ in range(8):
        words = " ".join(draw.sample(texts, draw.choice((1, 2, 5)))).split(" ")
        said = []
        while words:
            size = draw.choice((1, 2, 5, 15, 40))
            said.append(" ".join(words[:size]))
            words = words[size:]

        assert_grows_exactly(model, said)


def test_evidence_long_ago_is_listed_with_the_weight_it_has_now(model: Model):
    said = ["he has a knife", *["the bus was late and the driver said so again"] * 40]

    assert_grows_exactly(model, said)


def test_what_is_read_again_does_not_grow_with_the_narrative(model: Model, monkeypatch: pytest.MonkeyPatch):
    read: list[int] = []
    extract = Extractor.extract

    def measured(self: Extractor, narratives: list[str]):
        read.append(sum(map(len, narratives)))
        return extract(self, narratives)

    monkeypatch.setattr(Extractor, "extract", measured)
    grown = GrowingNarrative(model)
    grown.append("he said no and left with a knife without a stop " * 4000)
    for _ in range(50):
        grown.append("he came back")
        grown.predict(ANYWHERE)

    assert read[0] > 100_000
    assert max(read[1:]) < 800
    assert grown.pieces_kept < 2000


def test_a_piece_across_remarks_is_quoted_whole(model: Model):
    grown = GrowingNarrative(model)
    for remark in ("he is off", "", "", "his meds"):
        grown.append(remark)

    start = len("he is ")

    assert grown.quote(start, len(grown.text)) == "off\n\n\nhis meds"
    assert grown.quote(0, 2) == "he"
    assert (grown.start_of(1), grown.start_of(4)) == (0, len("he is off\n\n\n"))


@pytest.mark.parametrize("bad", [None, 7, b"bytes"])
def test_a_remark_that_is_no_string_is_refused_and_changes_nothing(model: Model, bad: object):
    grown = GrowingNarrative(model)
    grown.append("male with a gun")

    with pytest.raises(NarrativeTypeError, match=type(bad).__name__):
        grown.append(bad)  # type: ignore[arg-type]

    assert (grown.text, grown.remarks) == ("male with a gun", 1)


def test_a_model_of_cue_pairs_is_refused_with_what_to_do_instead(model: Model):
    extractor = Extractor(replace(model.extractor.spec, pair_scale=0.5), model.extractor.lexicon)
    paired = replace(model, extractor=extractor)

    with pytest.raises(CallError, match="predict the whole narrative anew"):
        paired.follow("24-1")
