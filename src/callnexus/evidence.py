"""Which pieces of a narrative moved its scores, exactly: contributions laid back onto the caller's words.

A feature's contribution goes half to its first word and half to its last. Words of one cue are one piece;
every other word is a piece of its own. The strongest pieces are listed, the others summed as the rest.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from callnexus.features import Extractor, Features
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


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of narratives in reading order: a cue, or one word that is part of none.

    Attributes:
        start: int64, shape (pieces,). Index of the first character.
        end: int64, shape (pieces,). Index after the last character.
        column: int64, shape (pieces,). The cue's column; -1 where the piece is no cue.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    column: NDArray[np.int64]

    def __getitem__(self, chosen: slice | NDArray[np.bool_]) -> "Pieces":
        return Pieces(self.start[chosen], self.end[chosen], self.column[chosen])

    def moved(self, by: int) -> "Pieces":
        """Return the same pieces in a text that has `by` more characters before them."""
        return Pieces(self.start + by, self.end + by, self.column)

    def followed_by(self, others: "Pieces") -> "Pieces":
        """Return these pieces and then the others."""
        return Pieces(
            np.concatenate((self.start, others.start)),
            np.concatenate((self.end, others.end)),
            np.concatenate((self.column, others.column)),
        )


def explain(
    narratives: Sequence[str], features: Features, contributions: NDArray[np.float64], extractor: Extractor
) -> Iterator[Explanation]:
    """Yield one explanation per narrative.

    Args:
        narratives: What the features were extracted from.
        features: Their features.
        contributions: Weight times value of each feature entry, shape (entries, 2).
        extractor: What extracted them.
    """
    first, pieces = find_pieces(features, extractor)
    weights = per_piece(features, contributions, first)
    bounds = np.searchsorted(features.words.narrative[first], np.arange(len(narratives) + 1))
    for number, narrative in enumerate(narratives):
        own = slice(bounds[number], bounds[number + 1])
        placed = pieces[own].moved(-int(features.batch.starts[number]))
        yield list_strongest(weights[own], placed, partial(_quote, narrative), extractor.lexicon)


def find_pieces(features: Features, extractor: Extractor) -> tuple[NDArray[np.int64], Pieces]:
    """Return the first word of each piece, shape (pieces,), and the pieces, placed in the joined narratives."""
    words = features.words
    total = len(words.hashes)
    cue_of_word = _cue_of_word(features)
    # A piece begins at each word that does not continue the cue of the word before it.
    begins = np.ones(total, np.bool_)
    begins[1:] = (cue_of_word[1:] < 0) | (cue_of_word[1:] != cue_of_word[:-1])
    first = begins.nonzero()[0]
    last = np.append(first[1:], total)[: len(first)] - 1
    origins = features.batch.origins
    return first, Pieces(
        start=origins[words.separators[first] + 1],
        end=origins[words.separators[last + 1] - 1] + 1,
        # The -1 at the end is what a word of no cue finds.
        column=np.append(extractor.cue_columns(features.cues), -1)[cue_of_word[first]],
    )


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


def per_piece(features: Features, contributions: NDArray[np.float64], first: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what each piece adds, shape (pieces, k), of what each feature entry adds, shape (entries, k).

    Args:
        features: The features.
        contributions: What each of their entries adds.
        first: First word of each piece, shape (pieces,).
    """
    total = len(features.words.hashes)
    if not total:
        return np.zeros((0, contributions.shape[1]))
    first_word, last_word = features.ends()
    half = contributions * 0.5
    per_word = np.empty((total, contributions.shape[1]))
    for place in range(contributions.shape[1]):
        per_word[:, place] = np.bincount(first_word, half[:, place], total)
        per_word[:, place] += np.bincount(last_word, half[:, place], total)
    return np.add.reduceat(per_word, first)


def list_strongest(
    weights: NDArray[np.float64], pieces: Pieces, quote: Callable[[int, int], str], lexicon: Lexicon
) -> Explanation:
    """Return the evidence and reasons of one narrative.

    Args:
        weights: What each piece adds to each label's score, shape (pieces, 2).
        pieces: All pieces, or at least those that can be listed, placed in the caller's string.
        quote: Gives the text between two places of the caller's string.
        lexicon: The lexicon of the pieces' columns.
    """
    evidence: list[Evidence] = []
    reasons: list[Reason] = []
    order = np.abs(weights)
    np.negative(order, out=order)
    strongest = order.argsort(axis=0, kind="stable")[:LISTED].T.tolist()
    for place, label in enumerate(LABEL_NAMES):
        by_code: dict[ReasonCode, list[Evidence]] = {}
        for piece in strongest[place]:
            weight = float(weights[piece, place])
            if -WEAKEST < weight < WEAKEST:
                break
            start, end, name, code = int(pieces.start[piece]), int(pieces.end[piece]), "", ReasonCode.WORDING
            if (column := int(pieces.column[piece])) >= 0:
                concept, scope = lexicon.concepts[column // len(SCOPES)], SCOPES[column % len(SCOPES)]
                name = f"{concept.name}:{scope}"
                code = code_of(concept.name, concept.family, scope, label)
            found = Evidence(start, end, quote(start, end), label, weight, name)
            evidence.append(found)
            by_code.setdefault(code, []).append(found)
        reasons += (_reason(code, alike) for code, alike in by_code.items())
    evidence.sort(key=lambda piece: -abs(piece.weight))
    # Words that are no cue explain a label only where cues do not: a person can't tell much from them.
    reasons.sort(key=lambda reason: (reason.code is ReasonCode.WORDING, -abs(reason.weight)))
    return Explanation(tuple(evidence), tuple(reasons))


def _quote(narrative: str, start: int, end: int) -> str:
    return narrative[start:end]


def _reason(code: ReasonCode, pieces: Sequence[Evidence]) -> Reason:
    spans = tuple((piece.start, piece.end) for piece in pieces)
    return Reason(code, pieces[0].label, sum(piece.weight for piece in pieces), spans, pieces[0].text)
