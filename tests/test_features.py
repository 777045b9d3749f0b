import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callnexus.errors import ModelFolderError
from callnexus.features import Extractor, FeatureSpec
from callnexus.lexicon import SCOPES, Lexicon, shipped
from tests.texts import narratives

EXTRACTOR = Extractor(FeatureSpec(), shipped())


@given(st.lists(narratives, min_size=1, max_size=4))
def test_a_narrative_has_the_same_features_alone_and_in_a_batch(texts: list[str]):
    together = EXTRACTOR.extract(texts)

    for number, text in enumerate(texts):
        alone = EXTRACTOR.extract([text])
        mine = together.narrative == number
        assert np.array_equal(together.column[mine], alone.column)
        assert np.array_equal(together.value[mine], alone.value)


@given(narratives)
def test_columns_and_spans_stay_inside_their_bounds(text: str):
    features = EXTRACTOR.extract([text])

    assert ((features.column >= 0) & (features.column < EXTRACTOR.columns)).all()
    assert (features.first <= features.last).all()
    assert np.isfinite(features.value).all()


def test_a_cue_column_names_concept_and_scope():
    features = EXTRACTOR.extract(["neg weapons"])

    column = EXTRACTOR.cue_columns(features.cues)[0]

    concept, scope = divmod(int(column), len(SCOPES))
    assert (EXTRACTOR.lexicon.concepts[concept].name, SCOPES[scope]) == ("weapon", "negated")


def test_a_cue_that_occurs_twice_counts_as_much_as_once():
    once, twice = (EXTRACTOR.extract([text]) for text in ("a gun", "a gun, a gun"))

    for features, times in ((once, 1), (twice, 2)):
        cues = features.value[features.column < EXTRACTOR.offsets["pair"]]
        assert len(cues) == times
        assert cues.sum() == pytest.approx(EXTRACTOR.spec.cue_scale)


def test_spans_lie_on_the_words_and_runs_that_made_them():
    spec = FeatureSpec(word_lengths=(2,), character_lengths=(3,), cue_scale=0, pair_scale=0)

    features = Extractor(spec, shipped()).extract(["a bc", "gun"])

    codes = bytes(features.batch.codes)
    spans = [codes[f : e + 1].decode() for f, e in zip(features.first, features.last, strict=True)]
    assert spans == ["a bc", "a", "bc", "bc", "gu", "gun", "un"]
    assert features.narrative.tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_numbers_are_one_word_in_runs_but_codes_stay_cues():
    offset = EXTRACTOR.offsets["word"], EXTRACTOR.offsets["character"]

    def words(text: str) -> set[int]:
        columns = EXTRACTOR.extract([text]).column
        return set(columns[(columns >= offset[0]) & (columns < offset[1])].tolist())

    assert words("apt 12") == words("apt 977")
    assert len(EXTRACTOR.extract(["5150"]).cues.first) == 1


def test_a_narrative_shorter_than_every_run_has_no_features():
    extractor = Extractor(FeatureSpec(word_lengths=(2,), character_lengths=(8,)), shipped())

    features = extractor.extract(["hm", ""])

    assert features.count == 2
    assert len(features.column) == len(features.first) == len(features.last) == 0


@pytest.mark.parametrize("texts", [[], [""], ["", "a gun"]])
def test_no_narratives_no_words_and_no_lexicon_are_no_trouble(texts: list[str]):
    features = Extractor(FeatureSpec(), Lexicon((), (), ())).extract(texts)

    assert features.count == len(texts)
    assert len(features.cues.first) == 0
    assert set(features.narrative.tolist()) <= {1}


def test_a_spec_survives_json_and_refuses_what_it_does_not_know():
    spec = FeatureSpec(word_lengths=(1, 2, 3), cue_scale=0.5)

    assert FeatureSpec.from_mapping(spec.to_mapping()) == spec
    with pytest.raises(ModelFolderError, match="unknown feature settings: colour"):
        FeatureSpec.from_mapping({"colour": 1})
    with pytest.raises(ModelFolderError, match="bits"):
        FeatureSpec.from_mapping({"bits": 40})
