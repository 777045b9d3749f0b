import numpy as np
import pytest
from hypothesis import given
from tests.texts import call_like

from callnexus.errors import LexiconError
from callnexus.lexicon import Concept, Cue, Lexicon, shipped
from callnexus.lexicon.matching import PhraseTable
from callnexus.narrative import normalise
from callnexus.words import split_words

TABLE = PhraseTable(shipped())


def lexicon_of(*phrases: str) -> Lexicon:
    return Lexicon((Concept("c", "f", "d"),), tuple(Cue("c", phrase) for phrase in phrases), ())


def found(table: PhraseTable, text: str) -> list[tuple[int, int]]:
    matches = table.find(split_words(normalise([text])))
    return list(zip(matches.first, matches.size, strict=True))


def test_the_longest_of_overlapping_phrases_stays():
    table = PhraseTable(lexicon_of("knife", "kitchen knife", "in the kitchen knife block"))

    assert found(table, "a knife in the kitchen knife block by the kitchen knife") == [(1, 1), (2, 5), (9, 2)]


def test_of_equally_long_overlapping_phrases_the_first_stays():
    table = PhraseTable(lexicon_of("a b", "b c"))

    assert found(table, "a b c") == [(0, 2)]


def test_no_phrase_runs_from_one_narrative_into_the_next():
    table = PhraseTable(lexicon_of("off meds"))

    matches = table.find(split_words(normalise(["he is off", "meds in hand"])))

    assert len(matches.first) == 0


def test_a_phrase_that_normalises_like_another_is_refused():
    with pytest.raises(LexiconError, match="stands twice"):
        PhraseTable(lexicon_of("won't stop", "wont stop"))


@pytest.mark.parametrize("phrase", ["...", "one two three four five six seven"])
def test_a_phrase_of_no_words_or_too_many_is_refused(phrase: str):
    with pytest.raises(LexiconError, match="1 to 6 words"):
        PhraseTable(lexicon_of(phrase))


@given(call_like)
def test_matches_never_overlap_and_are_the_phrases_they_say(text: str):
    words = split_words(normalise([text]))

    matches = TABLE.find(words)

    ends = [first + size for first, size in zip(matches.first, matches.size, strict=True)]
    assert all(end <= first for end, first in zip(ends, matches.first[1:], strict=False))
    assert all(end <= len(words.hashes) for end in ends)
    lexicon = shipped()
    phrases = [cue.phrase for cue in lexicon.cues] + [marker.phrase for marker in lexicon.markers]
    for first, size, number in zip(matches.first, matches.size, matches.phrase, strict=True):
        expected = split_words(normalise([phrases[number]])).hashes
        assert np.array_equal(words.hashes[first : first + size], expected)
