"""Words of a normalised batch, each with one 64-bit hash from which every longer unit is built."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callnexus.narrative import FIRST_FOREIGN, QUESTION, NormalisedBatch

_BYTE_BASE = np.uint64(0x100000001B3)
_WORD_BASE = np.uint64(0x9E3779B97F4A7C15)
_NUMBER = np.uint64(0x5851F42D4C957F2D)
_LONGEST = 64
"""Bytes beyond this many in one word still count, with the weight of the last: no word is too long."""
_POWERS = np.cumprod(np.concatenate(([np.uint64(1)], np.full(_LONGEST - 1, _BYTE_BASE))), dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch, in reading order.

    Attributes:
        separators: int64, shape (words + 1,). Byte index of each separator; word k lies between k and k + 1.
        narrative: int64, shape (words,). Which narrative the word belongs to.
        hashes: uint64, shape (words,). Hash of the word as written.
        before: uint8, shape (words,). Class of the separator before the word.
        after: uint8, shape (words,). Class of the separator after the word.
        numeric: bool, shape (words,). Whether the word begins with a digit.
        foreign: bool, shape (words,). Whether the word begins with a letter of another script.
        word_of_byte: int64, shape (bytes,). The word that a byte, or the separator before the word, belongs to.
    """

    separators: NDArray[np.int64]
    narrative: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    numeric: NDArray[np.bool_]
    foreign: NDArray[np.bool_]
    word_of_byte: NDArray[np.int64]


def split_words(batch: NormalisedBatch) -> Words:
    """Return the words of a batch with their hashes.

    >>> from callnexus.narrative import normalise
    >>> words = split_words(normalise(["no gun", "No, a GUN"]))
    >>> words.narrative.tolist(), bool(words.hashes[1] == words.hashes[4])
    ([0, 0, 1, 1, 1], True)
    """
    codes = batch.codes
    separates = (codes < 48) | (codes == QUESTION)
    separators = np.flatnonzero(separates)
    word_of_byte = np.cumsum(separates)
    word_of_byte -= 1
    first = separators[:-1] + 1
    place = np.arange(len(codes)) - separators[word_of_byte]
    np.minimum(place, _LONGEST - 1, out=place)
    terms = codes * _POWERS[place]
    terms[separators] = 0
    return Words(
        separators=separators,
        narrative=np.searchsorted(batch.starts, batch.origins[first], side="right") - 1,
        hashes=np.add.reduceat(terms, separators)[:-1],
        before=codes[separators[:-1]],
        after=codes[separators[1:]],
        numeric=codes[first] < 58,
        foreign=codes[first] >= FIRST_FOREIGN,
        word_of_byte=word_of_byte,
    )


def join_hashes(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the hash of each run of words `left` followed by the word `right`; order matters."""
    return (left ^ (left >> np.uint64(29))) * _WORD_BASE + right


def without_numbers(words: Words) -> NDArray[np.uint64]:
    """Return the word hashes with every word that begins with a digit made the same: ages, times, house numbers."""
    return np.where(words.numeric, _NUMBER, words.hashes)


def to_buckets(hashes: NDArray[np.uint64], bits: int, *, salt: int) -> NDArray[np.int64]:
    """Return a bucket in [0, 2**bits) for each hash; families with different salts spread differently.

    The finaliser is the 64-bit one of MurmurHash3 (Appleby, 2011), cut to one round: the shift keeps
    the best-mixed bits.
    """
    mixed = hashes + np.uint64(salt * int(_WORD_BASE) % (1 << 64))
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xC4CEB9FE1A85EC53)
    return (mixed >> np.uint64(64 - bits)).astype(np.int64)
