"""The shipped lexicon is broad enough, and each city's overlay fits on it."""

import csv
from collections import Counter
from importlib.resources import files

import pytest

from callnexus.lexicon import Cue, shipped
from callnexus.lexicon.matching import PhraseTable

FEWEST_PHRASES = 20
EXCEPTIONS: dict[str, str] = {}
"""Concepts that have fewer phrases, each with the reason."""

OVERLAYS = {
    path.name.removesuffix(".csv"): path.read_text(encoding="utf-8")
    for path in sorted((files("callnexus.lexicon") / "cities").iterdir(), key=lambda path: path.name)
    if path.name.endswith(".csv")
}


def test_every_concept_has_enough_phrases():
    lexicon = shipped()
    counts = Counter(cue.concept for cue in lexicon.cues)

    few = {concept.name for concept in lexicon.concepts if counts[concept.name] < FEWEST_PHRASES}

    assert few == set(EXCEPTIONS)


def test_there_are_city_overlays_to_check():
    assert {"boston", "new_york", "denver"} <= set(OVERLAYS)


@pytest.mark.parametrize("city", OVERLAYS)
def test_a_city_overlay_makes_one_lexicon_with_the_base(city: str):
    lexicon = shipped((city,))

    # The table also refuses a phrase that is another one in other spelling.
    assert PhraseTable(lexicon).cue_count == len(lexicon.cues)


@pytest.mark.parametrize("city", OVERLAYS)
def test_a_city_overlay_repeats_no_phrase_that_the_base_gives_the_same_concept(city: str):
    overlay = {Cue(row["concept"], row["phrase"]) for row in csv.DictReader(OVERLAYS[city].splitlines())}

    assert sorted(cue.phrase for cue in overlay & set(shipped().cues)) == []
