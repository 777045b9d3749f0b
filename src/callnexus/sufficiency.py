"""Whether a narrative can be judged at all: enough words, in a script and of a kind the model was trained on.

Novelty is the share of a narrative's words that no training narrative held, drawn towards zero for short ones: a
street name in four words is nothing new. It is large for another language, for garbled text, for text that is no call.
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
class Sufficiency:
    """What a narrative needs to be judged.

    Attributes:
        fewest_words: At least this many words in Latin letters or digits.
        known_words: bool, shape (2**KNOWN_BITS,). Buckets of the words that training narratives held.
        largest_novelty: A narrative of greater novelty is not judged.
    """

    fewest_words: int
    known_words: NDArray[np.bool_]
    largest_novelty: float

    def lacking(self, words: Words, count: int) -> list[ReasonCode | None]:
        """Return why each of `count` narratives cannot be judged, or None where it can."""
        foreign = words.foreign
        readable = words.counts
        if foreign.any():
            readable = readable - np.bincount(words.narrative[foreign], minlength=count)
        strange = novelty(words, count, self.known_words) > self.largest_novelty
        found: list[ReasonCode | None] = [None] * count
        for number in ((readable < self.fewest_words) | strange).nonzero()[0].tolist():
            found[number] = ReasonCode.UNLIKE_TRAINING_DATA
            if 2 * readable[number] < words.counts[number]:
                found[number] = ReasonCode.ANOTHER_SCRIPT
            elif readable[number] < self.fewest_words:
                found[number] = ReasonCode.TOO_LITTLE_TEXT
        return found


def novelty(words: Words, count: int, known_words: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of new words of each of `count` narratives, in [0, 1), shape (count,).

    Words that begin with a digit are not counted: every address is new.
    """
    numeric = words.numeric
    new = ~known_words[to_buckets(words.hashes, _BITS, salt=_SALT)]
    counted = words.counts
    if numeric.any():
        new &= ~numeric
        counted = counted - np.bincount(words.narrative[numeric], minlength=count)
    return np.bincount(words.narrative[new], minlength=count) / (counted + _PRIOR_WORDS)


def remember(words: Words) -> NDArray[np.bool_]:
    """Return the buckets of the words as `known_words`, bool, shape (2**KNOWN_BITS,)."""
    known = np.zeros(1 << KNOWN_BITS, np.bool_)
    known[to_buckets(words.hashes, _BITS, salt=_SALT)] = True
    return known
