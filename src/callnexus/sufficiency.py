"""Whether a narrative can be judged at all: enough words, in a script and of a kind the model was trained on.

Novelty is the share of a narrative's words that hardly any training narrative held, drawn towards zero for short ones:
a street name in four words is nothing new. It is large for another language, for garbled text, for text that is no
call.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.reasons import ReasonCode
from callnexus.words import Words, salt_of, to_buckets

KNOWN_BITS = 18
"""Base-2 logarithm of the buckets that remember which words were seen: one new word in fifteen looks known."""

_BITS, _SALT = np.uint64(KNOWN_BITS), salt_of(4)
_PRIOR_WORDS = 4
"""Known words imagined in each narrative, so that one new word in a short one weighs little."""


@dataclass(frozen=True, slots=True)
class WordCounts:
    """Words of each narrative, counted by kind; every array int64, shape (narratives,).

    Attributes:
        words: All words.
        readable: Those in Latin letters or digits.
        named: Those that begin with no digit.
        new: Of these, the ones that no training narrative held.
    """

    words: NDArray[np.int64]
    readable: NDArray[np.int64]
    named: NDArray[np.int64]
    new: NDArray[np.int64]

    def novelty(self) -> NDArray[np.float64]:
        """Return the share of new words of each narrative, in [0, 1), shape (narratives,)."""
        share: NDArray[np.float64] = self.new / (self.named + _PRIOR_WORDS)
        return share


@dataclass(frozen=True, slots=True)
class Sufficiency:
    """What a narrative needs to be judged.

    Attributes:
        fewest_words: At least this many words in Latin letters or digits.
        known_words: bool, shape (2**KNOWN_BITS,). Buckets of the words that enough training narratives held.
        largest_novelty: A narrative of greater novelty is not judged.
    """

    fewest_words: int
    known_words: NDArray[np.bool_]
    largest_novelty: float

    def lacking(self, counts: WordCounts) -> list[ReasonCode | None]:
        """Return why each narrative of these counts cannot be judged, or None where it can."""
        readable = counts.readable
        strange = counts.novelty() > self.largest_novelty
        found: list[ReasonCode | None] = [None] * len(readable)
        for number in ((readable < self.fewest_words) | strange).nonzero()[0].tolist():
            found[number] = ReasonCode.UNLIKE_TRAINING_DATA
            if 2 * readable[number] < counts.words[number]:
                found[number] = ReasonCode.ANOTHER_SCRIPT
            elif readable[number] < self.fewest_words:
                found[number] = ReasonCode.TOO_LITTLE_TEXT
        return found


def count_words(words: Words, count: int, known_words: NDArray[np.bool_]) -> WordCounts:
    """Return the words of each of `count` narratives by kind.

    Words that begin with a digit are never new: every address is.
    """
    numeric, foreign = words.numeric, words.foreign
    new = ~known_words[to_buckets(words.hashes, _BITS, salt=_SALT)]
    readable = named = words.counts
    if foreign.any():
        readable = readable - np.bincount(words.narrative[foreign], minlength=count)
    if numeric.any():
        new &= ~numeric
        named = named - np.bincount(words.narrative[numeric], minlength=count)
    return WordCounts(
        words=words.counts,
        readable=readable,
        named=named,
        new=np.bincount(words.narrative[new], minlength=count),
    )


def remember(words: Words, *, held_by: int = 1) -> NDArray[np.bool_]:
    """Return the buckets of the words that enough narratives hold, as `known_words`, bool, shape (2**KNOWN_BITS,).

    Args:
        words: Of the narratives.
        held_by: In how many narratives a word must stand. Names, slips and scraps of another language stand in few.
    """
    buckets = to_buckets(words.hashes, _BITS, salt=_SALT)
    once = np.unique(np.stack([buckets, words.narrative]), axis=1)[0]
    return np.bincount(once, minlength=1 << KNOWN_BITS) >= held_by
