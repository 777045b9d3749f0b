"""Words of a normalised batch, each with one 64-bit hash from which every longer unit is built."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.narrative import FIRST_FOREIGN, FIRST_LETTER, SPACE, NormalisedBatch

_BYTE_BASE = np.uint64(0x100000001B3)
_WORD_BASE = np.uint64(0x9E3779B97F4A7C15)
_JOIN_SHIFT = np.uint64(29)
_HASH_BITS = np.uint64(64)
_MIX_FIRST, _MIX_ONCE = np.uint64(33), np.uint64(0xFF51AFD7ED558CCD)
_MIX_NEXT, _MIX_AGAIN = np.uint64(29), np.uint64(0xC4CEB9FE1A85EC53)
_NUMBER = np.uint64(0x5851F42D4C957F2D)
_FIRST_AFTER_DIGITS = ord("9") + 1
_LONGEST = 64
"""Bytes beyond this many in one word still count, with the weight of the last: no word is too long."""
_POWERS = np.cumprod(np.concatenate(([np.uint64(1)], np.full(_LONGEST - 1, _BYTE_BASE))), dtype=np.uint64)
_POWERS[0] = 0  # the separator before a word says nothing of the word


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch, in reading order.

    Attributes:
        codes: uint8, shape (bytes,). The normalised bytes that the words are made of.
        letters: uint64, shape (bytes,). The same with every separator a space.
        separators: int64, shape (words + 1,). Byte index of each separator; word k lies between k and k + 1.
        counts: int64, shape (narratives,). Number of words of each narrative.
        narrative: int64, shape (words,). Which narrative the word belongs to.
        hashes: uint64, shape (words,). Hash of the word as written.
    """

    codes: NDArray[np.uint8]
    letters: NDArray[np.uint64]
    separators: NDArray[np.int64]
    counts: NDArray[np.int64]
    narrative: NDArray[np.int64]
    hashes: NDArray[np.uint64]

    @property
    def before(self) -> NDArray[np.uint8]:
        """Class of the separator before each word, shape (words,)."""
        return self.codes[self.separators[:-1]]

    @property
    def after(self) -> NDArray[np.uint8]:
        """Class of the separator after each word, shape (words,)."""
        return self.codes[self.separators[1:]]

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """Whether each word begins with a digit, shape (words,)."""
        return self.codes[self.separators[:-1] + 1] < _FIRST_AFTER_DIGITS

    @property
    def foreign(self) -> NDArray[np.bool_]:
        """Whether each word begins with a letter of another script, shape (words,)."""
        return self.codes[self.separators[:-1] + 1] >= FIRST_FOREIGN

    @property
    def word_of_byte(self) -> NDArray[np.int64]:
        """The word that each byte, or the separator before the word, belongs to, shape (bytes,)."""
        return np.cumsum(self.codes < FIRST_LETTER) - 1


def split_words(batch: NormalisedBatch) -> Words:
    """Return the words of a batch with their hashes.

    >>> from callnexus.narrative import normalise
    >>> words = split_words(normalise(["no gun", "No, a GUN"]))
    >>> words.narrative.tolist(), bool(words.hashes[1] == words.hashes[4])
    ([0, 0, 1, 1, 1], True)
    """
    separators = (batch.codes < FIRST_LETTER).nonzero()[0]
    letters = batch.codes.astype(np.uint64)
    letters[separators] = SPACE
    begins = separators[:-1]
    # The last byte is a separator and belongs to no word.
    place = np.arange(len(letters) - 1)
    place -= begins.repeat(separators[1:] - begins)
    terms = _POWERS.take(place, mode="clip")
    terms *= letters[:-1]
    counts = _counts(batch, begins)
    return Words(
        codes=batch.codes,
        letters=letters,
        separators=separators,
        counts=counts,
        narrative=np.arange(len(counts)).repeat(counts),
        hashes=np.add.reduceat(terms, begins),
    )


def _counts(batch: NormalisedBatch, begins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of words of each narrative, from the separators before the words."""
    counts = np.full(len(batch.borders), len(begins))
    if len(counts) > 1:
        bounds = begins.searchsorted(batch.borders)
        counts[:-1] = bounds[1:]
        counts -= bounds
    return counts


def join_hashes(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the hash of each run of words `left` followed by the word `right`; order matters."""
    joined = left >> _JOIN_SHIFT
    joined ^= left
    joined *= _WORD_BASE
    joined += right
    return joined


def join_two(left: int, right: int) -> int:
    """Return what `join_hashes` gives for one run and one word, without the cost of arrays."""
    return ((left ^ left >> int(_JOIN_SHIFT)) * int(_WORD_BASE) + right) % (1 << 64)


def without_numbers(words: Words) -> NDArray[np.uint64]:
    """Return the word hashes with every word that begins with a digit made the same: ages, times, house numbers."""
    return np.where(words.numeric, _NUMBER, words.hashes)


def salt_of(family: int) -> np.uint64:
    """Return what sets a family's hashes apart: the same piece then has another bucket in each family."""
    return np.uint64(family * int(_WORD_BASE) % (1 << 64))


def to_buckets(
    hashes: NDArray[np.uint64], bits: NDArray[np.uint64] | np.uint64, *, salt: NDArray[np.uint64] | np.uint64
) -> NDArray[np.int64]:
    """Return a bucket in [0, 2**bits) for each hash; families with different salts spread differently.

    The finaliser is the 64-bit one of MurmurHash3 (Appleby, 2011), cut to one round: the shift keeps
    the best-mixed bits.

    Args:
        hashes: One a piece.
        bits: From 1 to 63, for all or for each.
        salt: As `salt_of` gives it, for all or for each.
    """
    mixed = hashes + salt
    mixed ^= mixed >> _MIX_FIRST
    mixed *= _MIX_ONCE
    mixed ^= mixed >> _MIX_NEXT
    mixed *= _MIX_AGAIN
    mixed >>= _HASH_BITS - bits
    return mixed.view(np.int64)
