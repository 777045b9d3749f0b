"""Which pieces of a narrative moved its scores, exactly: contributions laid back onto the caller's words.

A feature's contribution goes half to its first word and half to its last. Words of one cue are one piece;
every other word is a piece of its own. The strongest pieces are listed, the others summed as the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.features import Features
from callnexus.labels import LABEL_NAMES
from callnexus.lexicon import SCOPES, Lexicon
from callnexus.prediction import Evidence, Reason
from callnexus.reasons import ReasonCode, code_of

LISTED = 8
"""Pieces of evidence listed per label."""

WEAKEST = 0.05
"""Log-odds below which a piece is not listed and a cue is no reason."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The evidence and reasons of one narrative, strongest first."""

    evidence: tuple[Evidence, ...]
    reasons: tuple[Reason, ...]


def explain(
    narratives: Sequence[str], features: Features, contributions: NDArray[np.float64], lexicon: Lexicon
) -> Iterator[Explanation]:
    """Yield one explanation per narrative.

    Args:
        narratives: What the features were extracted from.
        features: Their features.
        contributions: Weight times value of each feature entry, shape (entries, 2).
        lexicon: The lexicon whose cues the features hold.
    """
    words, cues = features.words, features.cues
    total = len(words.hashes)
    word_of_byte = np.minimum(words.word_of_byte, max(total - 1, 0))
    first_word, last_word = word_of_byte[features.first], word_of_byte[features.last]
    half = contributions / 2
    per_word = np.stack(
        [np.bincount(first_word, part, total) + np.bincount(last_word, part, total) for part in half.T], axis=1
    )
    cue_of_word = np.full(total, -1)
    for step in range(int(cues.size.max(initial=0))):
        longer = cues.size > step
        cue_of_word[cues.first[longer] + step] = np.flatnonzero(longer)
    # A piece begins at each word that does not continue the cue of the word before it.
    begins = np.ones(total, np.bool_)
    begins[1:] = (cue_of_word[1:] < 0) | (cue_of_word[1:] != cue_of_word[:-1])
    first = np.flatnonzero(begins)
    last = np.append(first[1:], total)[: len(first)] - 1
    weights = np.add.reduceat(per_word, first) if total else np.zeros((0, len(LABEL_NAMES)))
    cue = cue_of_word[first]
    start_byte, end_byte = words.separators[first] + 1, words.separators[last + 1] - 1 if total else first
    origins = features.batch.origins
    starts = origins[start_byte]
    ends = origins[end_byte] + 1
    bounds = np.searchsorted(words.narrative[first], np.arange(len(narratives) + 1))
    for number, narrative in enumerate(narratives):
        pieces = slice(bounds[number], bounds[number + 1])
        offset = int(features.batch.starts[number])
        yield _explanation(
            narrative, weights[pieces], starts[pieces] - offset, ends[pieces] - offset, cue[pieces], features, lexicon
        )


def _explanation(
    narrative: str,
    weights: NDArray[np.float64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    cue: NDArray[np.int64],
    features: Features,
    lexicon: Lexicon,
) -> Explanation:
    evidence: list[Evidence] = []
    reasons: list[Reason] = []
    for place, label in enumerate(LABEL_NAMES):
        strength = np.abs(weights[:, place])
        listed = np.argsort(-strength, kind="stable")[:LISTED]
        by_code: dict[ReasonCode, list[Evidence]] = {}
        for piece in listed[strength[listed] >= WEAKEST].tolist():
            start, end, name, code = int(starts[piece]), int(ends[piece]), "", ReasonCode.WORDING
            if (match := int(cue[piece])) >= 0:
                concept, scope = lexicon.concepts[features.cues.concept[match]], SCOPES[features.cues.scope[match]]
                name = f"{concept.name}:{scope}"
                code = code_of(concept.name, concept.family, scope, label)
            found = Evidence(start, end, narrative[start:end], label, float(weights[piece, place]), name)
            evidence.append(found)
            by_code.setdefault(code, []).append(found)
        reasons += (_reason(code, pieces) for code, pieces in by_code.items())
    evidence.sort(key=lambda piece: -abs(piece.weight))
    # Words that are no cue explain a label only where cues do not: a person can't tell much from them.
    reasons.sort(key=lambda reason: (reason.code is ReasonCode.WORDING, -abs(reason.weight)))
    return Explanation(tuple(evidence), tuple(reasons))


def _reason(code: ReasonCode, pieces: Sequence[Evidence]) -> Reason:
    spans = tuple((piece.start, piece.end) for piece in pieces)
    return Reason(code, pieces[0].label, sum(piece.weight for piece in pieces), spans, pieces[0].text)
