"""Finding every cue and marker of a lexicon in a batch of words, all narratives at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.errors import LexiconError
from callnexus.lexicon import BREAK, LONGEST_PHRASE, SCOPES, Lexicon
from callnexus.narrative import normalise
from callnexus.words import Words, join_hashes, split_words

_LOW_BITS = np.uint64((1 << 18) - 1)


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


@dataclass(frozen=True, slots=True)
class Rule:
    """What a marker does to the cues around it.

    Attributes:
        scope: Index into SCOPES; -1 for a break.
        forward: Whether it governs cues after it.
        backward: Whether it governs cues before it.
        reach: Largest number of words to a governed cue.
    """

    scope: int
    forward: bool
    backward: bool
    reach: int


class PhraseTable:
    """A lexicon compiled for matching: the sorted hashes of all phrases.

    Phrases are numbered cues first, then markers, each in the lexicon's order.

    Attributes:
        cue_count: Number of cues; a smaller phrase number is a cue, the others are markers.
        concept: int64, shape (cues,). Concept number of each cue.
        rules: One a marker.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        numbers = {concept.name: number for number, concept in enumerate(lexicon.concepts)}
        self.cue_count = len(lexicon.cues)
        self.concept = np.array([numbers[cue.concept] for cue in lexicon.cues], np.int64)
        self.rules = tuple(
            Rule(
                scope=-1 if marker.scope == BREAK else SCOPES.index(marker.scope),
                forward=marker.direction != "after",
                backward=marker.direction != "before",
                reach=marker.reach,
            )
            for marker in lexicon.markers
        )
        self._index([cue.phrase for cue in lexicon.cues] + [marker.phrase for marker in lexicon.markers])

    def _index(self, phrases: list[str]) -> None:
        """Sort the hashes of all phrases; note which low bits occur among them."""
        words = split_words(normalise(phrases))
        counts = words.counts
        unusable = np.flatnonzero((counts < 1) | (counts > LONGEST_PHRASE))
        if len(unusable):
            raise LexiconError(f"phrase {phrases[unusable[0]]!r}: 1 to {LONGEST_PHRASE} words are needed")
        self._longest = int(counts.max(initial=1))
        hashes = _runs(words.hashes, self._longest)[counts - 1, np.cumsum(counts) - counts]
        self._phrase = np.argsort(hashes, kind="stable")
        self._keys = hashes[self._phrase]
        twins = np.flatnonzero(self._keys[1:] == self._keys[:-1])
        if len(twins):
            earlier, later = (phrases[self._phrase[twins[0] + step]] for step in (0, 1))
            raise LexiconError(f"phrase {later!r} stands twice (as {earlier!r})")
        self._occurs = np.zeros(_LOW_BITS + np.uint64(1), np.bool_)
        self._occurs[self._keys & _LOW_BITS] = True

    def find(self, words: Words) -> Matches:
        """Return the phrases found; of overlapping ones the longest stays, of equally long ones the first."""
        total = len(words.hashes)
        runs = _runs(words.hashes, self._longest).ravel()
        # Few runs share their low bits with any phrase: only those are worth a search.
        likely = np.flatnonzero(self._occurs.take((runs & _LOW_BITS).view(np.int64)))
        hashes = runs[likely]
        at = np.searchsorted(self._keys, hashes)
        known = np.flatnonzero(self._keys.take(at, mode="clip") == hashes) if len(self._keys) else at[:0]
        longer, first = np.divmod(likely[known], max(total, 1))
        inside = words.narrative[first] == words.narrative.take(first + longer, mode="clip")
        return _without_overlaps(first[inside], longer[inside] + 1, self._phrase[at[known[inside]]], total)


def _runs(hashes: NDArray[np.uint64], longest: int) -> NDArray[np.uint64]:
    """Return the hash of each run of 1, 2, ... `longest` words, shape (longest, words), 0 where none begins."""
    total = len(hashes)
    runs = np.zeros((longest, total), np.uint64)
    runs[0] = hashes
    for more in range(1, min(longest, total)):
        runs[more, : total - more] = join_hashes(runs[more - 1, : total - more], hashes[more:])
    return runs


def _without_overlaps(
    first: NDArray[np.int64], size: NDArray[np.int64], phrase: NDArray[np.int64], total: int
) -> Matches:
    """Return the matches that stay, given all by rising size and place.

    A loop over a handful of matches a narrative: as quick as NumPy in a batch, and far quicker for one narrative.
    """
    taken = bytearray(total)
    kept = []
    matches = list(zip(first.tolist(), size.tolist(), phrase.tolist(), strict=True))
    matches.sort(key=_longest_first)
    for match in matches:
        start, words, _ = match
        # A longer match that overlaps must cover one of the two end words.
        if not (taken[start] or taken[start + words - 1]):
            taken[start : start + words] = b"\1" * words
            kept.append(match)
    kept.sort()
    columns = np.array(kept, np.int64).reshape(-1, 3).T
    return Matches(columns[0], columns[1], columns[2])


def _longest_first(match: tuple[int, int, int]) -> int:
    return -match[1]
