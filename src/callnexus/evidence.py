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
    words = features.words
    total = len(words.hashes)
    cue_of_word = _cue_of_word(features)
    # A piece begins at each word that does not continue the cue of the word before it.
    begins = np.ones(total, np.bool_)
    begins[1:] = (cue_of_word[1:] < 0) | (cue_of_word[1:] != cue_of_word[:-1])
    first = begins.nonzero()[0]
    last = np.append(first[1:], total)[: len(first)] - 1
    weights = np.add.reduceat(_per_word(features, contributions), first) if total else np.zeros((0, len(LABEL_NAMES)))
    origins = features.batch.origins
    starts = origins[words.separators[first] + 1].tolist()
    ends = origins[words.separators[last + 1] - 1].tolist()
    cue = cue_of_word[first].tolist()
    bounds = np.searchsorted(words.narrative[first], np.arange(len(narratives) + 1)).tolist()
    offsets = features.batch.starts.tolist()
    for number, narrative in enumerate(narratives):
        low, high = bounds[number], bounds[number + 1]
        pieces = _Pieces(narrative, offsets[number], weights[low:high], starts[low:high], ends[low:high], cue[low:high])
        yield _explanation(pieces, features, lexicon)


def _per_word(features: Features, contributions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each word of the batch added to each label's score, shape (words, labels)."""
    first, last = features.ends()
    total = len(features.words.hashes)
    half = contributions * 0.5
    per_word = np.empty((total, len(LABEL_NAMES)))
    for place in range(len(LABEL_NAMES)):
        per_word[:, place] = np.bincount(first, half[:, place], total)
        per_word[:, place] += np.bincount(last, half[:, place], total)
    return per_word


def _cue_of_word(features: Features) -> NDArray[np.int64]:
    """Return the number of the cue that each word belongs to, -1 for none, shape (words,)."""
    cues = features.cues
    found = np.full(len(features.words.hashes), -1)
    sizes = cues.size
    before = sizes.cumsum() - sizes
    places = np.arange(int(sizes.sum()))
    places += (cues.first - before).repeat(sizes)
    found[places] = np.arange(len(sizes)).repeat(sizes)
    return found


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The pieces of one narrative: what each added, where it stands in the batch, and its cue, -1 for none."""

    narrative: str
    offset: int
    weights: NDArray[np.float64]
    starts: list[int]
    ends: list[int]
    cue: list[int]


def _explanation(pieces: _Pieces, features: Features, lexicon: Lexicon) -> Explanation:
    evidence: list[Evidence] = []
    reasons: list[Reason] = []
    order = np.abs(pieces.weights)
    np.negative(order, out=order)
    strongest = order.argsort(axis=0, kind="stable")[:LISTED].T.tolist()
    for place, label in enumerate(LABEL_NAMES):
        by_code: dict[ReasonCode, list[Evidence]] = {}
        for piece in strongest[place]:
            weight = float(pieces.weights[piece, place])
            if -WEAKEST < weight < WEAKEST:
                break
            start, end = pieces.starts[piece] - pieces.offset, pieces.ends[piece] + 1 - pieces.offset
            name, code = "", ReasonCode.WORDING
            if (match := pieces.cue[piece]) >= 0:
                concept, scope = lexicon.concepts[features.cues.concept[match]], SCOPES[features.cues.scope[match]]
                name = f"{concept.name}:{scope}"
                code = code_of(concept.name, concept.family, scope, label)
            found = Evidence(start, end, pieces.narrative[start:end], label, weight, name)
            evidence.append(found)
            by_code.setdefault(code, []).append(found)
        reasons += (_reason(code, found) for code, found in by_code.items())
    evidence.sort(key=lambda piece: -abs(piece.weight))
    # Words that are no cue explain a label only where cues do not: a person can't tell much from them.
    reasons.sort(key=lambda reason: (reason.code is ReasonCode.WORDING, -abs(reason.weight)))
    return Explanation(tuple(evidence), tuple(reasons))


def _reason(code: ReasonCode, pieces: Sequence[Evidence]) -> Reason:
    spans = tuple((piece.start, piece.end) for piece in pieces)
    return Reason(code, pieces[0].label, sum(piece.weight for piece in pieces), spans, pieces[0].text)
