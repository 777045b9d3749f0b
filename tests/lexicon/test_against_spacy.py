"""The matcher against spaCy's PhraseMatcher: other code, the same phrases, the same words, the same matches."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from callnexus.lexicon import shipped
from callnexus.lexicon.matching import PhraseTable
from callnexus.narrative import normalise
from callnexus.words import split_words

AUTHORED = Path(__file__).parents[2] / "data" / "authored"
GENERATED = 2500
SEPARATORS = (" ", " ", " ", ", ", ". ", "? ", " // ", "\n", "/", "-", " he ", " W/M 30 ", " \u4e2d ")

Match = tuple[int, int, int, int]
"""Narrative, first word within the narrative, number of words, phrase number."""


@dataclass(frozen=True)
class Reference:
    """Every span that spaCy finds, overlapping ones included, by narrative."""

    spans: list[list[Span]]
    numbers: dict[int, int]

    def resolved(self) -> set[Match]:
        return {self.match(n, span) for n, spans in enumerate(self.spans) for span in filter_spans(spans)}

    def match(self, narrative: int, span: Span) -> Match:
        return narrative, span.start, span.end - span.start, self.numbers[span.label]

    def overlapping(self) -> Iterator[tuple[Span, Span]]:
        for spans in self.spans:
            for left, right in pairwise(sorted(spans, key=lambda span: (span.start, span.end))):
                if right.start < left.end:
                    yield left, right


@pytest.fixture(scope="session")
def phrases() -> list[str]:
    lexicon = shipped()
    return [cue.phrase for cue in lexicon.cues] + [marker.phrase for marker in lexicon.markers]


@pytest.fixture(scope="session")
def texts(phrases: list[str]) -> list[str]:
    authored = [
        json.loads(line)["narrative"]
        for path in sorted(AUTHORED.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return authored + list(_generated(phrases))


def _generated(phrases: list[str]) -> Iterator[str]:
    """Yield phrases in any order, cut short or run into one another where one ends with the next one's first word."""
    chance = random.Random(20)
    words = [phrase.split() for phrase in phrases]
    beginning: dict[str, list[list[str]]] = {}
    for phrase in words:
        beginning.setdefault(phrase[0], []).append(phrase)
    for _ in range(GENERATED):
        pieces = []
        for _ in range(chance.randint(1, 9)):
            run = list(chance.choice(words))
            while run[-1] in beginning and chance.random() < 0.7:
                run += chance.choice(beginning[run[-1]])[1:]
            if chance.random() < 0.2:
                run = run[: chance.randint(1, len(run))]
            pieces.append("".join(word + chance.choice(SEPARATORS) for word in run[:-1]) + run[-1])
        text = "".join(piece + chance.choice(SEPARATORS) for piece in pieces)
        yield text.upper() if chance.random() < 0.5 else text


def _words_of(texts: list[str]) -> list[list[str]]:
    """Return the words of each text as we split them, so that the matching is all that can differ."""
    batch = normalise(texts)
    words = split_words(batch)
    spelled = bytes(batch.codes)
    lists: list[list[str]] = [[] for _ in texts]
    for number, (left, right) in enumerate(pairwise(words.separators.tolist())):
        lists[words.narrative[number]].append(spelled[left + 1 : right].decode("latin-1"))
    return lists


@pytest.fixture(scope="session")
def ours(phrases: list[str], texts: list[str]) -> set[Match]:
    words = split_words(normalise(texts))
    matches = PhraseTable(shipped()).find(words)
    narrative = words.narrative[matches.first]
    start = np.searchsorted(words.narrative, narrative)
    within = (matches.first - start).tolist()
    return set(zip(narrative.tolist(), within, matches.size, matches.phrase, strict=True))


@pytest.fixture(scope="session")
def reference(phrases: list[str], texts: list[str]) -> Reference:
    vocab = spacy.blank("en").vocab
    matcher = PhraseMatcher(vocab)
    for number, words in enumerate(_words_of(phrases)):
        matcher.add(f"phrase {number}", [Doc(vocab, words=words)])
    docs = [Doc(vocab, words=words) for words in _words_of(texts)]
    numbers = {vocab.strings[f"phrase {number}"]: number for number in range(len(phrases))}
    return Reference([matcher(doc, as_spans=True) for doc in docs], numbers)


def test_every_match_is_the_one_that_spacy_makes(texts: list[str], ours: set[Match], reference: Reference):
    theirs = reference.resolved()

    assert len(texts) >= 5000
    assert [(*match, texts[match[0]]) for match in sorted(ours ^ theirs)[:5]] == []


def test_the_texts_hold_cues_and_markers_and_every_kind_of_overlap(
    phrases: list[str], ours: set[Match], reference: Reference
):
    cue_count = len(shipped().cues)
    overlaps = list(reference.overlapping())
    crossing = [(left, right) for left, right in overlaps if left.start < right.start and left.end < right.end]
    ties = [(left, right) for left, right in crossing if len(left) == len(right)]

    assert sum(match[3] < cue_count for match in ours) > 20_000
    assert sum(match[3] >= cue_count for match in ours) > 5_000
    assert len(overlaps) - len(crossing) > 5_000
    assert len(crossing) > 1_000
    assert len(ties) > 200
    assert len({match[3] for match in ours}) > len(phrases) / 2


@pytest.mark.parametrize(
    "preference",
    [
        pytest.param(lambda span: (span.start, -len(span)), id="the first wins"),
        pytest.param(lambda span: (-len(span), -span.start), id="of equally long ones the last wins"),
        pytest.param(lambda span: (len(span), span.start), id="the shortest wins"),
    ],
)
def test_another_rule_for_overlaps_would_be_noticed(preference, ours: set[Match], reference: Reference):
    other = set()
    for narrative, spans in enumerate(reference.spans):
        taken: set[int] = set()
        for span in sorted(spans, key=preference):
            if taken.isdisjoint(range(span.start, span.end)):
                taken.update(range(span.start, span.end))
                other.add(reference.match(narrative, span))

    assert ours != other
