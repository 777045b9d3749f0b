"""Finding every cue and marker of a lexicon in a batch of words, all narratives at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.errors import LexiconError
from callnexus.lexicon import BREAK, LONGEST_PHRASE, SCOPES, Lexicon
from callnexus.narrative import normalise
from callnexus.words import Words, join_hashes, split_words


@dataclass(frozen=True, slots=True)
class Matches:
    """Phrases found, no two of them overlapping, in reading order.

    Attributes:
        first: int64, shape (matches,). Index of the match's first word.
        size: int64, shape (matches,). Number of words.
        phrase: int64, shape (matches,). Index into the table's phrases.
    """

    first: NDArray[np.int64]
    size: NDArray[np.int64]
    phrase: NDArray[np.int64]


class PhraseTable:
    """A lexicon compiled for matching: hashes of all phrases and of their beginnings, sorted.

    Phrases are numbered cues first, then markers, each in the lexicon's order.

    Attributes:
        cue_count: Number of cues; a smaller phrase number is a cue, the others are markers.
        concept: int64, shape (cues,). Concept number of each cue.
        scope: int64, shape (markers,). Index into SCOPES; -1 for a break.
        forward: bool, shape (markers,). Whether the marker governs cues after it.
        backward: bool, shape (markers,). Whether the marker governs cues before it.
        reach: int64, shape (markers,). Largest number of words to a governed cue.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        numbers = {concept.name: number for number, concept in enumerate(lexicon.concepts)}
        markers = lexicon.markers
        self.cue_count = len(lexicon.cues)
        self.concept = np.array([numbers[cue.concept] for cue in lexicon.cues], np.int64)
        self.scope = np.array([-1 if m.scope == BREAK else SCOPES.index(m.scope) for m in markers], np.int64)
        self.forward = np.array([m.direction != "after" for m in markers], np.bool_)
        self.backward = np.array([m.direction != "before" for m in markers], np.bool_)
        self.reach = np.array([m.reach for m in markers], np.int64)
        self._index([cue.phrase for cue in lexicon.cues] + [marker.phrase for marker in markers])

    def _index(self, phrases: list[str]) -> None:
        """Sort the hashes of all beginnings of all phrases; note where a phrase ends and which go on."""
        words = split_words(normalise(phrases))
        counts = np.bincount(words.narrative, minlength=len(phrases))
        unusable = np.flatnonzero((counts < 1) | (counts > LONGEST_PHRASE))
        if len(unusable):
            raise LexiconError(f"phrase {phrases[unusable[0]]!r}: 1 to {LONGEST_PHRASE} words are needed")
        firsts = np.cumsum(counts) - counts
        ends: dict[int, int] = {}
        going_on: set[int] = set()
        running = words.hashes[firsts]
        for size in range(1, LONGEST_PHRASE + 1):
            for number in np.flatnonzero(counts == size).tolist():
                twin = ends.setdefault(int(running[number]), number)
                if twin != number:
                    raise LexiconError(f"phrase {phrases[number]!r} stands twice (as {phrases[twin]!r})")
            longer = counts > size
            going_on.update(running[longer].tolist())
            places = np.minimum(firsts + size, len(words.hashes) - 1)
            running = np.where(longer, join_hashes(running, words.hashes[places]), running)
        keys = sorted({*ends, *going_on})
        self._keys = np.array(keys, np.uint64)
        self._phrase_at = np.array([ends.get(key, -1) for key in keys], np.int64)
        self._goes_on = np.array([key in going_on for key in keys], np.bool_)

    def find(self, words: Words) -> Matches:
        """Return the phrases found; of overlapping ones the longest stays, of equally long ones the first."""
        found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        places = np.arange(len(words.hashes))
        running = words.hashes
        for size in range(1, LONGEST_PHRASE + 1):
            at = np.searchsorted(self._keys, running)
            at[at == len(self._keys)] = 0
            known = np.flatnonzero(self._keys[at] == running) if len(self._keys) else at[:0]
            places, running, at = places[known], running[known], at[known]
            ends = self._phrase_at[at] >= 0
            found.append((places[ends], self._phrase_at[at[ends]]))
            following = places + size
            on = self._goes_on[at] & (following < len(words.hashes))
            on[on] = words.narrative[places[on]] == words.narrative[following[on]]
            if not on.any():
                break
            places = places[on]
            running = join_hashes(running[on], words.hashes[places + size])
        return _without_overlaps(found, len(words.hashes))


def _without_overlaps(found: list[tuple[NDArray[np.int64], NDArray[np.int64]]], words: int) -> Matches:
    taken = np.zeros(words, np.bool_)
    kept: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    for size in range(len(found), 0, -1):
        first, phrase = found[size - 1]
        if not len(first):
            continue
        # A longer match that overlaps must cover one of the two end words.
        free = ~(taken[first] | taken[first + size - 1])
        first, phrase = first[free], phrase[free]
        if size > 1 and (np.diff(first) < size).any():
            apart = _leftmost(first, size)
            first, phrase = first[apart], phrase[apart]
        for step in range(size):
            taken[first + step] = True
        kept.append((first, np.full(len(first), size), phrase))
    if not kept:
        nothing = np.zeros(0, np.int64)
        return Matches(nothing, nothing, nothing)
    first, size_, phrase = (np.concatenate(column) for column in zip(*kept, strict=True))
    order = np.argsort(first)
    return Matches(first[order], size_[order], phrase[order])


def _leftmost(first: NDArray[np.int64], size: int) -> list[int]:
    """Return which of equally long, sorted matches stay when each drops the overlapping ones after it."""
    kept: list[int] = []
    end = -1
    for number, start in enumerate(first.tolist()):
        if start >= end:
            kept.append(number)
            end = start + size
    return kept
